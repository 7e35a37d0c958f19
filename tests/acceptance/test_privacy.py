"""What callers say and show is in the records alone: no log, no page of the PBX, no process list has it."""

from __future__ import annotations

import json
from pathlib import Path

from centralino.looks import look
from centralino.services import OURS
from centralino.trace import trace
from foundation.monitor import fetch
from tests.acceptance.line import ServiceLine
from tests.acceptance.test_mailbox import code_heard, to_mailbox


def with_any(folder: Path, secrets: list[str]) -> dict[str, list[str]]:
    """Which files of a folder hold which of these words."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in {".wav"}:
            text = path.read_text(encoding="utf-8", errors="replace").lower()
            if held := [secret for secret in secrets if secret.lower() in text]:
                found[path.name] = held
    return found


async def test_no_log_holds_a_number_a_code_or_a_word_that_was_said(at_night: ServiceLine) -> None:
    told = await at_night.call(
        *to_mailbox(),
        "speak {it}",
        "press #",
        "hear-start it/after-message",
        "press 1",
        "hear it/code-again",
        "hang up",
    )
    [message] = await at_night.messages_of(told)
    assert "albero" in str((await at_night.transcribed(message)).transcript).lower()
    code = code_heard(told)
    again = await at_night.call(
        "hear-start it/welcome", f"press 2{code}#", "hear-start it/status-received", "hang up", caller=told.caller
    )
    assert not again.complaint
    secrets = [code, told.caller, told.caller.removeprefix("+39"), "albero", "caduto"]
    assert all(secrets)
    folders = at_night.platform.folders
    assert (folders.logs / "ivr.log").stat().st_size > 0
    assert with_any(folders.logs, secrets) == {}
    assert with_any(folders.asterisk / "log", secrets) == {}
    assert with_any(folders.asterisk / "spool", secrets) == {}
    pages = await every_page(at_night)
    assert 'centralino_ivr_calls_ended_total{outcome="message_left"}' in pages["ivr/metrics"]
    assert 'centralino_voicemail_messages_total{outcome="transcribed"}' in pages["voicemail/metrics"]
    assert {name: secret for name, page in pages.items() for secret in secrets if secret.lower() in page.lower()} == {}
    call_id = str(message.call_id)
    decoded = (folders.logs / "voicemail.log").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["call_id"] for line in decoded if str(message.id) in line} == {call_id}
    platform = at_night.platform
    shown = [
        *await trace(platform.tree, platform.database_url, folders.logs, call_id),
        *(await look(platform)).lines(platform.tree.hours.zone),
    ]
    assert [line for line in shown for secret in secrets if secret.lower() in line.lower()] == []
    assert [name for name, page in pages.items() if call_id in page or str(message.id) in page] == []


async def every_page(line: ServiceLine) -> dict[str, str]:
    """What each process of ours tells whoever monitors it."""
    addresses = {name: line.platform.services.monitor_address(name) for name in OURS}
    return {
        f"{name}/{page}": (await fetch(address, f"/{page}", 5.0)).text
        for name, address in addresses.items()
        for page in ("health", "ready", "metrics")
    }


async def test_every_line_of_our_logs_is_json_that_names_its_process_and_in_a_call_the_call(
    at_night: ServiceLine,
) -> None:
    told = await at_night.call("hear-start it/welcome", "hang up")
    call_id = str((await at_night.page_of(told)).call_id)
    for name in OURS:
        lines = (at_night.platform.folders.logs / f"{name}.log").read_text(encoding="utf-8").splitlines()
        assert {json.loads(line)["process"] for line in lines} == {name}
    logged = (at_night.platform.folders.logs / "ivr.log").read_text(encoding="utf-8")
    assert [json.loads(line)["event"] for line in logged.splitlines() if call_id in line]


async def test_no_log_and_no_command_line_holds_a_password(at_night: ServiceLine) -> None:
    folders = at_night.platform.folders
    secrets = [path.read_text().strip() for path in folders.secrets.iterdir()]
    assert len(secrets) >= 4
    assert with_any(folders.logs, secrets) == {}
    command_lines = " ".join(
        path.read_bytes().decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    )
    assert not [secret for secret in secrets if secret in command_lines]
    for path in folders.secrets.iterdir():
        assert path.stat().st_mode & 0o077 == 0, f"{path.name} can be read by others"
