"""One AMI connection of pyst2, made to be thrown away: by itself pyst2 waits without limit, even when it is only being collected."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from uuid import uuid4

from asterisk.manager import Event, Manager, ManagerException, ManagerMsg

from foundation import logs
from pbx.ami.settings import AmiSettings

log = logs.get(__name__)

LISTED = "CoreShowChannel", "CoreShowChannelsComplete"


class Refused(ManagerException):  # type: ignore[misc]
    """Asterisk understood, and said no: the text is its own."""


class Pipe:
    """What pyst2 needs of a socket: lines, write, flush, close. Its own reads byte by byte, half a core for a list of 500 channels."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._socket = socket.create_connection((host, port), timeout_s)
        self._socket.settimeout(None)
        self._lines = self._socket.makefile("rb")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._lines)

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def cut(self) -> None:
        """End it for whoever reads or writes at this moment."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


class Connection(Manager):  # type: ignore[misc]
    """Blocking: to be used from a thread that may be left. `throw_away`, from any thread, ends every wait in it."""

    def __init__(self) -> None:
        super().__init__()
        self._sock: Pipe | None = None
        self._listed: SimpleQueue[Event | None] = SimpleQueue()
        for name in LISTED:
            self.register_event(name, self._on_listed)

    def open(self, settings: AmiSettings) -> None:
        """Connect and log in, without a stream of events. Raises OSError, ManagerException."""
        self._sock = Pipe(settings.host, settings.port, settings.timeout_s)
        self._connected.set()
        self._running.set()
        self.message_thread.start()
        self.event_dispatch_thread.start()
        if self._response_queue.get() is None:
            raise ManagerException("closed before its greeting")
        secret = settings.password.get_secret_value()
        self.ask(Action="Login", Username=settings.user, Secret=secret, Events="off")

    def ask(self, **headers: str) -> ManagerMsg:
        """Send one action; its answer. Raises `Refused`, ManagerException when the connection ends."""
        answer = self.send_action(dict(headers))
        if answer.get_header("Response") != "Success":
            raise Refused(answer.get_header("Message", "an answer that is none"))
        return answer

    def channels(self) -> list[dict[str, str]]:
        """The headers of each channel."""
        action_id = uuid4().hex
        self.ask(Action="CoreShowChannels", ActionID=action_id)
        found: list[dict[str, str]] = []
        while event := self._listed.get():
            if event.get_header("ActionID") != action_id:
                continue
            if event.name == LISTED[1]:
                return found
            found.append(dict(event.headers))
        raise ManagerException("closed in the middle of a list")

    def _on_listed(self, event: Event, manager: Manager) -> None:
        self._listed.put(event)

    def message_loop(self) -> None:
        """pyst2's thread that takes messages apart."""
        self._survive(super().message_loop)

    def event_dispatch(self) -> None:
        """pyst2's thread that hands events on; when it ends there is no more of a list to come."""
        self._survive(super().event_dispatch)
        self._listed.put(None)

    def _receive_data(self) -> None:
        self._survive(super()._receive_data)

    def _survive(self, work: Callable[[], None]) -> None:
        # pyst2's threads break at what is no AMI. What they read is no text for a log; whoever waits for them has a time-out.
        try:
            work()
        except Exception as error:
            log.warning("ami_unreadable", **logs.fault(error))

    def throw_away(self) -> None:
        """End it at once: threads in it fall out of their waits, then end."""
        self._running.clear()
        if self._sock:
            self._sock.cut()
        for waited_for in (self._response_queue, self._event_queue, self._message_queue, self._listed):
            waited_for.put(None)

    def __del__(self) -> None:
        # pyst2's own says goodbye and waits for the answer, in whichever thread happens to collect it.
        self.throw_away()
