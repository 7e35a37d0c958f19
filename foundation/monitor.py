"""The pages `/health`, `/ready` and `/metrics` of a process.

A thread of its own serves them: it answers while the event loop is stuck, and says so.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Thread
from typing import Any

from pydantic import BaseModel, Field

from foundation import logs, metrics
from foundation.health import Health, Standing, does_its_job, worst, would_serve
from foundation.settings import Part

BEAT_S = 0.5
AGAIN_AFTER_S = 2.0
REQUEST_LIMIT_S = 5.0

log = logs.get(__name__)

BEAT_AGE = metrics.gauge("loop_beat_age_seconds", "Seconds since the event loop was last seen to turn.")
STANDING = metrics.gauge("check_well", "1 while a check is well, 0.5 degraded, 0 otherwise.", "check")
WELLNESS = {Standing.WELL: 1.0, Standing.DEGRADED: 0.5}


class MonitorSettings(Part):
    """Where the pages are served."""

    address: str = Field(
        default="", examples=["127.0.0.1:28010"], pattern=r"^([^/:\s]+:\d{1,5})?$", description="host:port; empty: nowhere"
    )  # fmt: skip


class MonitorTree(BaseModel):
    """The part of the settings that every process of ours reads."""

    monitor: MonitorSettings = MonitorSettings()


class Monitor:
    """Serves a process's pages from `start` to `stop`.

    Nobody who calls may suffer for it: while its port is taken the process does its job, one sentence in the log names the port, and it is
    tried again.
    """

    def __init__(self, health: Health, settings: MonitorSettings) -> None:
        self._health = health
        self._address = settings.address
        self._stopping = Event()
        self._server: ThreadingHTTPServer | None = None
        self._thread = Thread(target=self._serve, name="monitor", daemon=True)

    def start(self) -> None:
        """Begin to serve, unless no address is set."""
        BEAT_AGE.set_function(lambda: self._health.beat_age_s)
        if self._address:
            self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._stopping.set()
        if self._server:
            self._server.shutdown()

    async def beat(self) -> None:
        """Say that the loop turns, until cancelled."""
        while True:
            self._health.beat()
            await asyncio.sleep(BEAT_S)

    def _serve(self) -> None:
        server = self._bound()
        if server is None:
            return
        with server:
            self._server = server
            if not self._stopping.is_set():
                server.serve_forever(poll_interval=0.1)

    def _bound(self) -> ThreadingHTTPServer | None:
        host, _, port = self._address.rpartition(":")
        told = False
        while not self._stopping.is_set():
            try:
                return _Server((host, int(port)), _pages(self._health))
            except (OSError, OverflowError) as error:
                if not told:
                    log.error("monitor_not_served", why=_not_served(self._address, error))
                told = True
                self._stopping.wait(AGAIN_AFTER_S)
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        # The library's own asks the name service who we are, which may take long on a bad day.
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.info("monitor_asker_left")


def _not_served(address: str, error: Exception) -> str:
    return (
        f"health and metrics cannot be served on {address}: {getattr(error, 'strerror', None) or error}. "
        "Stop what uses that port, or set another one in CENTRALINO_MONITOR__ADDRESS"
    )


def _pages(health: Health) -> type[BaseHTTPRequestHandler]:
    class Pages(BaseHTTPRequestHandler):
        timeout = REQUEST_LIMIT_S
        server_version, sys_version = "centralino", ""

        def do_GET(self) -> None:
            self._send(*answer(self.path, health))

        def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: a scrape every few seconds is no news."""

    return Pages


def answer(path: str, health: Health) -> tuple[HTTPStatus, str, bytes]:
    """One page: status, content type, body."""
    match path.partition("?")[0]:
        case "/metrics":
            for name, check in health.seen().items():
                STANDING.labels(check=name).set(WELLNESS.get(check.standing, 0.0))
            return HTTPStatus.OK, metrics.CONTENT_TYPE, metrics.page()
        case "/health" | "/ready" as page:
            report = health.report()
            standing = worst(Standing(check["standing"]) for check in report["checks"].values())
            good = does_its_job(standing) if page == "/health" else would_serve(standing)
            status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
            return status, "application/json", json.dumps(report).encode()
    return HTTPStatus.NOT_FOUND, "text/plain", b"pages: /health /ready /metrics\n"


@dataclass(frozen=True)
class Fetched:
    """A page that was served: HTTP status, text, and how long it took in seconds."""

    status: int
    text: str
    took_s: float


async def fetch(address: str, path: str, timeout_s: float) -> Fetched:
    """Ask a process for one of its pages. Raises OSError when nobody is there, TimeoutError when nobody answers."""
    host, _, port = address.rpartition(":")
    begun = time.monotonic()
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode("ascii"))
            answered = await reader.read()
        finally:
            writer.close()
    head, _, body = answered.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[1].isdigit():
        raise ConnectionError(f"{address} answers, but not as a process of ours does")
    return Fetched(int(words[1]), body.decode("utf-8", "replace"), time.monotonic() - begun)
