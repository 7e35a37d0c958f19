"""What holds of the figures whatever callers and operators do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.figures import Facts, QueueFigures, figures
from ledger.model import Call, OperatorState, OperatorStep
from ledger.span import Span
from tests.waiting import Made, a_call, abandoned, answered_call, bridged, did, ended, left, missed, queued, talked

NINE = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
EVENING = NINE + timedelta(hours=10)
DAY = Span(NINE, EVENING)
COUNTS = (
    "offered", "answered", "abandoned", "abandoned_short", "sent_on", "chose_message", "chose_callback", "waiting", "callbacks", "handled",
    "saturated", "unstaffed", "arrived",
)  # fmt: skip

seconds = st.integers(0, 400).map(float)
numbers = st.sampled_from(["201", "202"])
moments = st.integers(0, 9 * 3600).map(lambda s: NINE + timedelta(seconds=s))


@st.composite
def ways(draw: st.DrawFn) -> tuple[Made, ...]:
    """One stay in the line after another, each with its end, or the last without one."""
    made, after = [], 0.0
    for _ in range(draw(st.integers(0, 3))):
        waited, operator = draw(seconds), draw(numbers)
        made.append(queued(after, via=draw(st.sampled_from(["menu", "returned", "callback"]))))
        after += waited
        match draw(st.sampled_from(["answer", "hang_up", "message", "callback", "waited_long", "no_operator", "miss"])):
            case "answer":
                made += [bridged(after, operator, waited), talked(after + 30, operator, 30)]
                after += 30
            case "hang_up":
                made.append(abandoned(after, waited))
            case "miss":
                made.append(missed(after, operator))
            case why:
                made.append(left(after, why, waited))
        after += draw(seconds)
    return (*made, ended(after))


calls = st.lists(st.builds(lambda began, way: a_call(began, *way), moments, ways()), max_size=12)
operators = st.lists(st.builds(did, numbers, st.sampled_from(OperatorState), moments), max_size=20)


def until(calls: list[Call], now: datetime) -> list[Call]:
    """The rows that were written by then."""
    return [
        replace(call, steps=tuple(step for step in call.steps if step.at <= now)) for call in calls if call.started_at <= now
    ]  # fmt: skip


def is_sound(seen: QueueFigures) -> bool:
    chose = seen.chose_message + seen.chose_callback
    shares = (seen.service_level, seen.abandonment, seen.occupancy)
    return (
        seen.offered == seen.answered + seen.abandoned + chose + seen.waiting
        and seen.abandoned_short + seen.sent_on <= seen.abandoned
        and seen.busiest_hour <= seen.arrived
        and all(share is None or 0 <= share <= 1 for share in shares)
    )


@given(calls, operators, moments)
def test_every_caller_is_counted_once_and_every_share_is_one(
    came: list[Call], did_what: list[OperatorStep], now: datetime
) -> None:
    assert is_sound(figures(Facts.of(came, did_what, now), DAY))


@given(calls, operators, moments)
def test_the_live_view_is_the_report_of_that_moment(
    came: list[Call], did_what: list[OperatorStep], now: datetime
) -> None:
    written = [step for step in did_what if step.at <= now]
    assert figures(Facts.of(until(came, now), written, now), DAY) == figures(Facts.of(came, did_what, now), DAY)


@given(calls, operators)
def test_once_all_is_over_the_live_view_of_the_evening_is_the_history_of_the_day(
    came: list[Call], did_what: list[OperatorStep]
) -> None:
    live = figures(Facts.of(came, did_what, EVENING), DAY)
    assert live.waiting == 0
    assert figures(Facts.of(came, did_what, EVENING + timedelta(days=30)), DAY) == live


@given(calls, operators)
def test_the_hours_of_a_day_add_up_to_the_day(came: list[Call], did_what: list[OperatorStep]) -> None:
    facts = Facts.of(came, did_what, EVENING)
    of_hours, of_day = [figures(facts, hour) for hour in DAY.hours()], figures(facts, DAY)
    assert {name: sum(getattr(one, name) for one in of_hours) for name in COUNTS} == {
        name: getattr(of_day, name) for name in COUNTS
    }


@given(calls)
def test_steps_and_calls_may_be_read_in_any_order(came: list[Call]) -> None:
    shuffled = [replace(call, steps=tuple(reversed(call.steps))) for call in reversed(came)]
    assert figures(Facts.of(shuffled, [], EVENING), DAY) == figures(Facts.of(came, [], EVENING), DAY)


@given(calls)
def test_exercises_change_no_figure(came: list[Call]) -> None:
    exercises = [answered_call(NINE, "201", 5, 60, 5, simulated=True)]
    assert figures(Facts.of([*came, *exercises], [], EVENING), DAY) == figures(Facts.of(came, [], EVENING), DAY)
