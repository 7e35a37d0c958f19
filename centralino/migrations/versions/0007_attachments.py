"""Documents that came with requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("practice_id", sa.Uuid(), sa.ForeignKey("practice.id"), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120)),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        sa.Column("erased_by", sa.Text()),
        sa.Column("erased_because", sa.Text()),
        sa.UniqueConstraint("practice_id", "sha256", "name", name="attachment_once"),
        sa.CheckConstraint("(erased_at IS NULL) = (name IS NOT NULL)", name="attachment_erased_without_name"),
        sa.CheckConstraint(
            "(erased_at IS NULL) = (erased_by IS NULL) AND (erased_at IS NULL) = (erased_because IS NULL)",
            name="attachment_erased_by_somebody",
        ),
    )
    op.create_index("attachment_by_content", "attachment", ["sha256"], postgresql_where=sa.text("erased_at IS NULL"))


def downgrade() -> None:
    """Drop the table: what the store keeps is referred to by nobody any more."""
    op.drop_table("attachment")
