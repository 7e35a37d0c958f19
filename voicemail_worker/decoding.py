"""The decoder process seen from the worker: started when needed, watched, killed when it hangs, started again."""

from __future__ import annotations

import asyncio
import os
import sys

from foundation import logs, settings
from voicemail_worker import wire
from voicemail_worker.model import Died, Job, ModelBroken, Outcome
from voicemail_worker.wire import Step

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes: a transcript of hours, every word with its times."""

ENDING_S = 5.0

log = logs.get(__name__)


class DecoderProcess:
    """One child process, which answers one job at a time. It implements `ports.Decoder`.

    `load_limit_s` seconds are allowed to load a model. `pid` and `step` say which process is where in a job; both are
    None while there is none.
    """

    def __init__(self, load_limit_s: float, niceness: int) -> None:
        self._load_limit_s = load_limit_s
        self._niceness = niceness
        self._child: asyncio.subprocess.Process | None = None
        self.step: Step | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the running decoder."""
        return self._child.pid if self._child and self._child.returncode is None else None

    async def decode(self, job: Job, limit_s: float) -> Outcome:
        """See `ports.Decoder`. Whatever was not answered cleanly ends the child: the next job gets a fresh one."""
        answered = False
        try:
            outcome = await self._ask(job, limit_s)
            answered = not isinstance(outcome, Died)
            return outcome
        finally:
            self.step = None
            if not answered:
                await self.close()

    async def close(self) -> None:
        """Kill the child and wait until it is gone."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.returncode is None:
            child.kill()
        if child.stdin is not None:
            child.stdin.close()
        await child.wait()

    async def _ask(self, job: Job, limit_s: float) -> Outcome:
        child = await self._running()
        assert child.stdin is not None
        self.step = Step.READING
        try:
            child.stdin.write(wire.job_line(job))
            await child.stdin.drain()
            while True:
                answer = await self._answer(child, limit_s)
                if not isinstance(answer, Step):
                    return answer
                self.step = answer
        except TimeoutError:
            return self._blame(f"it took longer than {self._limit(limit_s):.0f} s")
        except (ConnectionError, EOFError):
            return self._blame(f"the process ended ({await _ending(child)})")

    async def _answer(self, child: asyncio.subprocess.Process, limit_s: float) -> Step | Outcome:
        assert child.stdout is not None
        async with asyncio.timeout(self._limit(limit_s)):
            line = await child.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return wire.answer_of(line)

    def _limit(self, limit_s: float) -> float:
        return self._load_limit_s if self.step is Step.LOADING else limit_s

    def _blame(self, cause: str) -> Outcome:
        if self.step is Step.LOADING:
            return ModelBroken(f"loading the model failed: {cause}. Install it again.")
        return Died(f"the decoder failed while {self.step}: {cause}")

    async def _running(self) -> asyncio.subprocess.Process:
        if self._child is not None and self._child.returncode is not None:
            await self.close()
        if self._child is None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "voicemail_worker.decoder", str(os.getpid()), str(self._niceness)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                env=_environ(),
            )
            log.info("decoder_started", decoder=self._child.pid)
        return self._child


def _environ() -> dict[str, str]:
    # A process that opens strangers' files needs none of our settings, some of which are secrets; and one thread is
    # enough: the other processor belongs to the calls.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings.PREFIX)}
    return kept | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


async def _ending(child: asyncio.subprocess.Process) -> str:
    # Its pipes are closed, so it is ending; to signal it meanwhile would take its exit code from asyncio's own waiter.
    try:
        async with asyncio.timeout(ENDING_S):
            code = await child.wait()
    except TimeoutError:
        return "it closed its answers and stayed"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
