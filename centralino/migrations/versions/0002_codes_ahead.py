"""Codes are drawn ahead of their practices: every code ever drawn stands in a table of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and enter the codes that practices have."""
    op.create_table(
        "practice_code",
        sa.Column("code", sa.String(11), primary_key=True),
        sa.Column("holder", sa.Text()),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute("INSERT INTO practice_code (code, drawn_at) SELECT code, opened_at FROM practice")


def downgrade() -> None:
    """Drop the table: codes leased and not used are forgotten."""
    op.drop_table("practice_code")
