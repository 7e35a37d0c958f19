"""The dialplan's hours are the calendar's, for every instant: a real Asterisk is asked, with nothing of ours running."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from centralino.pbx_home import week_globals
from centralino.platform import Platform
from dialplan.calendar import ROME, Calendar
from dialplan.dated import dated_hours, midnight, open_intervals
from dialplan.model import Override, OverrideKind
from dialplan.settings import HoursSettings
from pbx.ami.client import Ami
from pbx.ari import operations as op
from pbx.ari.client import Ari, AriError
from pbx.ari.transport import WebSocketTransport
from queue_manager.asterisk import AsteriskCopies
from queue_manager.model import Wanted
from tests.places import a_platform
from tests.polling import until

TODAY = date(2026, 11, 25)
AT_ONCE = 400
ASKED = """
[hours-asked]
exten => _X.,1,Set(N=0)
 same => n(next),Set(AT=${FILTER(0-9,${FILE(@HOME@/spool/${EXTEN}.asked,${N},1,l,u)})})
 same => n,GotoIf($["${AT}" = ""]?done)
 same => n,Gosub(hours,s,1(${AT}))
 same => n,Set(FILE(@HOME@/spool/${EXTEN}.told,,,al,u)=${AT} ${GOSUB_RETVAL})
 same => n,Set(N=$[${N} + 1])
 same => n,Goto(next)
 same => n(done),Set(FILE(@HOME@/spool/${EXTEN}.done,,,al,u)=done)
 same => n,Hangup()
"""


def at(text: str, zone: ZoneInfo = ROME) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def override(kind: str, starts: str, ends: str, zone: ZoneInfo = ROME) -> Override:
    return Override(OverrideKind(kind), at(starts, zone), at(ends, zone), "test", "test")


BEIRUT, AZORES = ZoneInfo("Asia/Beirut"), ZoneInfo("Atlantic/Azores")
EMERGENCY = (
    override("open", "2026-11-25T17:37", "2026-11-28T03:11:07"),
    override("closed", "2026-11-26T12:00:30", "2026-11-26T12:59:59"),
    override("open", "2026-12-24T23:30", "2026-12-27T00:00"),
    override("closed", "2027-03-27T23:59:59", "2027-03-28T02:30"),
    override("open", "2027-03-28T01:59", "2027-03-28T03:01"),
    override("open", "2027-10-31T02:15", "2027-10-31T02:45"),
    override("closed", "2027-02-01T00:00", "2027-02-03T00:00"),
)
FROM_NOW_ON = (
    override("closed", "2026-11-25T11:02:33.525481", "2026-11-25T13:02:33.525461"),
    override("open", "2026-11-25T20:15:00.999999", "2026-11-26T01:15:00.000001"),
    override("closed", "2026-11-27T12:00:00.1", "2026-11-27T12:00:00.9"),
)
"""As the command line makes them: from this very moment, which is no whole second."""
SEEN_TWICE = (override("closed", "2027-10-31T00:30", "2027-10-31T01:30", AZORES),)
SERVICES: dict[str, tuple[str, ZoneInfo, tuple[Override, ...]]] = {
    "the charter's": ("Mo-Fr 09:00-18:00", ROME, ()),
    "an emergency's": ("Mo-Fr 09:00-18:00", ROME, EMERGENCY),
    "the charter's, changed from one moment to the next": ("Mo-Fr 09:00-18:00", ROME, FROM_NOW_ON),
    "never closed": ("24/7", ROME, ()),
    "never closed, but for an evening": ("24/7", ROME, (override("closed", "2026-12-31T22:17", "2027-01-01T05:00"),)),
    "the hour that comes twice or never": ("Sa-Su 02:00-03:00", ROME, ()),
    "to midnight over the turn of the week": ("Fr-Mo 21:30-24:00", ROME, EMERGENCY[:2]),
    "where clocks change at midnight": ("Mo-Su 00:00-23:30", BEIRUT, ()),
    "where midnight comes twice": ("Mo-Su 00:00-08:00", AZORES, SEEN_TWICE),
}
"""Weekly hours, zone, overrides."""


@dataclass
class OneAsterisk:
    """A PBX with none of our processes, and what a test asks it."""

    platform: Platform
    ari: Ari

    async def told(self, name: str, instants: list[int]) -> dict[int, str]:
        """What the dialplan answers for each instant."""
        spool = self.platform.folders.spool
        parts = [instants[n : n + AT_ONCE] for n in range(0, len(instants), AT_ONCE)]
        for number, part in enumerate(parts):
            asked = spool / f"{name}{number}.asked"
            asked.write_text("".join(f"{instant}\n" for instant in part), encoding="ascii")
            with suppress(AriError):  # it never answers, which is refused in the end
                await self.ari.request(op.ORIGINATE, endpoint=f"Local/{name}{number}@hours-asked/n", app="hours")
        done = [spool / f"{name}{number}.done" for number in range(len(parts))]
        await until(lambda: all(path.exists() for path in done), 120, "the dialplan's answers")
        lines = [line for path in done for line in path.with_suffix(".told").read_text(encoding="ascii").splitlines()]
        return {int(instant): answer for instant, answer in (line.split() for line in lines)}

    async def learn(self, weekly: str, calendar: Calendar) -> None:
        """What settings and the process `queue` would tell it."""
        week = HoursSettings(weekly=weekly, timezone=calendar.zone.key)
        for name, value in week_globals(week).items():
            await self.ari.request(op.SET_GLOBAL, variable=name, value=value)
        async with Ami.connected(self.platform.services.ami("queue")) as ami:
            copies = AsteriskCopies(ami)
            wanted = dated_hours(calendar, TODAY)
            await copies.bring_to(Wanted(dated=wanted))
            assert await copies.dated() == wanted


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OneAsterisk]:
    added: Path = tmp_path_factory.mktemp("added") / "extensions.conf"
    added.write_text(ASKED, encoding="utf-8")
    async with a_platform(place=1, added_conf=(added,)) as platform:
        platform.folders.sounds.mkdir()
        await platform.start_pbx()
        connected = asyncio.Event()

        async def on_connected() -> None:
            connected.set()

        async def connect() -> WebSocketTransport:
            return await WebSocketTransport.connect(platform.pbx_settings(), "hours")

        ari = Ari("hours", connect, lambda event: None, on_connected)
        running = asyncio.create_task(ari.run())
        await asyncio.wait_for(connected.wait(), 10)
        yield OneAsterisk(platform, ari)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def instants_of(calendar: Calendar) -> list[int]:
    """Every edge of the year and a second to each side, the nights in which clocks change, and some at random."""
    days = [TODAY + timedelta(days=n) for n in range(365)]
    edges = {edge for day in days for interval in open_intervals(calendar, day) for edge in interval}
    edges |= {
        int(edge.timestamp()) + n for one in calendar.overrides for edge in (one.starts, one.ends) for n in (0, 1)
    }
    edges |= {midnight(calendar, day) for day in days}
    first, last = midnight(calendar, TODAY), midnight(calendar, days[-1] + timedelta(days=1)) - 1
    near = {edge + n for edge in edges for n in (-1, 0, 1)}
    for day in days:
        length = midnight(calendar, day + timedelta(days=1)) - midnight(calendar, day)
        if length != 86400:
            near |= set(range(midnight(calendar, day) - 3600, midnight(calendar, day) + length + 3600, 450))
    near |= set(random.Random(3).sample(range(first, last), 500))
    return sorted(instant for instant in near if first <= instant <= last)


@pytest.mark.parametrize("name", SERVICES)
async def test_asterisk_alone_says_what_the_calendar_says(asterisk: OneAsterisk, name: str) -> None:
    weekly, zone, overrides = SERVICES[name]
    calendar = Calendar(weekly, overrides, zone)
    await asterisk.learn(weekly, calendar)
    instants = instants_of(calendar)
    assert len(instants) > 1500
    told = await asterisk.told(str(1000 + list(SERVICES).index(name)), instants)
    expected = {
        instant: "open" if calendar.is_open(datetime.fromtimestamp(instant, UTC)) else "closed" for instant in instants
    }
    wrong = {
        datetime.fromtimestamp(instant, calendar.zone).isoformat(): (answer, expected[instant])
        for instant, answer in told.items()
        if answer != expected[instant]
    }
    assert told.keys() == expected.keys()
    assert wrong == {}
    assert set(told.values()) == {"open", "closed"} or name == "never closed"
