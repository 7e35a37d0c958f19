"""What every part of the switchboard works with: who is here, and requests that are asked until they are done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from foundation import logs
from foundation.clock import Clock
from foundation.journal import Written
from ledger.model import Outcome
from pbx.ari import operations as op
from pbx.ari.client import Ari, AriError, AriTimeout, Conflict, ConnectionLost, NotFound
from pbx.ari.line import Line
from pbx.settings import PbxSettings
from queue_manager.board import Board
from queue_manager.diary import Arrival, Diary
from queue_manager.model import Happening

log = logs.get(__name__)

APPLICATION, SOUND = "queue", "queue-sound"
OPERATORS_LANGUAGE = "it"
AGAIN_AFTER_S = 0.5
UNREACHABLE = 20  # Q.850, subscriber absent
NORMAL = 16
Away = (ConnectionLost, AriTimeout, AriError)


@dataclass
class Caller:
    """One caller who is ours: their channel, and the coroutine that speaks to them while they wait.

    `put_through` tells when their talk is on the disk, `talks` is true once the two hear each other. `looking` looks where they are,
    once their channel has left our application.
    Whoever is to be called back is `gone`, and their channel is the one on which they are called.
    """

    arrival: Arrival
    line: Line
    waiting: asyncio.Task[None] | None = None
    put_through: Written | None = None
    talks: bool = False
    gone: bool = False
    looking: asyncio.Task[None] | None = None


class Hall:
    """The callers who are ours, by call and by channel, and both connections. `do` is what the board said, done and written down.

    Ringing has a websocket of its own, `ari`: requests on one are served in turn, and a burst of announcements over `sound` must not
    hold up a free operator.
    """

    def __init__(
        self,
        ari: Ari,
        sound: Ari,
        board: Board,
        diary: Diary,
        pbx: PbxSettings,
        clock: Clock,
        do: Callable[[list[Happening]], None],
    ) -> None:
        self.ari = ari
        self.sound = sound
        self.board = board
        self.diary = diary
        self.clock = clock
        self.do = do
        self.callers: dict[UUID, Caller] = {}
        self.channels: dict[str, UUID] = {}
        self.sounds: Path = pbx.sounds
        self._spool = pbx.spool
        self._tasks: set[asyncio.Task[None]] = set()

    async def is_there(self, channel_id: str) -> bool:
        """Whether Asterisk has this channel, wherever it is."""
        return await self.insist(self.sound, op.GET_CHANNEL, {"channelId": channel_id})

    async def insist(self, ari: Ari, operation: op.Operation, path: dict[str, str], **query: object) -> bool:
        """Ask again while Asterisk does not answer: nobody may be left as they are. False when the channel is gone, or elsewhere."""
        tries = 0
        while True:
            try:
                await ari.request(operation, path, **query)
            except (NotFound, Conflict):
                return False
            except Away as error:
                tries += 1
                if tries == 1:
                    log.warning("asked_again", request=operation.path, **logs.fault(error))
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                return True

    def know(self, arrival: Arrival) -> None:
        """This caller is ours from now on."""
        self.callers[arrival.call_id] = Caller(arrival, self.line(arrival.channel_id))
        self.channels[arrival.channel_id] = arrival.call_id

    def line(self, channel_id: str) -> Line:
        """Listen to a channel over `ari`, ask of it over `sound`."""
        return Line(self.ari, channel_id, self._spool, self.sound)

    def forget(self, call_id: UUID) -> None:
        """This caller is ours no more: nobody speaks to them, and nothing of them is heard."""
        caller = self.callers.pop(call_id, None)
        if caller:
            self.channels.pop(caller.arrival.channel_id, None)
            caller.line.close()
            if caller.waiting:
                caller.waiting.cancel()

    def listen_again(self, caller: Caller) -> None:
        """After a lost connection: the old line hears nothing any more."""
        caller.line.close()
        caller.line = self.line(caller.arrival.channel_id)

    async def send(self, arrival: Arrival, context: str, extension: str) -> None:
        """A caller goes on in the dialplan, whose next owner writes on; who hung up in this moment never gets there."""
        if not await self.to_dialplan(arrival.channel_id, context, extension) and not await self.is_there(
            arrival.channel_id
        ):
            self.diary.ended(arrival.call_id, Outcome.ABANDONED)

    async def to_dialplan(self, channel_id: str, context: str, extension: str) -> bool:
        """Send a channel on; False when it is gone, or not ours any more."""
        query = {"context": context, "extension": extension, "priority": 1}
        return await self.insist(self.sound, op.CONTINUE, {"channelId": channel_id}, **query)

    async def hang_up(self, channel_id: str) -> None:
        """End a channel; harmless when it has ended."""
        await self.insist(self.ari, op.HANG_UP, {"channelId": channel_id})

    async def delete_bridge(self, leg: str) -> None:
        """Remove the bridge of a talk, which is called as the leg; harmless where there is none."""
        await self.insist(self.sound, op.DELETE_BRIDGE, {"bridgeId": leg})

    async def variable(self, channel_id: str, name: str) -> str | None:
        """What the dialplan has set on a channel; None where nothing is, or the channel is gone."""
        with suppress(NotFound):
            answer = await self.ari.request(op.GET_VARIABLE, {"channelId": channel_id}, variable=name)
            return str(answer["value"]) or None
        return None

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside; what it raises stands in the log."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("switchboard_fault", **logs.fault(error))

    def now(self) -> float:
        """Monotonic seconds, as the board counts."""
        return self.clock.monotonic()
