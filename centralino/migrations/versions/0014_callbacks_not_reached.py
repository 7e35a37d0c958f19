"""A step for each time that somebody was called back and did not answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NEW_KIND = "not_reached"
STEP_KINDS = (
    "arrived", "language", "flow", "prompt", "menu", "key", "queued", "position_told", "offered", "answered", "bridged", "transferred",
    "abandoned", "callback_asked", "voicemail", "status_asked", "resumed", "fallback", "called_back", "not_answered", "held", "unheld",
    "talked", "wrapped_up", "left_queue", "ended",
)  # fmt: skip


def upgrade() -> None:
    """Let a step be one of them."""
    allow_steps((*STEP_KINDS[:-1], NEW_KIND, STEP_KINDS[-1]))


def downgrade() -> None:
    """Drop the steps: how often a citizen was called in vain is lost."""
    op.execute(sa.text("DELETE FROM call_step WHERE kind = :kind").bindparams(kind=NEW_KIND))
    allow_steps(STEP_KINDS)


def allow_steps(kinds: tuple[str, ...]) -> None:
    """The kinds that a step of the ledger may be of."""
    op.drop_constraint("call_step_kind", "call_step", type_="check")
    op.create_check_constraint("call_step_kind", "call_step", sa.column("kind", sa.String()).in_(kinds))
