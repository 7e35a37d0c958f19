"""`Topics`: what requests are about, and the topics a new installation starts with."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import Clock
from foundation.database import Database
from ticket_core.events.loaded import is_loaded, note_loaded
from ticket_core.events.model import Topic
from ticket_core.events.names import one_line
from ticket_core.events.store import TopicRow

SHIPPED = Path(__file__).with_name("topics.toml")
LIST = "topics"

# A topic's id is made from its slug: two installations, or two starts at once, give it the same.
TOPICS = UUID("5b1c9a0e-8d51-4f0b-9a6f-0f5f2f3c7d10")
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class BadTopic(Exception):
    """A topic that cannot be added: the text says why. Nothing was changed."""


class UnknownTopic(Exception):
    """No topic has this slug: the list of topics shows those there are."""


def shipped(text: str) -> tuple[Topic, ...]:
    """The topics of a file of the form of `topics.toml`, parents before their children."""
    entries = tomllib.loads(text)
    topics = [
        Topic(topic_id(slug), slug, entry["it"], entry["en"], _parent(entry), active=True)
        for slug, entry in entries.items()
    ]
    return tuple(sorted(topics, key=lambda topic: topic.parent is not None))


def _parent(entry: dict[str, str]) -> UUID | None:
    return topic_id(entry["parent"]) if "parent" in entry else None


def topic_id(slug: str) -> UUID:
    """The id of the topic with this slug."""
    return uuid5(TOPICS, slug)


class Topics:
    """Topics are added and retired, never removed: practices may name them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def load_shipped(self) -> bool:
        """Write the topics that come with this version, once; tells whether there was anything to do."""
        text = SHIPPED.read_text("utf-8")
        version = hashlib.sha256(text.encode()).hexdigest()
        async with self._database.session() as session:
            if await is_loaded(session, LIST, version):
                return False
            await _write(session, shipped(text))
            await note_loaded(session, LIST, version, self._clock.now())
        return True

    async def all(self, also_retired: bool = False) -> list[Topic]:
        """Topics that are offered, by their Italian name; with the retired ones when asked."""
        query = select(TopicRow).order_by(TopicRow.name_it, TopicRow.slug)
        if not also_retired:
            query = query.where(TopicRow.active)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def find(self, slug: str) -> Topic | None:
        """One topic, retired or not; None when there is none."""
        async with self._database.session() as session:
            row = await _row(session, slug)
            return row.value() if row else None

    async def add(self, slug: str, name_it: str, name_en: str, parent: str | None = None) -> Topic:
        """Add a topic under the one whose slug is `parent`; the same one again changes nothing.

        Raises `BadTopic` for a slug that is taken or malformed and for a missing name; `UnknownTopic` for the parent.
        """
        name_it, name_en = one_line(name_it), one_line(name_en)
        if not SLUG.fullmatch(slug) or not name_it or not name_en:
            raise BadTopic(f"'{slug}' needs small letters, digits and dashes, and a name in Italian and in English")
        async with self._database.session() as session:
            above = await _known(session, parent) if parent else None
            wanted = Topic(topic_id(slug), slug, name_it, name_en, above.id if above else None, active=True)
            query = insert(TopicRow).values(_values(wanted)).on_conflict_do_nothing(index_elements=["slug"])
            await session.execute(query)
            there = (await _known(session, slug)).value()
        if there != wanted:
            raise BadTopic(f"there is a topic '{slug}' already: {there.name_it} / {there.name_en}")
        return there

    async def set_active(self, slug: str, active: bool) -> Topic:
        """Offer a topic, or offer it no more; what is filed under it stays. Raises `UnknownTopic`."""
        async with self._database.session() as session:
            row = await _known(session, slug)
            row.active = active
            return row.value()


async def _write(session: AsyncSession, topics: Sequence[Topic]) -> None:
    for topic in topics:
        query = insert(TopicRow).values(_values(topic))
        names = {"name_it": query.excluded.name_it, "name_en": query.excluded.name_en, "parent": query.excluded.parent}
        await session.execute(query.on_conflict_do_update(index_elements=["slug"], set_=names))


def _values(topic: Topic) -> dict[str, object]:
    return {
        "id": topic.id,
        "slug": topic.slug,
        "name_it": topic.name_it,
        "name_en": topic.name_en,
        "parent": topic.parent,
        "active": topic.active,
    }


async def _row(session: AsyncSession, slug: str) -> TopicRow | None:
    return (await session.execute(select(TopicRow).where(TopicRow.slug == slug))).scalar_one_or_none()


async def _known(session: AsyncSession, slug: str) -> TopicRow:
    row = await _row(session, slug)
    if row is None:
        raise UnknownTopic(f"there is no topic '{slug}': the list of topics shows those there are")
    return row
