"""The switchboard: each caller has one coroutine, and each page is closed by whoever has the call at its end."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from foundation.health import Check
from ivr.model import Hours, Place, Visit
from ivr.settings import IvrSettings
from ivr.switchboard import Switchboard
from ledger.model import Outcome
from pbx.ari.client import ConnectionLost
from pbx.ari.fake import FakePbx
from pbx.ari.fake_model import FakeChannel
from pbx.settings import PbxSettings
from tests.polling import until
from tests.unit.desk import MemoryDesk


@dataclass
class MemoryOffice:
    """`ivr.ports.FrontOffice`: keeps what it was told. `open` are calls whose page nobody has closed."""

    desk: MemoryDesk = field(default_factory=lambda: MemoryDesk(is_open=True))
    welcomed: list[UUID] = field(default_factory=list)
    ended: dict[UUID, Outcome] = field(default_factory=dict)
    given_away: list[UUID] = field(default_factory=list)
    handed_to_queue: list[UUID] = field(default_factory=list)
    settled: list[UUID] = field(default_factory=list)
    open: set[UUID] = field(default_factory=set)
    broken: bool = False

    def number(self, shown: str) -> str | None:
        return shown or None

    def place_of(self, call_id: UUID) -> Place | None:
        return Place(*self.desk.entered[-1]) if call_id in self.welcomed else None

    async def welcome(self, call_id: UUID, caller: str | None, dialled: str, language: str) -> tuple[MemoryDesk, Visit]:
        if self.broken:
            raise LookupError("a fault of ours")
        self.welcomed.append(call_id)
        return self.desk, Visit()

    async def farewell(self, call_id: UUID, outcome: Outcome) -> None:
        self.ended[call_id] = outcome

    async def handed_over(self, call_id: UUID) -> None:
        self.given_away.append(call_id)

    async def handed_on(self, call_id: UUID) -> None:
        self.handed_to_queue.append(call_id)

    async def left_behind(self) -> Collection[UUID]:
        return set(self.open)

    async def settle(self, call_id: UUID) -> None:
        self.settled.append(call_id)


@dataclass
class Exchange:
    """A switchboard on the simulated PBX."""

    pbx: FakePbx
    office: MemoryOffice
    switchboard: Switchboard

    async def dial(self) -> tuple[UUID, FakeChannel]:
        call_id = uuid4()
        channel = self.pbx.dial(str(call_id), str(call_id), "800840840")
        channel.variables["CALL_ID"] = str(call_id)
        await until(lambda: channel.playback is not None, what="the greeting")
        return call_id, channel


@pytest.fixture
def office() -> MemoryOffice:
    return MemoryOffice()


@pytest.fixture
async def exchange(tmp_path: Path, office: MemoryOffice) -> AsyncIterator[Exchange]:
    pbx = FakePbx(tmp_path)
    reach = PbxSettings(ari_address="127.0.0.1:1", ari_password="x", spool=tmp_path, sounds=tmp_path)  # type: ignore[arg-type]
    switchboard = Switchboard(pbx.connect, office, IvrSettings(answer_pause_s=0), reach, Check("pbx", "connecting"))
    running = asyncio.create_task(switchboard.ari.run())
    yield Exchange(pbx, office, switchboard)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_caller_who_hangs_up_has_their_page_closed(exchange: Exchange) -> None:
    call_id, channel = await exchange.dial()
    exchange.pbx.hang_up(channel)
    await until(lambda: call_id in exchange.office.ended, what="the end of the page")
    assert exchange.office.given_away == []


async def test_a_caller_whom_the_guard_takes_away_has_not_hung_up(exchange: Exchange) -> None:
    call_id, channel = await exchange.dial()
    exchange.pbx.redirect(channel, "fallback")
    await until(lambda: exchange.office.given_away == [call_id], what="the hand-over")
    assert exchange.office.ended == {}


async def test_a_call_that_we_cannot_serve_goes_on_in_the_fallback(exchange: Exchange) -> None:
    exchange.office.broken = True
    call_id = uuid4()
    channel = exchange.pbx.dial(str(call_id), str(call_id), "800840840")
    await until(lambda: channel.sent_to == "fallback", what="the fallback")
    await until(lambda: exchange.office.given_away == [call_id], what="the hand-over")


async def test_a_call_that_is_on_the_line_is_not_settled_and_one_that_is_gone_is(exchange: Exchange) -> None:
    call_id, _ = await exchange.dial()
    gone = uuid4()
    exchange.office.open = {call_id, gone}
    await exchange.switchboard.put_in_order()
    assert exchange.office.settled == [gone]


async def test_while_the_pbx_cannot_be_asked_nobody_is_settled(exchange: Exchange) -> None:
    await exchange.dial()
    exchange.office.open = {uuid4()}
    exchange.pbx.reachable = False
    await exchange.pbx.drop()
    with pytest.raises(ConnectionLost):
        await exchange.switchboard.put_in_order()
    assert exchange.office.settled == []


async def test_a_call_is_taken_up_again_in_its_flow_after_the_connection_was_lost(exchange: Exchange) -> None:
    call_id, _ = await exchange.dial()
    await until(lambda: bool(exchange.office.desk.entered), what="the name of its flow")
    exchange.office.desk.is_open = False
    await exchange.pbx.drop()
    await until(lambda: exchange.office.welcomed == [call_id, call_id], what="the second welcome")
    assert exchange.office.ended == {}


async def test_a_caller_whose_flow_lost_the_connection_while_it_waited_for_something_else_is_taken_up(
    exchange: Exchange,
) -> None:
    """The connection is back before the flow looks at its line again: no new connection will find the caller."""
    waiting = asyncio.Event()
    hours = exchange.office.desk.hours

    async def slow_hours() -> Hours:
        await waiting.wait()
        return await hours()

    exchange.office.desk.hours = slow_hours  # type: ignore[method-assign]
    call_id = uuid4()
    channel = exchange.pbx.dial(str(call_id), str(call_id), "800840840")
    channel.variables["CALL_ID"] = str(call_id)
    await until(lambda: bool(exchange.office.desk.entered), what="the flow's wait for the hours")
    await exchange.pbx.drop()
    await until(lambda: exchange.pbx.is_connected, what="the new connection")
    waiting.set()
    await until(lambda: not exchange.switchboard.in_hand(), what="the flow's notice of the lost connection")
    await exchange.switchboard.take_up()
    await until(lambda: channel.playback is not None, what="the menu")
    assert exchange.office.welcomed == [call_id, call_id]


async def test_who_asks_for_an_operator_is_sent_to_the_queue_which_has_their_page_from_then_on(
    exchange: Exchange,
) -> None:
    call_id, channel = await exchange.dial()
    exchange.pbx.press(channel, "1")
    assert await asyncio.wait_for(exchange.pbx.queue.get(), 5) == ("join", str(call_id), "800840840", "it")
    await until(lambda: exchange.office.handed_to_queue == [call_id], what="the word of it")
    await until(lambda: not exchange.switchboard.in_hand(), what="the end of the script")
    assert (exchange.office.ended, exchange.office.given_away) == ({}, [])


async def test_who_is_with_the_queue_stays_there_though_the_disk_does_not_take_the_word_of_it(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(call_id: UUID) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(exchange.office, "handed_on", full)
    await exchange.pbx.connect_as("queue")()
    _, channel = await exchange.dial()
    exchange.pbx.press(channel, "1")
    await asyncio.wait_for(exchange.pbx.queue.get(), 5)
    await until(lambda: not exchange.switchboard.in_hand(), what="the end of the script")
    assert (channel.app, channel.sent_to) == ("queue", "queue")


async def test_who_hangs_up_on_the_way_to_the_queue_has_hung_up(exchange: Exchange) -> None:
    call_id, channel = await exchange.dial()
    exchange.pbx.press(channel, "1")
    exchange.pbx.hang_up(channel)
    await until(lambda: call_id in exchange.office.ended, what="the end of the page")
    assert (exchange.office.given_away, exchange.office.handed_to_queue) == ([], [])


async def give_back(exchange: Exchange, *words: str) -> tuple[UUID, FakeChannel]:
    """The queue moves a caller to us."""
    call_id = uuid4()
    channel = exchange.pbx.dial(str(call_id), str(call_id), "800840840", *words)
    await until(lambda: channel.playback is not None, what="what is said to them")
    return call_id, channel


async def test_a_caller_whom_the_queue_gives_back_goes_on_where_it_says_in_their_language(exchange: Exchange) -> None:
    call_id, channel = await give_back(exchange, "mailbox", "en", "no_operator")
    assert exchange.office.desk.entered == [("mailbox", "en")]
    assert [media.rpartition("/")[2] for media in channel.heard[0]] == ["no-operator", "pause-short"]
    assert "/en/" in channel.heard[0][0]
    exchange.pbx.hang_up(channel)
    await until(lambda: call_id in exchange.office.ended, what="the end of the page")
    assert exchange.office.ended[call_id] is Outcome.MISSED


@pytest.mark.parametrize(
    "words", [("no-such-flow", "en", "full"), ("mailbox", "xx", "full"), ("mailbox", "it", "bored"), ("mailbox",)]
)
async def test_a_caller_given_back_with_words_that_nobody_knows_gets_the_menu(
    exchange: Exchange, words: tuple[str, ...]
) -> None:
    await give_back(exchange, *words)
    assert exchange.office.desk.entered == [("main_menu", "it")]


async def test_a_caller_who_is_back_before_their_leaving_was_written_is_served_after_it(exchange: Exchange) -> None:
    written = asyncio.Event()
    handed_on = exchange.office.handed_on

    async def slowly(call_id: UUID) -> None:
        await written.wait()
        await handed_on(call_id)

    exchange.office.handed_on = slowly  # type: ignore[method-assign]
    call_id, channel = await exchange.dial()
    exchange.pbx.press(channel, "1")
    await asyncio.wait_for(exchange.pbx.queue.get(), 5)
    back = exchange.pbx.dial(channel.id, str(call_id), "800840840", "mailbox", "it", "full")
    assert exchange.office.welcomed == [call_id]
    written.set()
    await until(lambda: back.playback is not None, what="what is said to the one who is back")
    assert exchange.office.welcomed == [call_id, call_id]
    assert exchange.switchboard.in_hand() == {call_id}
    exchange.pbx.hang_up(back)
    await until(lambda: call_id in exchange.office.ended, what="the end of the page")


async def test_who_was_given_back_to_a_process_that_died_in_that_moment_does_not_get_the_menu(
    exchange: Exchange,
) -> None:
    await until(lambda: exchange.pbx.is_connected, what="the connection")
    await exchange.pbx.drop()
    call_id = uuid4()
    channel = exchange.pbx.dial(str(call_id), str(call_id), "800840840", "mailbox", "en", "full")
    channel.variables["CALL_ID"] = str(call_id)
    await until(lambda: channel.playback is not None, what="what is said to them")
    assert exchange.office.desk.entered == [("mailbox", "en")]
    assert channel.heard[0][0].endswith("/en/operators-busy")
