"""The process that decodes, and may be killed: `python -m voicemail_worker.decoder PARENT NICENESS`.

Jobs come in on stdin, answers go out on stdout (`wire.py`). It keeps the models it has loaded. It ends when stdin does,
and with its parent, however that ends.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from voicemail_worker import audio, engines, voice_activity, wire
from voicemail_worker.model import Installed, Job, ModelBroken, ModelError, NoSpeech, Outcome, Transcribed, Unreadable
from voicemail_worker.ports import Engine
from voicemail_worker.wire import Step

PR_SET_PDEATHSIG = 1
MOST_LOADED = 2
"""A loaded model holds 300-600 MB; two are one per spoken language."""


class Loaded:
    """The engines in memory, by model folder; a folder that was replaced is loaded again."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {}

    def engine(self, model: Installed) -> Engine:
        """Raises `ModelError`."""
        key = f"{model.folder}#{model.stamp}"
        if key not in self._engines:
            while len(self._engines) >= MOST_LOADED:
                del self._engines[next(iter(self._engines))]
            self._engines[key] = engines.load(model)
        return self._engines[key]


def decode(job: Job, loaded: Loaded, entered: Callable[[Step], None]) -> Outcome:
    """Read, look for speech, load, transcribe; `entered` hears of each step. What is not foreseen ends the process."""
    entered(Step.READING)
    try:
        sound = audio.read(job.audio, job.longest_s)
    except audio.UnreadableAudio as error:
        return Unreadable(str(error))
    if not voice_activity.is_speech(sound):
        return NoSpeech()
    entered(Step.LOADING)
    try:
        engine = loaded.engine(job.model)
    except (ModelError, OSError) as error:
        return ModelBroken(str(error))
    entered(Step.DECODING)
    return Transcribed(engine.transcribe(audio.pcm(audio.normalised(sound)), sound.rate, job.language))


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer jobs until they end."""
    loaded = Loaded()

    def answer(line: bytes) -> None:
        answers.write(line)
        answers.flush()

    for line in jobs:
        outcome = decode(wire.job_of(line), loaded, lambda step: answer(wire.step_line(step)))
        answer(wire.outcome_line(outcome))


def stand_back(parent: int, niceness: int) -> None:
    """End with the parent, let calls go first, be the first to go without memory, leave no core dump of a voice."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the worker that started this decoder is gone.")
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
        score.write("1000")
    # The worker stops this process itself, after giving the message back: a Ctrl-C meant for the worker comes here too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def answers_only() -> BinaryIO:
    """The real stdout, and everything a library prints from now on goes to stderr instead."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return own


def main(arguments: list[str]) -> None:
    """Run as the worker's child."""
    stand_back(int(arguments[0]), int(arguments[1]))
    serve(sys.stdin.buffer, answers_only())


if __name__ == "__main__":
    main(sys.argv[1:])
