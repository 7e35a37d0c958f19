"""A process of ours, `python -m MODULE`, as tests start it: its settings are variables, its log is a file, its end is certain."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

Running = AbstractContextManager["subprocess.Popen[bytes]"]
Run = Callable[[str, Mapping[str, str]], Running]
"""From a module and its settings (`{"CENTRALINO_CODES__KEY": "..."}`) to the process, for the length of a block."""


def runner(log: Path) -> Run:
    """What starts processes that add to this log, one or several at once."""

    @contextmanager
    def run(module: str, settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        with (
            log.open("ab") as output,
            subprocess.Popen([sys.executable, "-m", module], env=os.environ | settings, stderr=output) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    return run
