"""Topics, municipalities, and events with their area, calls and history."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = ("earthquake", "flood", "landslide", "fire", "volcano", "weather", "exercise", "other")


def instant(name: str, nullable: bool = False) -> sa.Column[Any]:
    """A column of aware instants."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    make_lists()
    make_events()


def make_lists() -> None:
    """What practices and events refer to."""
    op.create_table(
        "loaded_list",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("version", sa.Text(), nullable=False),
        instant("at"),
    )
    op.create_table(
        "topic",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("slug", sa.Text(), nullable=False, unique=True),
        sa.Column("name_it", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("parent", sa.Uuid(), sa.ForeignKey("topic.id")),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.create_table(
        "municipality",
        sa.Column("istat", sa.CHAR(6), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("province", sa.CHAR(2), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.CheckConstraint("istat ~ '^[0-9]{6}$'", name="municipality_code_is_six_digits"),
    )


def make_events() -> None:
    """Events and what belongs to them."""
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="event_kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        instant("starts"),
        instant("ends", nullable=True),
        sa.Column("declared_by", sa.Text(), nullable=False),
        instant("declared_at"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text()),
        instant("closed_at", nullable=True),
        sa.Column("bulletin_it", sa.Text()),
        sa.Column("bulletin_en", sa.Text()),
        sa.CheckConstraint("ends > starts", name="event_ends_after_its_start"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="event_closed_by_somebody"),
        sa.CheckConstraint("(bulletin_it IS NULL) = (bulletin_en IS NULL)", name="event_bulletin_in_both_languages"),
    )
    op.create_index("event_open_name", "event", ["name"], unique=True, postgresql_where=sa.text("closed_at IS NULL"))
    op.create_table(
        "event_area",
        sa.Column("event_id", sa.Uuid(), sa.ForeignKey("event.id"), primary_key=True),
        sa.Column("istat", sa.CHAR(6), sa.ForeignKey("municipality.istat"), primary_key=True, index=True),
    )
    op.create_table(
        "event_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), sa.ForeignKey("event.id"), nullable=False, index=True),
        instant("at"),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_table(
        "event_call",
        sa.Column("call_id", sa.Uuid(), primary_key=True),
        sa.Column("event_id", sa.Uuid(), sa.ForeignKey("event.id"), nullable=False),
        instant("at"),
        sa.Column("author", sa.Text(), nullable=False),
    )
    op.create_index("event_call_by_time", "event_call", ["event_id", "at"])


def downgrade() -> None:
    """Drop the tables with what they hold."""
    for table in ("event_call", "event_history", "event_area", "event", "municipality", "topic", "loaded_list"):
        op.drop_table(table)
