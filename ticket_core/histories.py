"""`Histories`: the proof that no history was changed behind the service's back: every practice's chain, and the seals over all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import Clock
from foundation.database import Database
from ticket_core import chain
from ticket_core.store import HistoryRow, PracticeRow, SealRow

PAGE = 500
MOST_FAULTS = 100
NO_SEAL = b""


@dataclass(frozen=True)
class Verdict:
    """What a verification saw: how much it read, and each fault as a sentence (the first hundred)."""

    practices: int
    entries: int
    seals: int
    faults: tuple[str, ...]


class Histories:
    """Reads every chain. A verification may take minutes: it reads page by page, and holds nobody up."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def verify(self) -> Verdict:
        """Compute every digest anew, and compare."""
        practices = entries = 0
        faults: list[str] = []
        after: UUID | None = None
        while page := await self._page(after):
            for practice_id, (links, length, head, erased) in page.items():
                fault = chain.find_fault(practice_id, links, length, head, erased)
                faults += [f"practice {practice_id}: {fault}"] if fault else []
                practices, entries, after = practices + 1, entries + len(links), practice_id
        seals, broken = await self._verify_seals()
        return Verdict(practices, entries, seals, tuple([*faults, *broken][:MOST_FAULTS]))

    async def _page(self, after: UUID | None) -> dict[UUID, tuple[list[chain.Link], int, bytes, bool]]:
        columns = select(
            PracticeRow.id, PracticeRow.history_length, PracticeRow.history_head, PracticeRow.erased_at.is_not(None)
        )
        query = columns.order_by(PracticeRow.id).limit(PAGE)
        if after is not None:
            query = query.where(PracticeRow.id > after)
        async with self._database.session() as session:
            # Head and entries as of one instant, whoever writes meanwhile.
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            heads = {of: (length, head, erased) for of, length, head, erased in await session.execute(query)}
            rows = select(HistoryRow).where(HistoryRow.practice_id.in_(heads))
            ordered = rows.order_by(HistoryRow.practice_id, HistoryRow.seq)
            found = [row.link() for row in (await session.execute(ordered)).scalars()]
        links = {practice_id: list(group) for practice_id, group in groupby(found, key=lambda link: link.practice_id)}
        return {practice_id: (links.get(practice_id, []), *end) for practice_id, end in heads.items()}

    async def seal(self) -> int:
        """Seal the entries written since the last seal; returns how many. One at a time seals; nothing to seal is no seal."""
        up_to = await self._complete_up_to()
        async with self._database.session() as session:
            await session.execute(text("LOCK TABLE history_seal IN EXCLUSIVE MODE"))
            last = (await session.execute(select(SealRow).order_by(SealRow.id.desc()).limit(1))).scalar_one_or_none()
            first = last.up_to if last else 0
            if up_to <= first:
                return 0
            digests = [digest async for digest in _digests(session, first, up_to)]
            made = chain.seal(last.digest if last else NO_SEAL, digests)
            session.add(SealRow(up_to=up_to, rows=len(digests), digest=made, sealed_at=self._clock.now()))
            return len(digests)

    async def _complete_up_to(self) -> int:
        """The number below which no entry can come any more: whoever writes now is waited for, and nobody longer than that."""
        async with self._database.session() as session:
            await session.execute(text("LOCK TABLE practice_history IN SHARE MODE"))
            return (await session.execute(select(func.max(HistoryRow.id)))).scalar_one_or_none() or 0

    async def _verify_seals(self) -> tuple[int, list[str]]:
        before, first, faults = NO_SEAL, 0, []
        async with self._database.session() as session:
            seals = (await session.execute(select(SealRow).order_by(SealRow.id))).scalars().all()
        for number, row in enumerate(seals, start=1):
            async with self._database.session() as session:
                digests = [digest async for digest in _digests(session, first, row.up_to)]
            if len(digests) != row.rows or chain.seal(before, digests) != row.digest:
                faults.append(
                    f"seal {number} of {row.sealed_at:%Y-%m-%d %H:%M} UTC: {row.rows} entries were sealed, and they are not the "
                    f"{len(digests)} that are there"
                )
            before, first = row.digest, row.up_to
        return len(seals), faults


async def _digests(session: AsyncSession, after: int, up_to: int) -> AsyncIterator[bytes]:
    query = select(HistoryRow.digest).where(HistoryRow.id > after, HistoryRow.id <= up_to).order_by(HistoryRow.id)
    stream = await session.stream_scalars(query.execution_options(yield_per=10_000))
    async for digest in stream:
        yield digest
