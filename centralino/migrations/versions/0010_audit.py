"""Who listened to, downloaded, exported or erased what: rows that are only ever added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ACTS = ("listen", "download", "export", "erasure")

ONLY_ADDED = """
CREATE FUNCTION audit_only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only ever added to: % refused', TG_OP;
END $$
"""


def upgrade() -> None:
    """Make the table, and let nothing in it be changed or removed."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column(
            "act",
            sa.Enum(*ACTS, name="audit_act", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid()),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("rows >= 0", name="audit_rows"),
    )
    op.create_index("audit_by_time", "audit", ["at"])
    op.execute(ONLY_ADDED)
    op.execute(
        "CREATE TRIGGER audit_only_added BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_only_added()"
    )
    op.execute("CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_only_added()")


def downgrade() -> None:
    """Drop it: who did what is forgotten."""
    op.drop_table("audit")
    op.execute("DROP FUNCTION audit_only_added")
