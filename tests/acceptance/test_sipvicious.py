"""The scanners that every PBX on the internet meets, bounded: they find a device and nothing in it."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.acceptance.line import prepare
from tests.places import a_platform
from tests.sip import Stranger

PROGRAMS = Path(sys.executable).parent
OPERATOR, TRUNK = "201", "127.0.0.4"
"""The tools call from 127.0.0.1, which is nobody here."""


async def scan(program: str, *words: str, limit_s: float = 60.0) -> str:
    """What one of sipvicious' tools prints within a time; one that would go on for ever is stopped."""
    command = [str(PROGRAMS / f"sipvicious_{program}"), "-v", *words, "127.0.0.1"]
    done = await asyncio.to_thread(
        subprocess.run, ["timeout", str(limit_s), *command], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return done.stdout + done.stderr


def rows(table: str) -> list[list[str]]:
    """The rows of a table that a tool prints, without its head."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("|")]
    return cells[1:]


async def test_sipvicious_tells_no_extension_from_another_and_cracks_no_password(tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("201\n1234\npassword\nasterisk\n", encoding="ascii")
    async with a_platform(place=1, operators=(OPERATOR,), trunk_addresses=(TRUNK,)) as platform:
        prepare(platform)
        await platform.start_pbx()
        port = str(platform.ports.sip)
        assert [row[1] for row in rows(await scan("svmap", "-p", port))] == ["Centralino"], "no version is told"
        for method in ("REGISTER", "OPTIONS", "INVITE"):
            found = await scan("svwar", "-p", port, "-m", method, "-e", "195-210", "--force", "--maximumtime", "15")
            ways = {tuple(row[1:]) for row in rows(found)}
            assert len(ways) <= 1, f"{method} is answered differently for some: {found}"
            assert len(rows(found)) in (0, 16), f"{method} told some extensions from the others: {found}"
        cracked = await scan("svcrack", "-p", port, "-u", OPERATOR, "-d", str(words), limit_s=15)
        assert rows(cracked) == [], cracked
        security = (platform.folders.asterisk / "log" / "security").read_text(encoding="utf-8")
        assert re.search(r'SecurityEvent="(ChallengeResponseFailed|InvalidPassword)"', security), (
            "it was tried, and noted"
        )
        assert 'AccountID="trunk"' not in security
        with closing(Stranger(TRUNK, platform.ports.sip)) as carrier:
            assert (await carrier.invite("800840840")).status == 200, "a citizen is served right afterwards"
