"""Operators pause, with a reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

DUTIES = ("on_duty", "off_duty")


def upgrade() -> None:
    """Add the reason, allow the pause."""
    op.add_column("operator_duty", sa.Column("reason", sa.Text(), nullable=False, server_default=sa.text("''")))
    allow((DUTIES[0], "paused", DUTIES[1]))


def downgrade() -> None:
    """Who pauses is off duty."""
    op.execute("UPDATE operator_duty SET duty = 'off_duty' WHERE duty = 'paused'")
    allow(DUTIES)
    op.drop_column("operator_duty", "reason")


def allow(duties: tuple[str, ...]) -> None:
    """The values that a duty may have."""
    op.drop_constraint("operator_duty_state", "operator_duty", type_="check")
    op.create_check_constraint("operator_duty_state", "operator_duty", sa.column("duty", sa.String()).in_(duties))
