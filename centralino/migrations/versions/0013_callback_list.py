"""Who is to be called back is found without reading every step of every call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = "kind IN ('abandoned', 'fallback', 'called_back')"


def upgrade() -> None:
    """Make the index."""
    op.create_index("call_step_of_callback_list", "call_step", ["kind", "call_id"], postgresql_where=sa.text(KINDS))


def downgrade() -> None:
    """Drop it."""
    op.drop_index("call_step_of_callback_list", "call_step")
