"""A process says how it is: what does its job is healthy, what would take a call is ready, and a loop that stands still is told."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from foundation.health import LIFE, LOOP, STALLED_AFTER_S, Health, Standing
from foundation.monitor import answer
from tests.clocks import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def health(clock: HeldClock) -> Health:
    health = Health("ivr", clock)
    health.life.well("running")
    return health


def statuses(health: Health) -> tuple[int, int]:
    """What `/health` and `/ready` answer."""
    return answer("/health", health)[0], answer("/ready", health)[0]


def test_a_process_that_has_said_nothing_yet_is_healthy_and_not_ready(clock: HeldClock) -> None:
    assert statuses(Health("ivr", clock)) == (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)


@pytest.mark.parametrize(
    ("standing", "healthy", "ready"),
    [
        (Standing.WELL, True, True),
        (Standing.DEGRADED, True, True),
        (Standing.WAITING, True, False),
        (Standing.FAILING, False, False),
    ],
)
def test_the_worst_check_decides(health: Health, standing: Standing, healthy: bool, ready: bool) -> None:
    health.check("pbx", "connecting").well("connected")
    getattr(health.check("database", "connecting"), standing.value)("as it is")
    expected = [HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE for good in (healthy, ready)]
    assert list(statuses(health)) == expected
    assert health.report()["standing"] == standing.value


def test_a_process_that_is_told_to_stop_is_healthy_and_takes_no_new_call(health: Health) -> None:
    health.life.waiting("stopping")
    assert statuses(health) == (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)


def test_a_loop_that_does_not_turn_makes_the_process_sick_until_it_turns_again(
    health: Health, clock: HeldClock
) -> None:
    clock.move(seconds=STALLED_AFTER_S + 4)
    assert statuses(health) == (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE)
    assert health.report()["checks"][LOOP]["says"] == "the event loop has not turned for 7 s"
    health.beat()
    assert statuses(health) == (HTTPStatus.OK, HTTPStatus.OK)


def test_a_check_tells_since_when_it_stands_as_it_does(health: Health, clock: HeldClock) -> None:
    check = health.check("pbx", "connecting")
    clock.move(seconds=10)
    check.failing("refused")
    first = check.seen.since
    clock.move(seconds=10)
    check.failing("refused again")
    assert (check.seen.since, check.seen.says) == (first, "refused again")
    check.well("connected")
    assert check.seen.since == clock.now()


def test_the_page_names_process_version_uptime_and_every_check(health: Health, clock: HeldClock) -> None:
    health.check("pbx", "connecting").degraded("slow")
    clock.move(seconds=90)
    health.beat()
    status, kind, body = answer("/health", health)
    page = json.loads(body)
    assert (status, kind) == (HTTPStatus.OK, "application/json")
    assert (page["process"], page["standing"], page["uptime_s"]) == ("ivr", "degraded", 90.0)
    assert page["version"]
    assert page["checks"].keys() == {LOOP, LIFE, "pbx"}
    assert page["checks"]["pbx"]["says"] == "slow"


def test_checks_are_counted_too(health: Health) -> None:
    health.check("database", "connecting").degraded("away")
    text = answer("/metrics", health)[2].decode()
    assert 'centralino_check_well{check="database"} 0.5' in text
    assert 'centralino_check_well{check="loop"} 1.0' in text


def test_another_page_is_not_there(health: Health) -> None:
    assert answer("/calls?number=39", health)[0] is HTTPStatus.NOT_FOUND
