"""Operators' duty, for the fallback's queue; a call back is a step of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STEP_KINDS = (
    "arrived", "language", "flow", "prompt", "menu", "key", "queued", "position_told", "offered", "answered", "bridged", "transferred",
    "abandoned", "callback_asked", "voicemail", "status_asked", "resumed", "fallback", "ended",
)  # fmt: skip


def upgrade() -> None:
    """Make the table; let a step say that somebody was called back."""
    op.create_table(
        "operator_duty",
        sa.Column("number", sa.String(8), primary_key=True),
        sa.Column("interface", sa.String(32), nullable=False),
        sa.Column(
            "duty",
            sa.Enum("on_duty", "off_duty", name="operator_duty_state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )  # fmt: skip
    allow_steps((*STEP_KINDS[:-1], "called_back", STEP_KINDS[-1]))


def downgrade() -> None:
    """Drop the table, and the calls back with it."""
    op.execute("DELETE FROM call_step WHERE kind = 'called_back'")
    allow_steps(STEP_KINDS)
    op.drop_table("operator_duty")


def allow_steps(kinds: tuple[str, ...]) -> None:
    """The kinds that a step of the ledger may be of."""
    op.drop_constraint("call_step_kind", "call_step", type_="check")
    op.create_check_constraint("call_step_kind", "call_step", sa.column("kind", sa.String()).in_(kinds))
