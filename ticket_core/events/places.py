"""`Places`: the municipalities as the database has them, kept as ISTAT's list has them, and found by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from foundation.clock import Clock
from foundation.database import Database
from ticket_core.events.loaded import is_loaded, note_loaded
from ticket_core.events.model import Municipality
from ticket_core.events.municipalities import Source, read
from ticket_core.events.names import folded, is_called, search_words
from ticket_core.events.store import MunicipalityRow

LIST = "municipalities"
NAMED = 5
ROME = ZoneInfo("Europe/Rome")


class UnknownPlace(Exception):
    """A text that names no place, or more than one: the text of the error says which. Nothing was changed."""


@dataclass(frozen=True)
class Loaded:
    """What a list changed: municipalities written because they are new or say something else, and those that are gone."""

    written: int
    gone: int


class Places:
    """Municipalities are never removed: one that is not on the list any more is inactive, and practices keep naming it."""

    def __init__(self, database: Database, clock: Clock, zone: tzinfo = ROME) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone

    async def load_new(self, source: Source) -> Loaded | None:
        """Load the list when no list of this version was loaded with this verb before; None when one was.

        A list that somebody loads with `load` thus stays until the next version comes. Raises as `load` does.
        """
        async with self._database.session() as session:
            if await is_loaded(session, LIST, source.version):
                return None
            loaded = await self._write(session, read(source.path))
            await note_loaded(session, LIST, source.version, self._clock.now())
            return loaded

    async def load(self, municipalities: Sequence[Municipality]) -> Loaded:
        """Make the table say what the list says; one that is not on it has its last day today. Again: changes nothing."""
        async with self._database.session() as session:
            return await self._write(session, municipalities)

    async def _write(self, session: AsyncSession, municipalities: Sequence[Municipality]) -> Loaded:
        there = {row.istat: row.value() for row in (await session.execute(select(MunicipalityRow))).scalars()}
        changed = [one for one in municipalities if there.get(one.istat) != one]
        if changed:
            query = insert(MunicipalityRow)
            taken = {name: query.excluded[name] for name in _values(changed[0]) if name != "istat"}
            upsert = query.on_conflict_do_update(index_elements=["istat"], set_=taken)
            await session.execute(upsert, [_values(one) for one in changed])
        gone = there.keys() - {one.istat for one in municipalities}
        query_gone = (
            update(MunicipalityRow)
            .where(MunicipalityRow.istat.in_(gone), MunicipalityRow.active)
            .values(active=False, valid_until=self._clock.now().astimezone(self._zone).date())
            .returning(MunicipalityRow.istat)
            .execution_options(synchronize_session=False)
        )
        return Loaded(len(changed), len((await session.execute(query_gone)).all()) if gone else 0)

    async def get(self, istat: str) -> Municipality | None:
        """The municipality with this code, active or not."""
        return next(iter(await self._select(MunicipalityRow.istat == istat)), None)

    async def find(self, name: str, limit: int = 20) -> list[Municipality]:
        """Municipalities one of whose words begins with each word of `name`; accents, apostrophes and capitals are nothing.

        Those on the list come first, and of them those whose name begins with all of it, the shortest first.
        """
        words = folded(name)
        if not words:
            return []
        begins = MunicipalityRow.words.startswith(f" {' '.join(words)}")
        order = (MunicipalityRow.active.desc(), begins.desc(), func.length(MunicipalityRow.name), MunicipalityRow.istat)
        query = select(MunicipalityRow).order_by(*order).limit(limit)
        query = query.where(*(MunicipalityRow.words.contains(f" {word}") for word in words))
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def area(self, places: Sequence[str]) -> tuple[str, ...]:
        """The codes of an event's area, in order. A place is an ISTAT code, a province's two letters, a region or a municipality.

        Raises `UnknownPlace`.
        """
        return tuple(sorted({one.istat for place in places for one in await self._named(place)}))

    async def _named(self, place: str) -> list[Municipality]:
        text = place.strip()
        # A code may be one of an older list: whoever gives it knows which.
        found = await self._select(MunicipalityRow.istat == text)
        found = found or await self._select(MunicipalityRow.active & (MunicipalityRow.province == text.upper()))
        found = found or await self._select(
            MunicipalityRow.active & MunicipalityRow.region.in_(await self._regions(text))
        )
        if found:
            return found
        named = [one for one in await self.find(text) if one.active]
        called = [one for one in named if is_called(one.name, text)]
        if len(called) == 1:
            return called
        seen = ", ".join(f"{one.name} ({one.province}, {one.istat})" for one in (called or named)[:NAMED])
        raise UnknownPlace(f"'{place}' may be {seen}: give its code" if seen else f"there is no place '{place}'")

    async def _regions(self, text: str) -> list[str]:
        async with self._database.session() as session:
            regions = (await session.execute(select(MunicipalityRow.region).distinct())).scalars().all()
        return [region for region in regions if is_called(region, text)]

    async def count(self) -> int:
        """How many municipalities are on the list now."""
        query = select(func.count()).select_from(MunicipalityRow).where(MunicipalityRow.active)
        async with self._database.session() as session:
            return (await session.execute(query)).scalar_one()

    async def _select(self, which: ColumnElement[bool]) -> list[Municipality]:
        query = select(MunicipalityRow).where(which).order_by(MunicipalityRow.istat)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]


def _values(one: Municipality) -> dict[str, object]:
    return {
        "istat": one.istat,
        "name": one.name,
        "words": search_words(one.name),
        "province": one.province,
        "region": one.region,
        "active": one.active,
        "valid_until": one.valid_until,
    }
