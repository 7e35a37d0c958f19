"""Which Asterisk is used: the installed one when it has what we need, else one in a root file system of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from centralino.settings import CHECKOUT
from centralino.trial import asterisk_fits
from foundation.process import CannotStart

OBTAIN = CHECKOUT / "asterisk_conf" / "obtain.sh"


def asterisk_root(cache: Path) -> str:
    """The root file system Asterisk is started from: "" for the host's own, when that has what we need, else one of our own."""
    note = cache / "installed-asterisk.json"
    installed = shutil.which("asterisk", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if installed and installed.startswith("/usr/sbin"):
        stamp = str(Path(installed).stat().st_mtime_ns)
        known = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
        if known.get("stamp") != stamp:
            known = {"stamp": stamp, "fits": asterisk_fits("", cache / "trial")}
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(json.dumps(known), encoding="utf-8")
        if known["fits"]:
            return ""
    done = subprocess.run([str(OBTAIN), str(cache)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise CannotStart("no Asterisk could be obtained: see the lines above")
    return done.stdout.strip().splitlines()[-1]
