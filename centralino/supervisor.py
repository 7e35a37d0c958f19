"""Runs processes: each started when the one before is ready, restarted when it dies, stopped in reverse order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from foundation import logs
from foundation.process import EXIT_SETTINGS

log = logs.get(__name__)

RESTART_AFTER_S = (0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_S = 30.0


class StartFailed(Exception):
    """A process did not become ready: the text names it, its last words and its log."""


@dataclass(frozen=True)
class Service:
    """One process: how it starts, when it is ready, how it is asked to stop."""

    name: str
    command: Sequence[str]
    ready: Callable[[], Awaitable[None]]
    ready_within_s: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_command: Sequence[str] | None = None
    stop_within_s: float = 10.0
    environ: Mapping[str, str] = field(default_factory=dict)


class Running:
    """A service that is up, and is kept up."""

    def __init__(self, service: Service, log_file: Path) -> None:
        self.service = service
        self.restarts = 0
        self._log_file = log_file
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False
        self._may_run = asyncio.Event()
        self._may_run.set()

    @property
    def pid(self) -> int:
        """The process id of the command as started."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start and wait until ready. Raises `StartFailed`."""
        await self._spawn()
        await self._wait_ready()
        self._keeper = asyncio.create_task(self._keep())

    async def _spawn(self) -> None:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                # No orphan is left when the supervisor itself is killed.
                "setpriv", "--pdeathsig", "TERM", "--", *self.service.command,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **self.service.environ}, start_new_session=True,
            )  # fmt: skip

    async def _wait_ready(self) -> None:
        assert self._process is not None
        died = asyncio.create_task(self._process.wait())
        ready = asyncio.ensure_future(self.service.ready())
        try:
            done, _ = await asyncio.wait(
                {died, ready}, timeout=self.service.ready_within_s, return_when=asyncio.FIRST_COMPLETED
            )
            if ready in done:
                await ready
                return
            why = (
                f"ended with code {self._process.returncode}"
                if died in done
                else f"was not ready in {self.service.ready_within_s:g} s"
            )
            raise StartFailed(f"{self.service.name} {why}. {self._last_words()}\nIts log: {self._log_file}")
        finally:
            died.cancel()
            ready.cancel()

    def _last_words(self) -> str:
        with suppress(OSError):
            return self._log_file.read_text(encoding="utf-8", errors="replace").strip()[-600:]
        return ""

    async def _keep(self) -> None:
        failures = 0
        while True:
            assert self._process is not None
            begun = monotonic()
            code = await self._process.wait()
            if self._stopping:
                return
            failures = 0 if monotonic() - begun > STEADY_S else failures + 1
            if code == EXIT_SETTINGS:
                log.error("service_cannot_start", service=self.service.name, log=str(self._log_file))
                return
            wait_s = RESTART_AFTER_S[min(failures, len(RESTART_AFTER_S) - 1)]
            log.warning("service_restarts", service=self.service.name, code=code, in_s=wait_s)
            await asyncio.sleep(wait_s)
            await self._may_run.wait()
            self.restarts += 1
            await self._spawn()

    def kill(self) -> None:
        """End it and what it started without a warning, as a crash would: it is kept up all the same."""
        os.killpg(self.pid, signal.SIGKILL)

    def hold(self) -> None:
        """From now on leave it down when it dies, until `release`: for maintenance and for tests."""
        self._may_run.clear()

    def release(self) -> None:
        """Keep it up again."""
        self._may_run.set()

    async def stop(self) -> None:
        """Ask it to stop; kill it when it does not."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            await self._end_keeper()
            return
        await self._ask(process)
        try:
            await asyncio.wait_for(process.wait(), self.service.stop_within_s)
        except TimeoutError:
            log.warning("service_killed", service=self.service.name)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await self._end_keeper()

    async def _ask(self, process: asyncio.subprocess.Process) -> None:
        if self.service.stop_command is None:
            with suppress(ProcessLookupError):
                process.send_signal(self.service.stop_signal)
            return
        asking = await asyncio.create_subprocess_exec(
            *self.service.stop_command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        await asking.wait()

    async def _end_keeper(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper


class Supervisor:
    """All services of one platform, in the order they were given."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self.running: dict[str, Running] = {}

    async def start(self, service: Service) -> Running:
        """Start one more service and wait until it is ready. Raises `StartFailed`."""
        running = Running(service, self._log_folder / f"{service.name}.log")
        self.running[service.name] = running
        await running.start()
        log.info("service_ready", service=service.name)
        return running

    async def stop(self) -> None:
        """Stop everything, last started first."""
        for running in reversed(list(self.running.values())):
            await running.stop()
        self.running.clear()


async def until(check: Callable[[], Awaitable[bool]], every_s: float = 0.1) -> None:
    """Poll until the check is true. For a limit, see `Service.ready_within_s`."""
    while not await check():  # noqa: ASYNC110 (what is waited for is another process)
        await asyncio.sleep(every_s)
