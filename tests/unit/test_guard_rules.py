"""What the guard concludes: who is to be rescued, when the PBX is hung, what is alarming."""

from __future__ import annotations

import pytest

from pbx.guard import rules
from pbx.guard.model import Answer, Beat, Channel, Condition, Level, Probe, Trunk
from pbx.guard.rules import Patience

WALL = 1_795_598_952.5
CALL = "8a6c4816-45ec-487a-893d-597fcc8be707"


def channel(name: str = "1", app: str | None = "ivr", bridged: bool = False) -> Channel:
    return Channel(f"PJSIP/trunk-{name}", name, app, CALL, bridged)


def beat(seconds_ago: int, changed_at: float | None) -> Beat:
    return Beat(int(WALL) - seconds_ago, changed_at)


# -- what a channel is


def test_a_channel_in_stasis_belongs_to_its_application_and_carries_its_call() -> None:
    headers = {
        "Channel": "PJSIP/trunk-00000001", "Uniqueid": "17.3", "Application": "Stasis",
        "ApplicationData": f"ivr,{CALL},800840840", "BridgeId": "",
    }  # fmt: skip
    assert Channel.of(headers) == Channel("PJSIP/trunk-00000001", "17.3", "ivr", CALL, False)


def test_a_caller_who_waits_belongs_to_the_queue() -> None:
    waits = Channel.of({"Application": "Stasis", "ApplicationData": f"queue,join,{CALL},800840840,it"})
    assert (waits.app, waits.call_id) == ("queue", CALL)


def test_a_caller_whom_the_queue_gave_back_belongs_to_the_phone_script() -> None:
    back = Channel.of({"Application": "Stasis", "ApplicationData": f"ivr,{CALL},800840840,mailbox,it,full"})
    assert (back.app, back.call_id) == ("ivr", CALL)


def test_an_operators_phone_is_no_caller_of_the_queue() -> None:
    assert Channel.of({"Application": "Stasis", "ApplicationData": f"queue,operator,{CALL}"}).app is None


def test_a_channel_outside_of_stasis_belongs_to_no_application() -> None:
    seen = Channel.of({"Channel": "a", "Uniqueid": "b", "Application": "Playback", "ApplicationData": "ivr,welcome"})
    assert (seen.app, seen.call_id) == (None, None)


def test_a_caller_who_is_being_recorded_is_not_cut_short() -> None:
    assert rules.orphans([channel()], {"ivr"}, {CALL}, {}, 100.0, 5.0) == []
    assert rules.orphans([channel()], {"ivr"}, {CALL[:-1] + "8"}, {}, 100.0, 5.0) == [channel()]


def test_what_is_no_call_id_is_not_kept_since_it_could_be_a_number() -> None:
    assert Channel.of({"Application": "Stasis", "ApplicationData": "ivr,+393331234567"}).call_id is None


# -- heartbeats


@pytest.mark.parametrize("text", ["", "soon", "-5", "1e3", "٣"])
def test_a_heartbeat_that_is_no_time_is_none(text: str) -> None:
    assert rules.read_beat(Beat(), text, 7.0) == Beat(None, None)


def test_a_heartbeat_counts_as_moving_only_once_it_was_seen_to_move() -> None:
    first = rules.read_beat(Beat(), "100", 7.0)
    same = rules.read_beat(first, "100", 8.0)
    moved = rules.read_beat(same, "101", 9.0)
    assert (first.changed_at, same.changed_at, moved.changed_at) == (None, None, 9.0)


@pytest.mark.parametrize(("seconds_ago", "stale"), [(0, False), (4, False), (-5, False), (5, True), (-6, True)])
def test_a_heartbeat_is_fresh_within_five_seconds_of_now_both_ways(seconds_ago: int, stale: bool) -> None:
    assert rules.is_stale(beat(seconds_ago, None), WALL, 100.0) is stale


def test_no_heartbeat_at_all_is_stale() -> None:
    assert rules.is_stale(Beat(), WALL, 100.0)


def test_a_wall_clock_that_jumps_takes_no_caller_from_an_ivr_that_beats() -> None:
    assert not rules.is_stale(beat(3600, changed_at=99.0), WALL, 100.0)
    assert rules.is_stale(beat(3600, changed_at=96.0), WALL, 100.0)


# -- orphans


def test_orphans_are_the_lone_channels_of_a_stale_application_and_nobody_else() -> None:
    here = [
        channel("1"), channel("2", app="robot"), channel("3", app=None), channel("4", bridged=True), channel("5"),
    ]  # fmt: skip
    assert [found.name[-1] for found in rules.orphans(here, {"ivr"}, (), {}, 100.0, 5.0)] == ["1", "5"]


def test_nobody_is_an_orphan_while_every_application_beats() -> None:
    assert rules.orphans([channel()], set(), (), {}, 100.0, 5.0) == []


def test_a_channel_is_not_sent_twice_within_the_time_it_needs_to_go() -> None:
    assert rules.orphans([channel("1")], {"ivr"}, (), {"1": 96.0}, 100.0, 5.0) == []
    assert rules.orphans([channel("1")], {"ivr"}, (), {"1": 95.0}, 100.0, 5.0) == [channel("1")]


def test_who_came_first_is_sent_to_the_fallback_first() -> None:
    came = ["1795598952.101", "1795598952.99", "1795598951.200", "pbx-1795598950.3"]
    found = rules.orphans([channel(name) for name in came], {"ivr"}, (), {}, 100.0, 5.0)
    assert [one.unique_id for one in found] == list(reversed(came))


def test_a_channel_that_could_not_be_moved_comes_after_the_others() -> None:
    found = rules.orphans([channel("1"), channel("2")], {"ivr"}, (), {"1": 90.0}, 100.0, 5.0)
    assert [seen.unique_id for seen in found] == ["2", "1"]


# -- the PBX

PATIENCE = Patience(all_silent_s=8, one_silent_s=30)


@pytest.mark.parametrize(
    ("ami", "ari", "sip", "seen"),
    [
        (0, 0, 0, Condition.WELL),
        (0, 0, 4, Condition.UNWELL),
        (7, 7, 7, Condition.UNWELL),
        (8, 8, 8, Condition.HUNG),
        (0, 29, 29, Condition.UNWELL),
        (0, 30, 0, Condition.HUNG),
        (0, 0, 31, Condition.HUNG),
    ],
)
def test_a_pbx_is_hung_soon_when_all_is_silent_and_later_when_something_answers(
    ami: float, ari: float, sip: float, seen: Condition
) -> None:
    silent_s = {Probe.AMI: ami, Probe.ARI: ari, Probe.SIP: sip}
    answers = [silent(probe) if seconds else Answer(probe, 0.01) for probe, seconds in silent_s.items()]
    assert rules.condition(silent_s, answers, PATIENCE) is seen


def silent(probe: Probe) -> Answer:
    return Answer(probe, 2.0, "no answer in 2 s", silent=True)


def test_a_pbx_that_refuses_is_unwell_and_never_hung() -> None:
    answers = [Answer(probe, 0.01, "Authentication failed") for probe in Probe]
    silent_s = rules.silence_s(dict.fromkeys(Probe, 29.0), answers, 4.0, 4.0)
    assert rules.condition(silent_s, answers, PATIENCE) is Condition.UNWELL


def test_silence_grows_by_each_round_and_ends_with_an_answer() -> None:
    once = rules.silence_s({}, [silent(Probe.AMI), silent(Probe.SIP)], 4.0, 4.0)
    twice = rules.silence_s(once, [silent(Probe.AMI), Answer(Probe.SIP, 0.01)], 4.0, 4.0)
    assert twice == {Probe.AMI: 8.0, Probe.SIP: 0.0}


def test_a_guard_that_slept_does_not_take_its_own_sleep_for_the_silence_of_the_pbx() -> None:
    silent_s = rules.silence_s({}, [silent(probe) for probe in Probe], 3600.0, 4.0)
    assert rules.condition(silent_s, [silent(probe) for probe in Probe], PATIENCE) is Condition.UNWELL


def test_a_pbx_that_had_to_be_killed_again_is_left_in_peace_for_longer_up_to_a_limit() -> None:
    assert [rules.grace_s(kills, 15, 300) for kills in (0, 1, 2, 9)] == [15, 30, 60, 300]


# -- the surroundings


@pytest.mark.parametrize(
    ("free", "seen"), [(10, Level.ENOUGH), (5, Level.ENOUGH), (4, Level.LOW), (1, Level.LOW), (0, Level.EMERGENCY)]
)
def test_a_disk_alarms_early_and_again_when_it_is_nearly_full(free: int, seen: Level) -> None:
    assert rules.level(free, alarm_bytes=5, emergency_bytes=1) is seen


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        ("Reachable", Trunk.REACHABLE),
        ("Unreachable", Trunk.UNREACHABLE),
        ("NonQualified", Trunk.NOT_WATCHED),
        ("", Trunk.NOT_WATCHED),
    ],
)
def test_a_trunk_that_nobody_asks_is_not_watched_and_not_called_well(status: str, seen: Trunk) -> None:
    assert rules.trunk(status) is seen
