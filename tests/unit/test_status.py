"""What `centralino status` shows: what a caller meets first, then each part and what to do about it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from centralino.log_lines import LogLine
from centralino.picture import Figures, Part, Picture, lasting
from centralino.samples import figures_of, read_samples
from foundation.health import Standing

AT = datetime(2026, 10, 5, 7, 1, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")
GIB = 2**30
IVR_PAGE = """\
# TYPE centralino_ivr_calls gauge
centralino_ivr_calls{flow="main_menu"} 2.0
centralino_ivr_calls{flow="mailbox"} 1.0
centralino_ivr_calls{flow="status"} 0.0
# TYPE centralino_outbox_pending_entries gauge
centralino_outbox_pending_entries 7.0
# TYPE centralino_outbox_oldest_seconds gauge
centralino_outbox_oldest_seconds 95.0
"""
VOICEMAIL_PAGE = """\
# TYPE centralino_voicemail_messages_waiting gauge
centralino_voicemail_messages_waiting 1.0
# TYPE centralino_voicemail_oldest_waiting_seconds gauge
centralino_voicemail_oldest_waiting_seconds 3720.0
"""


def figures(ivr: str | None = IVR_PAGE, voicemail: str | None = VOICEMAIL_PAGE, disk: int = 50 * GIB) -> Figures:
    pages = [None if page is None else read_samples(page) for page in (ivr, voicemail)]
    return figures_of(*pages, most_calls=500, fallback=1, disk=disk)


def part(name: str, standing: Standing = Standing.WELL, says: str = "", mend: str = "") -> Part:
    return Part(name, standing, says, AT - timedelta(hours=2, minutes=13), mend)


def picture(*parts: Part, of: Figures | None = None, alarms: tuple[LogLine, ...] = ()) -> Picture:
    return Picture(AT, parts, of or figures(), alarms)


def text(shown: Picture) -> str:
    return "\n".join(shown.lines(ROME))


def test_when_all_is_well_it_says_so_and_nothing_is_to_be_done() -> None:
    shown = picture(part("asterisk"), part("ivr"))
    assert shown.well
    assert "\n  CALLS ARE ANSWERED\n" in text(shown)
    assert "do:" not in text(shown)
    assert "up 2 h 13 min" in text(shown)
    assert "Monday 05 October 2026, 09:01:00" in text(shown)


@pytest.mark.parametrize(
    ("standing", "headline"),
    [
        (Standing.WELL, "CALLS ARE ANSWERED; 1 part to look at"),
        (Standing.DEGRADED, "CALLS GO TO THE FALLBACK: callers hear the notice and leave messages; 2 parts to look at"),
        (Standing.FAILING, "NO CALL IS ANSWERED: the PBX does not serve"),
    ],
)
def test_the_headline_says_what_a_caller_meets(standing: Standing, headline: str) -> None:
    shown = picture(part("asterisk", standing), part("ivr", Standing.FAILING))
    assert shown.headline() == headline
    assert not shown.well


@pytest.mark.parametrize(
    ("name", "standing", "well"),
    [
        ("guard", Standing.DEGRADED, True),
        ("guard", Standing.WAITING, False),
        ("redis", Standing.FAILING, False),
        ("asterisk", Standing.DEGRADED, False),
    ],
)
def test_it_is_well_while_callers_are_answered_and_no_part_has_failed(
    name: str, standing: Standing, well: bool
) -> None:
    others = [part(other) for other in ("asterisk", "ivr") if other != name]
    assert picture(*others, part(name, standing)).well is well


def test_a_part_that_is_not_well_says_why_and_what_to_do() -> None:
    shown = text(picture(part("asterisk"), part("ivr", Standing.FAILING, "frozen", "kill -9 77")))
    assert "  ivr        NOT WELL   up 2 h 13 min    frozen\n" in shown
    assert "do: kill -9 77\n" in shown


def test_calls_in_progress_and_what_waits_are_counted_with_the_age_of_the_oldest() -> None:
    shown = text(picture(part("asterisk")))
    assert "3 in progress: mailbox 1, main_menu 2 (at most 500)" in shown
    assert "1 message for their text (the oldest for 1 h 2 min)" in shown
    assert "1 fallback call to import, 7 writes in the outbox (the oldest for 1 min 35 s)" in shown


def test_what_a_silent_process_would_know_is_unknown_not_zero() -> None:
    shown = text(picture(part("asterisk"), of=figures(ivr=None, voicemail=None)))
    assert "unknown: ivr does not answer" in shown
    assert "messages unknown: voicemail does not answer" in shown
    assert "outbox unknown: ivr does not answer" in shown


def test_an_ivr_that_had_no_call_yet_has_none_in_progress() -> None:
    assert "0 in progress (at most 500)" in text(picture(part("asterisk"), of=figures(ivr="")))


def test_little_disk_is_not_well_though_every_process_is() -> None:
    shown = picture(part("asterisk"), of=figures(disk=GIB))
    assert not shown.well
    assert "1.0 GiB free: LITTLE" in text(shown)


def test_the_last_alarms_are_told_in_local_time() -> None:
    alarm = LogLine(AT, "ivr", "error", "call_to_fallback", "", {"module": "ivr", "error": "OSError", "at": ["a.py:1"]})
    assert "Mon 09:01:00  ivr        call to fallback (error OSError)" in text(
        picture(part("asterisk"), alarms=(alarm,))
    )
    assert "last alarms    none" in text(picture(part("asterisk")))


def test_a_program_gets_the_same_as_json() -> None:
    document = json.loads(json.dumps(picture(part("asterisk"), part("ivr", Standing.WAITING)).document()))
    assert document["well"] is False
    assert [(entry["name"], entry["standing"]) for entry in document["parts"]] == [
        ("asterisk", "well"),
        ("ivr", "waiting"),
    ]
    assert document["figures"]["calls"] == {"mailbox": 1, "main_menu": 2}


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (7260, "2 h 1 min"), (90000, "1 d 1 h"), (-3, "0 s")],
)
def test_a_length_of_time_is_told_in_two_units(seconds: float, told: str) -> None:
    assert lasting(seconds) == told
