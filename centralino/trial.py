"""Whether an Asterisk has what we need, found out by starting it with our own files and asking."""

from __future__ import annotations

import asyncio
from pathlib import Path

from centralino.platform import Platform
from centralino.settings import Tree, UpSettings
from centralino.supervisor import StartFailed

TRIAL_PORT = 30000


def asterisk_fits(root: str, folder: Path) -> bool:
    """Start the Asterisk of `root` ("" is the host's own) on a folder of its own; True when it loads our modules and answers."""
    return asyncio.run(_fits(root, folder))


async def _fits(root: str, folder: Path) -> bool:
    platform = Platform(Tree(up=UpSettings(data=folder, first_port=TRIAL_PORT)), root)
    platform.folders.sounds.mkdir(parents=True, exist_ok=True)
    try:
        await platform.start_pbx()
    except (StartFailed, FileNotFoundError):
        return False
    finally:
        await platform.stop()
    return True
