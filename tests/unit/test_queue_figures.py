"""A day computed by hand: what each call of a table does to the figures. The numbers in the comments come from paper, not from the code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ledger.accessibility import LineState
from ledger.figures import Facts, QueueFigures, figures, operator_figures
from ledger.model import Call, OperatorState, StepKind
from ledger.span import Span
from tests.waiting import (
    a_call,
    abandoned,
    answered_call,
    bridged,
    did,
    ended,
    left,
    missed,
    queued,
    talked,
    wrapped_up,
)

NINE = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
SIX = NINE + timedelta(hours=9)
DAY = Span(NINE, SIX)


def at(clock: str) -> datetime:
    hour, minute, second = map(int, clock.split(":"))
    return NINE.replace(hour=hour, minute=minute, second=second)


def the_calls() -> list[Call]:
    """Entered the line, and what became of it (w: waited; t, h, u: talk, hold, wrap-up)."""
    return [
        # 09:00 answered by 201: w 5, t 100, h 20, u 15
        answered_call(at("09:00:00"), "201", 5, 100, 15, hold_s=20),
        # 09:05 201 does not answer, 202 does: w 20, t 60, u 15
        a_call(at("09:05:00"), queued(), missed(10, "201"), bridged(20, "202", 20), talked(80, "202", 60), ended(80),
               wrapped_up(95, "202", 15)),
        # 09:10 answered by 201: w 40, t 200, u 25
        answered_call(at("09:10:00"), "201", 40, 200, 25),
        # 09:15 hangs up after 3 s (short), 09:20 after 5 s (not short any more), 09:25 after 60 s
        a_call(at("09:15:00"), queued(), abandoned(3, 3), ended(3)),
        a_call(at("09:20:00"), queued(), abandoned(5, 5), ended(5)),
        a_call(at("09:25:00"), queued(), abandoned(60, 60), ended(60)),
        # 09:26:30 the same caller is back and takes the old place; answered by 202: w 8, t 30, u 15
        a_call(at("09:26:30"), queued(via="returned"), bridged(8, "202", 8), talked(38, "202", 30), ended(38),
               wrapped_up(53, "202", 15)),
        # 09:30 chooses a message after 10 s; 09:35 a callback after 20 s
        a_call(at("09:30:00"), queued(), left(10, "message", 10), ended(90)),
        a_call(at("09:35:00"), queued(), left(20, "callback", 20), ended(25)),
        # 09:40 sent on after 1200 s; 09:45 refused because the line is full; 09:50 because nobody is there
        a_call(at("09:40:00"), queued(), left(1200, "waited_long", 1200), ended(1300)),
        a_call(at("09:45:00"), left(0, "full", 0), ended(60)),
        a_call(at("09:50:00"), left(0, "no_operator", 0), ended(60)),
        # 10:00 waits 10 s, is sent on, asks again a minute later, and is answered by 202 after 15 s: w 25, t 45, u 15
        a_call(at("10:00:00"), queued(), left(10, "no_operator", 10), queued(70), bridged(85, "202", 15), talked(130, "202", 45),
               ended(130), wrapped_up(145, "202", 15)),
        # 10:10 the callback of 09:35, by 201: t 90, u 10
        a_call(at("10:10:00"), queued(via="callback"), bridged(300, "201", 300), talked(390, "201", 90), ended(390),
               wrapped_up(400, "201", 10)),
        # 10:20 the fallback rings 202, who answers after 12 s and talks for 48
        a_call(at("10:20:00"), (0, StepKind.FALLBACK, {}), queued_by_fallback(), (12, StepKind.ANSWERED, {"operator": "PJSIP/202"}),
               ended(60)),
        # 10:25 an exercise; 10:30 a caller who only asks for a practice's state
        answered_call(at("10:25:00"), "201", 2, 500, 10, simulated=True),
        a_call(at("10:30:00"), (5, StepKind.STATUS_ASKED, {}), ended(30)),
        # 17:59:50 answered by 201 in the evening: w 15, t 20, u 15
        answered_call(at("17:59:50"), "201", 15, 20, 15),
    ]  # fmt: skip


def queued_by_fallback() -> tuple[float, StepKind, dict[str, object]]:
    return 0, StepKind.QUEUED, {}


OPERATORS = [
    # 201: idle 5 s, works 120 + 15 s, idle 3460 s till ten, a pause, idle half an hour.
    did("201", OperatorState.IDLE, at("09:00:00")),
    did("201", OperatorState.TALKING, at("09:00:05")),
    did("201", OperatorState.WRAP_UP, at("09:02:05")),
    did("201", OperatorState.IDLE, at("09:02:20")),
    did("201", OperatorState.PAUSED, at("10:00:00")),
    did("201", OperatorState.IDLE, at("10:30:00")),
    did("201", OperatorState.OFF, at("11:00:00")),
    # 202: idle from before the day on, rung for 10 s, talks for 60, then without a phone.
    did("202", OperatorState.IDLE, at("08:50:00")),
    did("202", OperatorState.RINGING, at("10:00:00")),
    did("202", OperatorState.TALKING, at("10:00:10")),
    did("202", OperatorState.UNREACHABLE, at("10:01:10")),
    did("202", OperatorState.OFF, at("10:30:00")),
]


def of_the_day(now: datetime) -> QueueFigures:
    return figures(Facts.of(the_calls(), OPERATORS, now), DAY)


def test_a_day_by_hand_in_the_evening() -> None:
    day = of_the_day(SIX + timedelta(hours=1))
    # Entered: 09:00 :05 :10 :15 :20 :25 :26 :30 :35 :40, 10:00, 10:20, 17:59. Not: the two refused, the callback, the exercise, the state.
    assert day.offered == 13
    # 09:00 :05 :10 :26, 10:00, 10:20, 17:59.
    assert (day.answered, day.waiting) == (7, 0)
    # 09:15 (short) :20 :25, and 09:40, whom we sent on.
    assert (day.abandoned, day.abandoned_short, day.sent_on) == (4, 1, 1)
    assert (day.chose_message, day.chose_callback, day.callbacks) == (1, 1, 1)
    # In 20 s: 5, 20, 8, 12, 15 of 13 - the short one - the message of 09:30; the callback left at 20 s, which is not before.
    assert day.service_level == pytest.approx(5 / 11)
    # 5 + 20 + 40 + 8 + 25 + 12 + 15
    assert day.answer_speed_s == pytest.approx(125 / 7)
    # Three of ten: the short one is in neither.
    assert day.abandonment == pytest.approx(0.3)
    assert day.longest_wait_s == 1200
    # 135 + 75 + 225 + 45 + 60 + 100 + 48 + 35
    assert (day.handled, day.handling_s) == (8, pytest.approx(723 / 8))
    # 135 + 60 worked; 5 + 3460 + 1800 and 3600 + 10 could be rung.
    assert day.occupancy == pytest.approx(195 / 9070)
    # 09:40 and 09:45; 09:50.
    assert (day.saturated, day.unstaffed) == (2, 1)
    # All but the exercise; twelve of them before ten.
    assert (day.arrived, day.busiest_hour, day.of_promised) == (17, 12, 0.12)
    assert (day.blocked, day.accessibility) == (None, None)


def test_the_same_day_seen_at_six_has_one_caller_who_still_waits() -> None:
    day = of_the_day(SIX)
    assert (day.offered, day.answered, day.waiting) == (13, 6, 1)
    # 5, 20, 8, 12 of 11 - the one who has waited 10 s.
    assert day.service_level == pytest.approx(0.4)
    # 125 - 15
    assert day.answer_speed_s == pytest.approx(110 / 6)
    # 723 - 35
    assert (day.handled, day.handling_s) == (7, pytest.approx(688 / 7))


def test_who_has_waited_longer_than_the_target_without_an_answer_counts_against_it() -> None:
    waits = [a_call(NINE, queued()), answered_call(NINE, "201", 1, 60, 0)]
    soon, later = (
        figures(Facts.of(waits, [], NINE + timedelta(seconds=s)), DAY) for s in (19, 20)
    )  # fmt: skip
    assert (soon.service_level, later.service_level) == (1.0, 0.5)
    assert later.longest_wait_s == 20


def test_each_operators_day_by_hand() -> None:
    first, second = operator_figures(Facts.of(the_calls(), OPERATORS, SIX + timedelta(hours=1)), DAY)
    # 201 answered 09:00, 09:10, 17:59, and called back at 10:10: talk 100 + 200 + 20 + 90, wrap-up 15 + 25 + 15 + 10.
    assert (first.number, first.answered, first.missed, first.handled) == ("201", 3, 1, 4)
    assert (first.talk_s, first.hold_s, first.wrap_up_s) == (410, 20, 65)
    assert first.handling_s == pytest.approx(495 / 4)
    # 135 s of work, and 5 + 3460 + 1800 in which 201 could be rung.
    assert first.occupancy == pytest.approx(135 / 5400)
    assert (first.idle_s, first.paused_s, first.unreachable_s) == (5265, 1800, 0)
    # 202 answered 09:05, 09:26, 10:00 and the fallback's: talk 60 + 30 + 45 + 48, wrap-up 15 + 15 + 15.
    assert (second.number, second.answered, second.missed, second.handled) == ("202", 4, 0, 4)
    assert (second.talk_s, second.wrap_up_s) == (183, 45)
    # 29 minutes less 10 s
    assert second.unreachable_s == 1730


def test_a_stretch_without_calls_divides_by_nothing() -> None:
    empty = figures(Facts.of([], [], SIX), DAY)
    assert (empty.offered, empty.busiest_hour, empty.of_promised) == (0, 0, 0)
    for value in (empty.service_level, empty.answer_speed_s, empty.abandonment, empty.handling_s, empty.occupancy):
        assert value is None
    assert operator_figures(Facts.of([], [], SIX), DAY) == []


def test_a_call_that_is_transferred_back_into_the_line_stays_answered() -> None:
    twice = a_call(
        NINE, queued(), bridged(5, "201", 5), talked(65, "201", 60), queued(65, via="returned"), abandoned(95, 30), ended(95)
    )  # fmt: skip
    day = figures(Facts.of([twice], [], SIX), DAY)
    assert (day.offered, day.answered, day.abandoned, day.answer_speed_s) == (1, 1, 0, 5)


def test_a_callback_asked_for_in_a_call_is_made_in_it_and_changes_what_the_caller_chose_in_nothing() -> None:
    call = a_call(
        NINE, queued(), left(30, "callback", 30), queued(31, via="callback"), bridged(600, "201", 569), talked(660, "201", 60),
        ended(660),
    )  # fmt: skip
    day = figures(Facts.of([call], [], SIX), DAY)
    assert (day.offered, day.answered, day.chose_callback, day.callbacks, day.handled) == (1, 0, 1, 0, 1)


def test_a_message_taken_by_the_fallback_after_waiting_is_a_caller_sent_on() -> None:
    call = a_call(NINE, (0, StepKind.FALLBACK, {}), queued_by_fallback(), (90, StepKind.VOICEMAIL, {}), ended(120))
    day = figures(Facts.of([call], [], SIX), DAY)
    assert (day.offered, day.abandoned, day.sent_on, day.longest_wait_s) == (1, 1, 1, 90)


def test_who_hangs_up_on_the_fallback_is_abandoned_after_the_time_between_its_steps() -> None:
    call = a_call(NINE, (0, StepKind.FALLBACK, {}), queued_by_fallback(), ended(3))
    day = figures(Facts.of([call], [], SIX), DAY)
    assert (day.abandoned, day.abandoned_short, day.longest_wait_s) == (1, 1, 3)


def test_who_was_sent_on_at_once_is_no_short_one() -> None:
    call = a_call(NINE, queued(), left(1, "no_operator", 1), ended(60))
    day = figures(Facts.of([call], [], SIX), DAY)
    assert (day.abandoned, day.abandoned_short, day.service_level, day.unstaffed) == (1, 0, 0.0, 1)


def test_accessibility_is_the_share_of_open_time_in_which_the_line_could_be_reached() -> None:
    open_hours = (Span(NINE, at("13:00:00")), Span(at("14:00:00"), SIX))
    # Lost: 12:30 to 14:15 and, within it, 12:45 to 13:15: half an hour of the morning, a quarter of the afternoon, of eight hours.
    lost = (Span(at("12:30:00"), at("14:15:00")), Span(at("12:45:00"), at("13:15:00")))
    day = figures(Facts.of([], [], SIX), DAY, line=LineState(open_hours, lost, blocked=3))
    assert (day.accessibility, day.blocked) == (pytest.approx(1 - 0.75 / 8), 3)
    night = Span(SIX, SIX + timedelta(hours=1))
    assert figures(Facts.of([], [], SIX), night, line=LineState(open_hours, lost)).accessibility is None


def test_the_day_on_which_the_clocks_go_back_has_twenty_five_hours() -> None:
    midnight, next_midnight = (datetime(2026, 10, day, tzinfo=ZoneInfo("Europe/Rome")) for day in (25, 26))
    hours = Span(midnight, next_midnight).hours()
    assert len(hours) == 25
    assert {span.seconds_of(span) for span in hours} == {3600}
    assert [span.seconds_of(span) for span in Span(NINE, NINE + timedelta(minutes=150)).hours()] == [3600, 3600, 1800]
