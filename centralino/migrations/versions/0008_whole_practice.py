"""The whole practice: requester, class, office, topic, place and event; a chained history; terms in the clock's ledger; search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from ticket_core import chain

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

REQUESTERS = ("citizen", "institution", "organisation", "company")
CLASSES = ("known", "quick_search", "complex")
CHANNELS = ("phone_call", "voice_message", "web_form", "email", "pec", "fax", "letter")
CLOCK_BEFORE = ("runs", "suspended", "stopped")
CLOCK = ("runs", "suspended_administration", "suspended_documents", "stopped")
COMPLEX_DAYS = 40
BATCH = 1000

SEARCHABLE = "CASE WHEN language = 'en' THEN to_tsvector('english'::regconfig, {words}) ELSE to_tsvector('italian'::regconfig, {words}) END"
WORDS = "coalesce(name, '') || ' ' || subject || ' ' || text"
TRANSCRIPT = "coalesce(transcript ->> 'text', '')"

ONLY_ADDED = """
CREATE FUNCTION practice_history_only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.author IS NULL AND NEW.reason IS NULL AND NEW.salt IS NULL
       AND (NEW.id, NEW.practice_id, NEW.seq, NEW.at, NEW.what, NEW.content, NEW.digest)
         = (OLD.id, OLD.practice_id, OLD.seq, OLD.at, OLD.what, OLD.content, OLD.digest) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the history of practices is only ever added to: % refused', TG_OP;
END $$
"""


def one_of(names: tuple[str, ...], constraint: str) -> sa.Enum:
    """A text column that holds one of `names`."""
    return sa.Enum(*names, name=constraint, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Widen the tables, and chain the history that is there."""
    widen_practices()
    widen_clock()
    chain_history()
    add_tables()
    op.add_column(
        "message",
        sa.Column("search", postgresql.TSVECTOR(), sa.Computed(SEARCHABLE.format(words=TRANSCRIPT), persisted=True)),
    )
    op.create_index("message_search", "message", ["search"], postgresql_using="gin")


def widen_practices() -> None:
    """New columns, their indexes, and values for the practices that are there."""
    text = sa.Text()
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column(
            "requester_type",
            one_of(REQUESTERS, "practice_requester_type"),
            server_default=sa.text("'citizen'"),
            nullable=False,
        ),
        *(sa.Column(name, text) for name in ("name", "email", "postal", "fax")),
        *(sa.Column(name, text, server_default=sa.text("''"), nullable=False) for name in ("subject", "text")),
        sa.Column("practice_class", one_of(CLASSES, "practice_class")),
        sa.Column("counts_from", sa.DateTime(timezone=True)),
        sa.Column("due_on", sa.Date()),
        sa.Column("office_id", sa.Uuid(), sa.ForeignKey("office.id")),
        sa.Column("operator", text),
        sa.Column("topic_id", sa.Uuid(), sa.ForeignKey("topic.id")),
        sa.Column("municipality", sa.CHAR(6), sa.ForeignKey("municipality.istat")),
        sa.Column("event_id", sa.Uuid(), sa.ForeignKey("event.id")),
        sa.Column("merged_into", sa.Uuid(), sa.ForeignKey("practice.id")),
        sa.Column("exercise", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("history_length", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("history_head", sa.LargeBinary()),
        sa.Column("search", postgresql.TSVECTOR(), sa.Computed(SEARCHABLE.format(words=WORDS), persisted=True)),
    )
    for column in columns:
        op.add_column("practice", column)
    op.execute("UPDATE practice SET counts_from = opened_at")
    op.alter_column("practice", "counts_from", nullable=False)
    op.alter_column("practice", "code", nullable=True)
    op.create_check_constraint(
        "practice_without_a_code_is_erased", "practice", "(code IS NULL) = (erased_at IS NOT NULL)"
    )
    op.create_index("practice_by_due", "practice", ["due_on", "id"], postgresql_where=sa.text("due_on IS NOT NULL"))
    op.create_index("practice_by_state", "practice", ["state", "state_since"])
    op.create_index("practice_by_caller", "practice", ["caller"])
    op.create_index("practice_by_email", "practice", [sa.text("lower(email)")])
    op.create_index("practice_by_office", "practice", ["office_id", "state"])
    op.create_index("practice_by_operator", "practice", ["operator", "state"])
    op.create_index("practice_by_event", "practice", ["event_id", "opened_at"])
    op.create_index("practice_by_municipality", "practice", ["municipality", "opened_at"])
    op.create_index("ix_practice_merged_into", "practice", ["merged_into"])
    op.create_index("practice_search", "practice", ["search"], postgresql_using="gin")


def widen_clock() -> None:
    """Which of the two suspensions it was stands in the history; the term so far was always the longest."""
    op.add_column("practice_clock", sa.Column("term_days", sa.Integer()))
    op.execute(sa.text("UPDATE practice_clock SET term_days = :days").bindparams(days=COMPLEX_DAYS))
    op.alter_column("practice_clock", "term_days", nullable=False)
    op.drop_constraint("practice_clock_state", "practice_clock")
    op.execute(
        "UPDATE practice_clock AS c SET state = CASE WHEN EXISTS (SELECT FROM practice_history AS h WHERE h.practice_id = c.practice_id"
        " AND h.at = c.starts AND h.what LIKE '%-> awaiting_documents') THEN 'suspended_documents' ELSE 'suspended_administration' END"
        " WHERE state = 'suspended'"
    )
    hold_clock_states(CLOCK)
    op.execute(
        "UPDATE practice AS p SET due_on = c.due_on FROM practice_clock AS c WHERE c.practice_id = p.id AND c.ends IS NULL"
    )


def hold_clock_states(states: tuple[str, ...]) -> None:
    """The check on the clock's states."""
    allowed = sa.column("state").in_(states)
    op.create_check_constraint("practice_clock_state", "practice_clock", allowed)


def chain_history() -> None:
    """Number and chain the entries that are there; from now on rows are only added."""
    for column in (
        sa.Column("seq", sa.Integer()),
        sa.Column("salt", sa.LargeBinary()),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("digest", sa.LargeBinary()),
    ):
        op.add_column("practice_history", column)
    chain_rows(op.get_bind())
    for name in ("seq", "content", "digest"):
        op.alter_column("practice_history", name, nullable=False)
    for name in ("author", "reason"):
        op.alter_column("practice_history", name, nullable=True)
    op.alter_column("practice", "history_head", nullable=False)
    op.drop_index("ix_practice_history_practice_id", "practice_history")
    op.create_unique_constraint("practice_history_in_order", "practice_history", ["practice_id", "seq"])
    op.execute(ONLY_ADDED)
    op.execute(
        "CREATE TRIGGER practice_history_only_added BEFORE UPDATE OR DELETE ON practice_history"
        " FOR EACH ROW EXECUTE FUNCTION practice_history_only_added()"
    )
    op.execute(
        "CREATE TRIGGER practice_history_never_emptied BEFORE TRUNCATE ON practice_history"
        " EXECUTE FUNCTION practice_history_only_added()"
    )


def chain_rows(connection: sa.Connection) -> None:
    """Link each practice's entries, oldest first."""
    entries = connection.execute(
        sa.text("SELECT id, practice_id, at, author, what, reason FROM practice_history ORDER BY practice_id, id")
    )
    links: list[dict[str, Any]] = []
    heads: list[dict[str, Any]] = []
    for practice_id, group in groupby(entries.fetchall(), key=lambda row: row.practice_id):
        linked = list(link_all(practice_id, [(row.id, row.at, row.author, row.what, row.reason) for row in group]))
        links += linked
        heads.append({"practice": practice_id, "length": len(linked), "head": linked[-1]["digest"]})
    for rows, statement in (
        (
            links,
            "UPDATE practice_history SET seq = :seq, salt = :salt, content = :content, digest = :digest WHERE id = :entry",
        ),
        (heads, "UPDATE practice SET history_length = :length, history_head = :head WHERE id = :practice"),
    ):
        for first in range(0, len(rows), BATCH):
            connection.execute(sa.text(statement), rows[first : first + BATCH])
    bare = connection.execute(sa.text("SELECT id FROM practice WHERE history_head IS NULL")).scalars().all()
    for practice_id in bare:
        connection.execute(
            sa.text("UPDATE practice SET history_head = :head WHERE id = :practice"),
            {"practice": practice_id, "head": chain.start(practice_id)},
        )


def link_all(practice_id: UUID, entries: list[tuple[int, datetime, str, str, str]]) -> Iterator[dict[str, Any]]:
    """The columns of each entry's link."""
    before = chain.start(practice_id)
    for seq, (entry, at, author, what, reason) in enumerate(entries, start=1):
        link = chain.make_link(practice_id, before, seq, at, author, what, reason)
        before = link.digest
        yield {"entry": entry, "seq": seq, "salt": link.salt, "content": link.content, "digest": link.digest}


def add_tables() -> None:
    """Contacts, seals and erased codes."""
    op.create_table(
        "practice_contact",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("practice_id", sa.Uuid(), sa.ForeignKey("practice.id"), nullable=False, index=True),
        sa.Column("channel", one_of(CHANNELS, "practice_contact_channel"), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
    )
    op.create_table(
        "history_seal",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("up_to", sa.BigInteger(), nullable=False, unique=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "erased_code",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Back to the first path: what only the whole practice knows is lost. Practices that were erased get a code nobody can know."""
    op.execute("DROP TRIGGER practice_history_never_emptied ON practice_history")
    op.execute("DROP TRIGGER practice_history_only_added ON practice_history")
    op.execute("DROP FUNCTION practice_history_only_added")
    op.drop_index("message_search", "message")
    op.drop_column("message", "search")
    for table in ("erased_code", "history_seal", "practice_contact"):
        op.drop_table(table)
    op.drop_constraint("practice_history_in_order", "practice_history")
    op.create_index("ix_practice_history_practice_id", "practice_history", ["practice_id"])
    op.execute("UPDATE practice_history SET author = coalesce(author, ''), reason = coalesce(reason, '')")
    for name in ("author", "reason"):
        op.alter_column("practice_history", name, nullable=False)
    for name in ("seq", "salt", "content", "digest"):
        op.drop_column("practice_history", name)
    op.drop_constraint("practice_clock_state", "practice_clock")
    op.execute("UPDATE practice_clock SET state = 'suspended' WHERE state LIKE 'suspended_%'")
    hold_clock_states(CLOCK_BEFORE)
    op.drop_column("practice_clock", "term_days")
    narrow_practices()


def narrow_practices() -> None:
    """Drop the columns, with their indexes and checks."""
    op.drop_constraint("practice_without_a_code_is_erased", "practice")
    op.execute("UPDATE practice SET code = 'x' || left(md5(id::text), 10) WHERE code IS NULL")
    op.alter_column("practice", "code", nullable=False)
    for index in ("practice_search", "practice_by_due", "practice_by_state", "practice_by_caller", "practice_by_email"):
        op.drop_index(index, "practice")
    for name in (
        "search", "history_head", "history_length", "version", "erased_at", "exercise", "merged_into", "event_id", "municipality",
        "topic_id", "operator", "office_id", "due_on", "counts_from", "practice_class", "text", "subject", "fax", "postal", "email",
        "name", "requester_type",
    ):  # fmt: skip
        op.drop_column("practice", name)
