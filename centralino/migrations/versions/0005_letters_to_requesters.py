"""Letters to requesters: what is to be sent, what was, and what could not be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS = (
    "taken_charge", "answer", "documents_asked", "documents_reminder", "closed_missing_documents", "sent_to_office", "other_language",
    "suspended", "reopened", "event_answer",
)  # fmt: skip
STATES = ("to_send", "sending", "sent", "dead", "cancelled")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "outgoing",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("practice_id", sa.Uuid(), sa.ForeignKey("practice.id"), nullable=False, index=True),
        sa.Column("key", sa.Text(), nullable=False, unique=True),
        sa.Column("kind", names("outgoing_kind", KINDS), nullable=False),
        sa.Column("language", names("outgoing_language", ("it", "en")), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", names("outgoing_state", STATES), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("trying_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("sender", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("message_id", sa.Text(), unique=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("author", sa.Text(), nullable=False),
        sa.CheckConstraint("(state IN ('to_send', 'sending')) = (next_try_at IS NOT NULL)", name="outgoing_waits_for_a_try"),
        sa.CheckConstraint("(state = 'sending') = (sender IS NOT NULL)", name="outgoing_sent_by_somebody"),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="outgoing_sent_at_some_time"),
    )  # fmt: skip
    waits, is_dead = sa.text("next_try_at IS NOT NULL"), sa.text("state = 'dead'")
    op.create_index("outgoing_by_work", "outgoing", ["next_try_at"], postgresql_where=waits)
    op.create_index("outgoing_dead", "outgoing", ["made_at"], postgresql_where=is_dead)


def downgrade() -> None:
    """Drop the table: letters that wait are never sent."""
    op.drop_table("outgoing")


def names(constraint: str, values: tuple[str, ...]) -> sa.Enum:
    """A word out of a list, held by a check."""
    return sa.Enum(*values, name=constraint, native_enum=False, create_constraint=True, length=32)
