"""The steps of a call that waits and talks, and what operators do with their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STEP_KINDS = (
    "arrived", "language", "flow", "prompt", "menu", "key", "queued", "position_told", "offered", "answered", "bridged", "transferred",
    "abandoned", "callback_asked", "voicemail", "status_asked", "resumed", "fallback", "called_back", "ended",
)  # fmt: skip
NEW_KINDS = ("not_answered", "held", "unheld", "talked", "wrapped_up", "left_queue")
STATES = ("off", "idle", "ringing", "talking", "wrap_up", "paused", "unreachable")


def upgrade() -> None:
    """Make the table; let a step be one of a call that waits and talks."""
    op.create_table(
        "operator_step",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.String(8), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="operator_step_state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.Text()),
        sa.Column("call_id", sa.Uuid()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mono", sa.Float(), nullable=False),
    )
    op.create_index("operator_step_by_time", "operator_step", ["at"])
    op.create_index("operator_step_by_number", "operator_step", ["number", "at"])
    allow_steps((*STEP_KINDS[:-1], *NEW_KINDS, STEP_KINDS[-1]))
    op.create_index(
        "call_step_of_queue",
        "call_step",
        ["at", "call_id"],
        postgresql_where=sa.text("kind IN ('queued', 'left_queue')"),
    )


def downgrade() -> None:
    """Drop the table, and the new steps with it: how long a call waited and talked is lost."""
    op.drop_index("call_step_of_queue", "call_step")
    op.execute(sa.text("DELETE FROM call_step WHERE kind = ANY(:kinds)").bindparams(kinds=list(NEW_KINDS)))
    allow_steps(STEP_KINDS)
    op.drop_table("operator_step")


def allow_steps(kinds: tuple[str, ...]) -> None:
    """The kinds that a step of the ledger may be of."""
    op.drop_constraint("call_step_kind", "call_step", type_="check")
    op.create_check_constraint("call_step_kind", "call_step", sa.column("kind", sa.String()).in_(kinds))
