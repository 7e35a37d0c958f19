"""`centralino doctor`: looks at each part and says how to mend it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from centralino.obtain import asterisk_root
from centralino.platform import Platform, check_ports_free
from centralino.postgres import find_program
from centralino.running import holder_of
from centralino.settings import Folders, Tree
from foundation.health import Standing
from foundation.monitor import fetch
from foundation.process import CannotStart
from pbx.ari.probe import probe
from pbx.ari.transport import CannotConnect
from phone.catalogue import LANGUAGES, MissingPrompt, check
from ticket_core.events.municipalities import packaged
from voicemail_worker import models
from voicemail_worker.model import ModelError

LITTLE_SPACE = 2 * 2**30
ASK_WITHIN_S = 5.0


@dataclass(frozen=True)
class Finding:
    """One part: `well` or not, what was seen, and what to do when it is not well."""

    part: str
    well: bool
    seen: str
    mend: str = ""


def examine(tree: Tree) -> Iterator[Finding]:
    """Each part in turn."""
    folders = Folders(tree.up.data, tree.up.cache)
    for part, look, mend in (
        ("bubblewrap", _program("bwrap"), "apt-get install bubblewrap"),
        ("redis", _program("redis-server"), "apt-get install redis-server"),
        ("postgresql", lambda: str(find_program("postgres")), "apt-get install postgresql"),
        ("asterisk", lambda: _asterisk(folders), "run `make setup`"),
        (
            "prompts",
            lambda: _prompts(folders),
            "run `make setup`; to change a prompt put a recording into data/studio/LANGUAGE/",
        ),
        ("speech models", lambda: _models(folders), "centralino models add it"),
        ("municipalities", _municipalities, "run `make setup`: it installs the package that brings ISTAT's list"),
        ("disk", lambda: _disk(folders), "make room: recordings need it"),
        ("platform", lambda: _platform(tree), "start it with `make run`; its logs are in data/logs"),
        ("guard", lambda: _guard(tree), "start it with `make run`; its log is data/logs/guard.log"),
    ):
        yield _examined(part, look, mend)


def _examined(part: str, look: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding(part, True, look())
    except (CannotStart, MissingPrompt, ModelError, CannotConnect, TimeoutError, OSError) as error:
        return Finding(part, False, str(error) or type(error).__name__, mend)


def _program(name: str) -> Callable[[], str]:
    def look() -> str:
        found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin")
        if not found:
            raise CannotStart(f"{name} is not installed")
        return found

    return look


def _asterisk(folders: Folders) -> str:
    if not list(folders.cache.glob("asterisk-*/usr/sbin/asterisk")) and not shutil.which("asterisk"):
        raise CannotStart("no Asterisk yet")
    return asterisk_root(folders.cache) or "the installed one"


def _prompts(folders: Folders) -> str:
    check(folders.sounds)
    return f"complete in {', '.join(LANGUAGES)} ({folders.sounds})"


def _models(folders: Folders) -> str:
    found = models.list_models(folders.models)
    if not found:
        raise CannotStart("none: messages would wait to be transcribed")
    return ", ".join(f"{model.engine.value} {model.language or 'any'} ({model.name})" for model in found)


def _municipalities() -> str:
    source = packaged()
    if source is None:
        raise CannotStart(
            "no list is installed: practices and events can name no municipality that is not there already"
        )
    return source.version


def _disk(folders: Folders) -> str:
    place = folders.data if folders.data.exists() else Path(folders.data.anchor)
    free = shutil.disk_usage(place).free
    if free < LITTLE_SPACE:
        raise CannotStart(f"{free / 2**30:.1f} GiB free")
    return f"{free / 2**30:.0f} GiB free"


def _platform(tree: Tree) -> str:
    platform = Platform(tree, "")
    try:
        found = asyncio.run(probe(platform.pbx_settings()))
    except CannotConnect as error:
        if holder_of(platform.lock("up")):
            raise CannotStart(f"it runs, but {error}: `centralino status` says more") from None
        check_ports_free(platform.port_list())
        raise CannotStart(f"not running ({error})") from None
    if found.missing:
        raise CannotStart(f"Asterisk {found.version} runs without {', '.join(sorted(found.missing))}")
    if "ivr" not in found.applications:
        raise CannotStart("Asterisk runs, but ivr is not connected: calls go to the fallback")
    return f"Asterisk {found.version} answers, ivr is connected"


def _guard(tree: Tree) -> str:
    try:
        page = asyncio.run(fetch(Platform(tree, "").services.monitor_address("guard"), "/ready", ASK_WITHIN_S))
    except OSError as error:
        raise CannotStart(f"not running ({error})") from None
    checks = json.loads(page.text)["checks"]
    if page.status != HTTPStatus.OK:
        raise CannotStart("; ".join(f"{name}: {check['says']}" for name, check in checks.items()))
    remarks = [f"{name}: {check['says']}" for name, check in checks.items() if check["standing"] == Standing.DEGRADED]
    return "; ".join(["watches", *remarks])
