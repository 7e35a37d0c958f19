"""Requests and events over one websocket; lost connections are found and made again."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from foundation import logs
from pbx.ari import events, metrics
from pbx.ari.events import Event, Replaced, StasisStart
from pbx.ari.operations import Operation
from pbx.ari.transport import CannotConnect, Connect, Transport

log = logs.get(__name__)

MOST_IN_FLIGHT = 500
MOST_EVENTS_WAITING = 500
GREET_AGAIN_AFTER_S = 1.0


class AriError(Exception):
    """Asterisk refused a request: the text is the request, the status and Asterisk's own reason."""

    def __init__(self, operation: Operation, status: int, reason: str) -> None:
        super().__init__(f"Asterisk refused {operation.method} {operation.path}: {status} {reason}")
        self.status = status


class NotFound(AriError):
    """404: no such channel, playback, recording or application (any more)."""


class Conflict(AriError):
    """409 or 412: the thing is there but not in a state for this."""


class AriTimeout(Exception):
    """Asterisk did not answer a request in time."""


class ConnectionLost(Exception):
    """The websocket went away; channels stay up in Asterisk, and what they did meanwhile is not told."""


class ApplicationTaken(Exception):
    """Another process connected with our application's name and has the calls now: this one must stop, not fight."""


class EventsLost(Exception):
    """More events waited for one listener than it may hold."""


class Inbox:
    """The events of one channel, in order, for one listener. Bounded: a listener that never reads loses its channel, not the others'."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | Exception] = asyncio.Queue(MOST_EVENTS_WAITING + 1)

    def put(self, event: Event | Exception) -> None:
        if self._queue.qsize() >= MOST_EVENTS_WAITING:
            event = EventsLost(f"{MOST_EVENTS_WAITING} events of one channel waited unread")
        with suppress(asyncio.QueueFull):
            self._queue.put_nowait(event)

    @property
    def waiting(self) -> int:
        """Events that nobody has read yet."""
        return self._queue.qsize()

    async def get(self, timeout_s: float) -> Event | None:
        """The next event, or None when none came in time. Raises `ConnectionLost`, `EventsLost`."""
        try:
            async with asyncio.timeout(timeout_s):
                event = await self._queue.get()
        except TimeoutError:
            return None
        return self._given(event)

    def get_nowait(self) -> Event | None:
        """The next event that has already come, or None. Raises as `get`."""
        try:
            return self._given(self._queue.get_nowait())
        except asyncio.QueueEmpty:
            return None

    def _given(self, event: Event | Exception) -> Event:
        if isinstance(event, Exception):
            raise event
        return event


class Ari:
    """The client of one Stasis application.

    `on_start` is called for each channel that enters; `on_event` hears every other event, of every channel and bridge,
    before the channel's own listener does, in Asterisk's order; `on_connected` is called after each (re)connection, before any event is
    read, and returns a coroutine that is run beside the reading: there the channels that are already up are found. It is run again until
    Asterisk has answered all that it asks.
    """

    def __init__(
        self,
        application: str,
        connect: Connect,
        on_start: Callable[[StasisStart], None],
        on_connected: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None] = lambda: None,
        on_event: Callable[[Event], None] = lambda event: None,
        request_timeout_s: float = 5.0,
        most_back_off_s: float = 3.0,
    ) -> None:
        self.application = application
        # A probe's name holds its process id, and a label has few values.
        self._kind = application.partition("-")[0]
        self._connect = connect
        self._on_start = on_start
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._on_event = on_event
        self._timeout_s = request_timeout_s
        self._most_back_off_s = most_back_off_s
        self._transport: Transport | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._inboxes: dict[str, Inbox] = {}
        self._slots = asyncio.Semaphore(MOST_IN_FLIGHT)
        self._requests = 0

    # -- requests

    async def request(self, operation: Operation, path: dict[str, str] | None = None, **query: object) -> Any:
        """Send one request and return its JSON answer (None when empty).

        Raises `NotFound`, `Conflict`, another `AriError`, `AriTimeout`, `ConnectionLost`.
        """
        unknown = query.keys() - operation.query - operation.body
        if unknown:
            raise TypeError(f"{operation.method} {operation.path} has no parameter {', '.join(sorted(unknown))}")
        uri = operation.path.format(**{name: quote(value, safe="") for name, value in (path or {}).items()})
        body = {name: query.pop(name) for name in operation.body & query.keys()}
        if query:
            uri += "?" + urlencode({name: _text(value) for name, value in query.items()}, quote_via=quote)
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s), self._slots:
                answer = await self._exchange(_message(operation.method, uri, body))
        except TimeoutError:
            metrics.REQUESTS_FAILED.labels(reason="timeout").inc()
            raise AriTimeout(f"no answer to {operation.method} {operation.path} in {self._timeout_s} s") from None
        metrics.REQUEST_SECONDS.observe(time.monotonic() - begun)
        return _result(operation, answer)

    async def _exchange(self, message: dict[str, str]) -> dict[str, Any]:
        if self._transport is None:
            raise ConnectionLost("not connected to ARI")
        self._requests += 1
        number = str(self._requests)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            await self._transport.send(json.dumps({**message, "request_id": number}))
            return await future
        except ConnectionError as error:
            metrics.REQUESTS_FAILED.labels(reason="connection_lost").inc()
            raise ConnectionLost("the ARI websocket went away") from error
        finally:
            del self._waiting[number]

    # -- events

    def listen(self, channel_id: str) -> Inbox:
        """From now on the events of this channel go to the returned inbox (and no other)."""
        inbox = Inbox()
        self._inboxes[channel_id] = inbox
        return inbox

    def forget(self, channel_id: str) -> None:
        """Stop collecting a channel's events."""
        self._inboxes.pop(channel_id, None)

    @property
    def events_waiting(self) -> int:
        """Events that have come and that nobody has read yet."""
        return sum(inbox.waiting for inbox in self._inboxes.values())

    # -- life

    async def run(self) -> None:
        """Connect, read, and connect again, until cancelled. Raises `ApplicationTaken`."""
        tries = 0
        while True:
            try:
                self._transport = await self._connect()
            except CannotConnect as error:
                tries += 1
                wait_s = back_off_s(tries, self._most_back_off_s, random.random())
                log.warning("ari_unreachable", reason=str(error), retry_in_s=round(wait_s, 2))
                await asyncio.sleep(wait_s)
                continue
            tries = 0
            log.info("ari_connected", application=self.application)
            with metrics.CONNECTED.labels(application=self._kind).track_inprogress():
                await self._serve(self._transport)
            metrics.LOST.labels(application=self._kind).inc()
            log.warning("ari_lost", application=self.application)

    async def _serve(self, transport: Transport) -> None:
        greeting = asyncio.create_task(self._greet())
        greeting.add_done_callback(_report)
        try:
            async for text in transport:
                self._take(json.loads(text))
        finally:
            greeting.cancel()
            self._transport = None
            self._drop_all()
            with suppress(Exception):
                await transport.close()

    async def _greet(self) -> None:
        while True:
            try:
                return await self._on_connected()
            except (AriError, AriTimeout) as error:
                # Whom we have not found yet hears nothing.
                log.warning("ari_reconcile_again", **logs.fault(error))
                await asyncio.sleep(GREET_AGAIN_AFTER_S)

    def _drop_all(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionLost("the ARI websocket went away"))
        for inbox in self._inboxes.values():
            inbox.put(ConnectionLost("the ARI websocket went away"))
        self._inboxes.clear()
        self._on_lost()

    def _take(self, body: dict[str, Any]) -> None:
        if body["type"] == "RESTResponse":
            future = self._waiting.get(body["request_id"])
            if future and not future.done():
                future.set_result(body)
            return
        try:
            event = events.read(body)
        except (KeyError, TypeError):
            # One event that is not as described must not cost the other calls their connection.
            log.error("ari_event_unreadable", type=body["type"])
            return
        if isinstance(event, Replaced):
            raise ApplicationTaken(f"another process took over the Stasis application '{self.application}'")
        if isinstance(event, StasisStart):
            self._on_start(event)
        elif event is not None:
            self._tell(event)
            inbox = self._inboxes.get(events.channel_of(event) or "")
            if inbox:
                inbox.put(event)

    def _tell(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception as error:
            # As with an unreadable one: the other calls keep their connection.
            log.error("ari_event_not_handled", type=type(event).__name__, **logs.fault(error))


def back_off_s(tries: int, most_s: float, chance: float) -> float:
    """Seconds before the next try: doubling from 0.1 up to `most_s`, spread by `chance` (0..1) so that many do not come at once."""
    return min(most_s, 0.1 * 2.0 ** min(tries, 16)) * (0.5 + chance / 2)


def _message(method: str, uri: str, body: dict[str, object]) -> dict[str, str]:
    message = {"type": "RESTRequest", "method": method, "uri": uri}
    if body:
        message |= {"content_type": "application/json", "message_body": json.dumps(body)}
    return message


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _result(operation: Operation, answer: dict[str, Any]) -> Any:
    status, body = int(answer["status_code"]), answer.get("message_body") or ""
    if status < 400:
        return json.loads(body) if body else None
    try:
        reason = json.loads(body).get("message", "")
    except (json.JSONDecodeError, AttributeError):
        reason = ""
    kind = {404: NotFound, 409: Conflict, 412: Conflict}.get(status, AriError)
    raise kind(operation, status, reason or str(answer.get("reason_phrase", "")))


def _report(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("ari_reconcile_failed", **logs.fault(error))
