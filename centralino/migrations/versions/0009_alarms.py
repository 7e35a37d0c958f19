"""Alarms; and what the clock looks for is found without reading every practice and call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KINDS = ("due_soon", "due_today", "same_day", "overdue", "documents_came")


def upgrade() -> None:
    """Make the table and the indexes."""
    op.create_table(
        "alarm",
        sa.Column("practice_id", sa.Uuid(), sa.ForeignKey("practice.id"), primary_key=True),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="alarm_kind", native_enum=False, create_constraint=True, length=32),
            primary_key=True,
        ),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("alarm_by_time", "alarm", ["raised_at"])
    ended = "state IN ('answered', 'closed') AND erased_at IS NULL"
    op.create_index(
        "practice_by_end",
        "practice",
        [sa.text("COALESCE(answered_at, state_since)"), "id"],
        postgresql_where=sa.text(ended),
    )
    op.create_index("practice_erased", "practice", ["id"], postgresql_where=sa.text("erased_at IS NOT NULL"))
    op.create_index("call_with_caller", "call", ["started_at"], postgresql_where=sa.text("caller IS NOT NULL"))


def downgrade() -> None:
    """Drop them: which alarms were raised is forgotten."""
    op.drop_index("call_with_caller", "call")
    op.drop_index("practice_erased", "practice")
    op.drop_index("practice_by_end", "practice")
    op.drop_table("alarm")
