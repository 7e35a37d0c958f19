"""Load one model and end: `python -m voicemail_worker.probe ENGINE FOLDER`.

Exit code 1 and one sentence on stdout when it does not load.
"""

from __future__ import annotations

import sys
from pathlib import Path

from voicemail_worker import engines
from voicemail_worker.model import EngineName, Installed, ModelError


def main(engine: str, folder: str) -> int:
    """The exit code."""
    try:
        engines.load(Installed(EngineName(engine), None, Path(folder), "probe", "probe"))
    except (ModelError, OSError) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
