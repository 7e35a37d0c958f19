"""The first path: opening overrides, practices with their messages, calls with their steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CHANNELS = ("phone_call", "voice_message", "web_form", "email", "pec", "fax", "letter")
KINDS = ("information", "report", "proposal")
PRACTICE_STATES = (
    "received",
    "in_progress",
    "awaiting_administration",
    "awaiting_documents",
    "answered",
    "closed",
)
CLOSURES = (
    "answered",
    "missing_documents",
    "no_reply_address",
    "no_content",
    "duplicate",
    "out_of_scope",
    "withdrawn",
)
MESSAGE_STATES = (
    "recording",
    "abandoned",
    "to_transcribe",
    "transcribing",
    "waiting_for_model",
    "transcribed",
    "no_speech",
    "unreadable",
    "failed",
)
OUTCOMES = ("answered", "message_left", "status_heard", "information_heard", "missed", "abandoned", "error")
STEP_KINDS = (
    "arrived",
    "language",
    "flow",
    "prompt",
    "menu",
    "key",
    "queued",
    "position_told",
    "offered",
    "answered",
    "bridged",
    "transferred",
    "abandoned",
    "callback_asked",
    "voicemail",
    "status_asked",
    "resumed",
    "fallback",
    "ended",
)


def one_of(names: tuple[str, ...], constraint: str) -> sa.Enum:
    """A text column that holds one of `names`."""
    return sa.Enum(*names, name=constraint, native_enum=False, create_constraint=True, length=32)


def instant(name: str, nullable: bool = False) -> sa.Column[object]:
    """A column for an aware instant."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    make_overrides()
    make_practices()
    make_practice_past()
    make_messages()
    make_calls()


def make_overrides() -> None:
    """Changes of the opening hours."""
    op.create_table(
        "opening_override",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False, unique=True),
        sa.Column("kind", one_of(("open", "closed"), "opening_override_kind"), nullable=False),
        instant("starts"),
        instant("ends"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        instant("made_at"),
        instant("cleared_at", nullable=True),
        sa.Column("cleared_by", sa.Text()),
    )


def make_practices() -> None:
    """Requests, each under its code."""
    op.create_table(
        "practice",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("code", sa.String(11), nullable=False, unique=True),
        sa.Column("channel", one_of(CHANNELS, "practice_channel"), nullable=False),
        sa.Column("kind", one_of(KINDS, "practice_kind")),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("caller", sa.Text()),
        sa.Column("state", one_of(PRACTICE_STATES, "practice_state"), nullable=False),
        sa.Column("closure", one_of(CLOSURES, "practice_closure")),
        instant("opened_at"),
        instant("state_since"),
        instant("answered_at", nullable=True),
        sa.Column("no_reply_address", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (closure IS NOT NULL)", name="practice_closed_with_a_reason"),
    )
    op.create_index("practice_by_opening", "practice", ["opened_at"])


def make_practice_past() -> None:
    """What happened to a practice, and the intervals of its clock."""
    op.create_table(
        "practice_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("practice_id", sa.Uuid(), sa.ForeignKey("practice.id"), nullable=False, index=True),
        instant("at"),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_table(
        "practice_clock",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("practice_id", sa.Uuid(), sa.ForeignKey("practice.id"), nullable=False, index=True),
        sa.Column("state", one_of(("runs", "suspended", "stopped"), "practice_clock_state"), nullable=False),
        instant("starts"),
        instant("ends", nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date()),
    )


def make_messages() -> None:
    """Spoken messages and the work on them."""
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("call_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("practice_id", sa.Uuid(), sa.ForeignKey("practice.id"), index=True),
        sa.Column("adds_to", sa.Uuid(), sa.ForeignKey("practice.id")),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("caller", sa.Text()),
        sa.Column("recording", sa.Text(), nullable=False),
        sa.Column("audio_path", sa.Text()),
        sa.Column("seconds", sa.Double()),
        sa.Column("talk_seconds", sa.Double()),
        sa.Column("state", one_of(MESSAGE_STATES, "message_state"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.Text()),
        instant("lease_until", nullable=True),
        sa.Column("transcript", postgresql.JSONB()),
        sa.Column("alarm_words", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("reason", sa.Text()),
        instant("made_at"),
    )
    op.create_index("message_by_work", "message", ["state", "made_at"])


def make_calls() -> None:
    """The ledger."""
    op.create_table(
        "call",
        sa.Column("call_id", sa.Uuid(), primary_key=True),
        sa.Column("caller", sa.Text()),
        sa.Column("dialled", sa.Text()),
        sa.Column("language", sa.String(8), nullable=False),
        instant("started_at"),
        instant("ended_at", nullable=True),
        sa.Column("outcome", one_of(OUTCOMES, "call_outcome")),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="call_ended_with_an_outcome"),
    )
    op.create_index("call_by_start", "call", ["started_at"])
    op.create_index("call_by_caller", "call", ["caller", "started_at"])
    op.create_table(
        "call_step",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("call_id", sa.Uuid(), sa.ForeignKey("call.call_id"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        instant("at"),
        sa.Column("mono", sa.Double(), nullable=False),
        sa.Column("kind", one_of(STEP_KINDS, "call_step_kind"), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.UniqueConstraint("call_id", "seq", name="call_step_in_order"),
    )


def downgrade() -> None:
    """Drop the tables with what they hold."""
    for table in (
        "call_step",
        "call",
        "message",
        "practice_clock",
        "practice_history",
        "practice",
        "opening_override",
    ):
        op.drop_table(table)
