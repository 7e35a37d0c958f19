"""The line at one moment: who is rung for whom, what each end of a call means, and what happens in every order of events."""

from __future__ import annotations

from itertools import count
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from queue_manager import rules
from queue_manager.board import CLOSING_S, NO_ANSWER, REFUSED, Board
from queue_manager.model import (
    Abandoned,
    CallCitizen,
    Connected,
    Duty,
    Happening,
    KeepsPlace,
    Left,
    Miss,
    NotAnswered,
    NotReached,
    Offered,
    Phone,
    Place,
    PlaceState,
    Policy,
    Replaced,
    Seat,
    SeatChanged,
    SeatState,
    Strategy,
    Talked,
    Unreached,
    Why,
    Withdrawn,
    WrappedUp,
)


def a_board(*numbers: str, **policy: object) -> Board:
    legs = count(1)
    board = Board(Policy(**{"wrap_up_s": 0.0} | policy), lambda: f"leg-{next(legs)}")  # type: ignore[arg-type]
    for number in numbers:
        board.seat(Seat(number))
        board.duty(number, Duty.ON, "", 0.0)
    return board


def a_place(
    now: float, language: str = "it", caller: str | None = None, queue: str = "main", priority: int = 0
) -> Place:
    return Place(uuid4(), language, now, now, caller=caller, queue=queue, priority=priority)


def offers(happened: list[Happening]) -> list[tuple[UUID, str]]:
    return [(one.call_id, one.operator) for one in happened if isinstance(one, Offered)]


def only(kind: type, happened: list[Happening]) -> object:
    [one] = [one for one in happened if isinstance(one, kind)]
    return one


def leg_of(happened: list[Happening]) -> str:
    offered = only(Offered, happened)
    assert isinstance(offered, Offered)
    return offered.leg


def test_the_operator_who_has_been_idle_longest_is_rung() -> None:
    board = a_board("201", "202")
    first, second = a_place(10), a_place(11)
    leg = leg_of(board.join(first, 10))
    board.answered(leg, 11)
    board.leg_gone(leg, 16, 20)  # 201 is idle since 20
    assert offers(board.join(second, 21)) == [(second.call_id, "202")]


def test_round_robin_rings_who_was_offered_a_call_longest_ago_and_fewest_calls_who_had_least() -> None:
    board = a_board("201", "202", strategy=Strategy.ROUND_ROBIN)
    for now, expected in ((10, "201"), (20, "202"), (30, "201")):
        happened = board.join(a_place(now), now)
        assert [operator for _, operator in offers(happened)] == [expected]
        board.answered(leg_of(happened), now + 1)
        board.leg_gone(leg_of(happened), 16, now + 2)
    board = a_board("201", "202", strategy=Strategy.FEWEST_CALLS)
    board.seats["201"].calls = 3
    assert [operator for _, operator in offers(board.join(a_place(1), 1))] == ["202"]


def test_the_one_who_came_first_is_next_and_a_higher_priority_before_them() -> None:
    board = a_board("201")
    leg = leg_of(board.join(a_place(1), 1))
    first, second, urgent = a_place(2), a_place(3), a_place(4, priority=1)
    for place in (first, second, urgent):
        assert offers(board.join(place, place.joined)) == []
    board.answered(leg, 5)
    happened = board.leg_gone(leg, 16, 6)
    assert offers(happened) == [(urgent.call_id, "201")]
    assert [place.call_id for place in board.waiting()] == [urgent.call_id, first.call_id, second.call_id]


def test_a_language_that_an_operator_does_not_speak_waits_for_one_who_does_until_it_has_waited_long() -> None:
    board = a_board("201", widen_after_s=30)
    board.seats["201"].skills = frozenset({"it"})
    english = a_place(0, language="en")
    assert offers(board.join(english, 0)) == []
    assert offers(board.tick(29)) == []
    assert offers(board.tick(30)) == [(english.call_id, "201")]


def test_of_two_lines_the_one_with_more_weight_is_served_first_and_nobody_serves_a_line_that_is_not_theirs() -> None:
    board = a_board("201", weights={"urgent": 10})
    board.seat(Seat("201", queues=frozenset({"main", "urgent"})))
    board.seat(Seat("202"))
    leg = leg_of(board.join(a_place(1), 1))
    board.join(a_place(2), 2)
    urgent = a_place(3, queue="urgent")
    board.join(urgent, 3)
    assert offers(board.duty("202", Duty.ON, "", 4)) != [(urgent.call_id, "202")]
    board.answered(leg, 5)
    assert offers(board.leg_gone(leg, 16, 6)) == [(urgent.call_id, "201")]


def test_who_lets_it_ring_is_paused_with_the_reason_and_the_caller_is_next_for_another() -> None:
    board = a_board("201", "202", ring_s=20)
    caller = a_place(0)
    leg = leg_of(board.join(caller, 0))
    happened = board.tick(20)
    missed = only(NotAnswered, happened)
    assert missed == NotAnswered(caller.call_id, "201", leg, Miss.TIMEOUT, 20)
    assert offers(happened) == [(caller.call_id, "202")]
    seat = board.seats["201"]
    assert (seat.state, seat.duty, seat.reason) == (SeatState.PAUSED, Duty.PAUSED, NO_ANSWER)


def test_a_busy_phone_is_left_alone_for_a_time_and_one_that_refuses_twice_is_paused() -> None:
    board = a_board("201", back_off_s=5)
    caller = a_place(0)
    leg = leg_of(board.join(caller, 0))
    assert offers(board.leg_gone(leg, 17, 1)) == []
    assert offers(board.tick(5.9)) == []
    leg = leg_of(board.tick(6))
    board.leg_gone(leg, 21, 7)
    assert (board.seats["201"].state, board.seats["201"].reason) == (SeatState.PAUSED, REFUSED)


@pytest.mark.parametrize("phone", [Phone.BUSY, Phone.UNREACHABLE])
def test_nobody_is_rung_whose_phone_is_busy_or_unreachable(phone: Phone) -> None:
    board = a_board("201", "202")
    board.phone("201", phone, 0)
    caller = a_place(1)
    assert offers(board.join(caller, 1)) == [(caller.call_id, "202")]


def test_a_caller_who_hangs_up_while_it_rings_frees_the_operator_who_keeps_their_turn() -> None:
    board = a_board("201", "202")
    caller = a_place(5)
    leg = leg_of(board.join(caller, 5))
    happened = board.caller_gone(caller.call_id, 6)
    assert only(Abandoned, happened) == Abandoned(caller.call_id, 1, 1)
    assert Withdrawn(leg) in happened
    assert offers(board.join(a_place(7), 7))[0][1] == "202", "the phone of 201 has not gone quiet yet"
    board.leg_gone(leg, 16, 7)
    assert offers(board.join(a_place(8), 8))[0][1] == "201"


def test_an_operator_who_answers_in_the_instant_in_which_the_caller_is_gone_is_hung_up_and_free() -> None:
    board = a_board("201")
    caller = a_place(5)
    leg = leg_of(board.join(caller, 5))
    board.caller_gone(caller.call_id, 6)
    assert board.answered(leg, 6) == [Withdrawn(leg)]
    board.leg_gone(leg, 16, 6.1)
    assert offers(board.join(a_place(7), 7))[0][1] == "201"


def test_a_key_counts_until_the_operator_answers_and_not_after() -> None:
    board = a_board("201")
    caller, other = a_place(5), a_place(6)
    leg = leg_of(board.join(caller, 5))
    happened = board.leave(caller.call_id, Why.MESSAGE, 6)
    assert only(Left, happened) == Left(caller.call_id, Why.MESSAGE, 1)
    assert Withdrawn(leg) in happened
    board.leg_gone(leg, 16, 6)
    board.answered(leg_of(board.join(other, 7)), 8)
    assert board.leave(other.call_id, Why.MESSAGE, 8) == []


def test_after_a_talk_the_operator_wraps_up_may_extend_once_and_end_early() -> None:
    board = a_board("201", wrap_up_s=10)
    caller = a_place(0)
    leg = leg_of(board.join(caller, 0))
    board.answered(leg, 1)
    waiting = a_place(2)
    board.join(waiting, 2)
    happened = board.leg_gone(leg, 16, 5)
    assert only(Talked, happened) == Talked(caller.call_id, "201", leg, 4)
    assert board.seats["201"].state is SeatState.WRAP_UP
    assert board.extend("201", 6)
    assert not board.extend("201", 6)
    assert offers(board.tick(15)) == []
    happened = board.done("201", 17)
    assert only(WrappedUp, happened) == WrappedUp(caller.call_id, "201", 12)
    assert offers(happened) == [(waiting.call_id, "201")]


def test_off_duty_in_a_talk_counts_from_its_end() -> None:
    board = a_board("201")
    caller = a_place(0)
    leg = leg_of(board.join(caller, 0))
    board.answered(leg, 1)
    assert board.duty("201", Duty.OFF, "", 2) == []
    assert board.seats["201"].state is SeatState.TALKING
    board.leg_gone(leg, 16, 3)
    assert board.seats["201"].state is SeatState.OFF


def test_with_nobody_on_duty_a_caller_is_told_at_once_and_one_who_waits_when_the_last_one_goes_is_told_soon() -> None:
    board = a_board()
    nobody = a_place(0)
    assert board.join(nobody, 0) == [Left(nobody.call_id, Why.NO_OPERATOR, 0.0)]
    board = a_board("201", nobody_s=10)
    leg = leg_of(board.join(a_place(0), 0))
    board.answered(leg, 1)
    waits = a_place(2)
    board.join(waits, 2)
    board.duty("201", Duty.PAUSED, "lunch", 3)
    assert board.tick(4) == []
    assert board.tick(13.9) == []
    assert only(Left, board.tick(14)) == Left(waits.call_id, Why.NO_OPERATOR, 12)


def test_who_asks_while_the_operators_phones_come_back_waits_for_them_and_not_for_ever() -> None:
    board = a_board("201", nobody_s=10)
    board.phone("201", Phone.UNREACHABLE, 0)
    early, late = a_place(1), a_place(40)
    assert board.join(early, 1) == []
    board.tick(2)
    assert offers(board.phone("201", Phone.FREE, 5)) == [(early.call_id, "201")]
    board.leave(early.call_id, Why.MESSAGE, 6)
    board.tick(7)
    board.phone("201", Phone.UNREACHABLE, 39)
    assert board.join(late, 40) == []
    board.tick(41)
    assert only(Left, board.tick(51)) == Left(late.call_id, Why.NO_OPERATOR, 11)


def test_a_full_line_and_a_long_wait_lead_to_the_mailbox() -> None:
    board = a_board("201", most_waiting=1, longest_wait_s=60)
    board.answered(leg_of(board.join(a_place(0), 0)), 1)
    waits, too_many = a_place(2), a_place(3)
    board.join(waits, 2)
    assert board.join(too_many, 3) == [Left(too_many.call_id, Why.FULL, 0.0)]
    assert only(Left, board.tick(62)) == Left(waits.call_id, Why.WAITED_LONG, 60)


def test_who_is_cut_off_and_calls_again_within_a_minute_has_the_old_place() -> None:
    board = a_board("201", return_within_s=60)
    board.answered(leg_of(board.join(a_place(0), 0)), 1)
    cut_off, other = a_place(2, caller="+393331234567"), a_place(3)
    board.join(cut_off, 2)
    board.join(other, 3)
    board.caller_gone(cut_off.call_id, 10)
    again = a_place(30, caller="+393331234567")
    board.join(again, 30)
    assert [place.call_id for place in board.waiting()] == [again.call_id, other.call_id]
    board.caller_gone(again.call_id, 31)
    late = a_place(100, caller="+393331234567")
    board.join(late, 100)
    assert [place.call_id for place in board.waiting()] == [other.call_id, late.call_id]


def test_a_position_that_was_told_never_grows_worse() -> None:
    board = a_board("201")
    board.answered(leg_of(board.join(a_place(0), 0)), 1)
    waits = a_place(2)
    board.join(waits, 2)
    assert board.tell_position(waits.call_id) == 1
    board.join(a_place(3, priority=1), 3)
    assert rules.position(waits, board.places.values()) == 2
    assert board.tell_position(waits.call_id) == 1


def test_after_a_restart_a_talk_goes_on_and_the_order_of_the_line_is_as_it_was() -> None:
    board = a_board("201")
    talks, second, first = a_place(5), a_place(8), a_place(7)
    talks.state, talks.seat, talks.leg, talks.talks_since = PlaceState.TALKING, "201", "leg-of-old", 6
    for place in (talks, second, first):
        board.restore(place)
    assert offers(board.tick(20)) == []
    happened = board.leg_gone("leg-of-old", 16, 21)
    assert only(Talked, happened) == Talked(talks.call_id, "201", "leg-of-old", 15)
    assert offers(happened) == [(first.call_id, "201")]


def test_a_phone_that_went_away_in_a_talk_is_not_rung_after_it() -> None:
    board = a_board("201")
    leg = leg_of(board.join(a_place(10), 10))
    board.answered(leg, 11)
    board.phone("201", Phone.UNREACHABLE, 12)
    board.leg_gone(leg, 16, 20)
    place = a_place(21)
    assert board.join(place, 21) == []
    board.tick(22)
    assert only(Left, board.tick(32)) == Left(place.call_id, Why.NO_OPERATOR, 11)


def test_a_talk_that_is_put_back_after_a_restart_is_what_its_operator_does() -> None:
    before, board = a_board("201"), a_board("201")
    place = a_place(10)
    before.answered(leg_of(before.join(place, 10)), 11)
    assert board.restore(place) == [SeatChanged("201", SeatState.TALKING, "", place.call_id)]


def test_an_answer_that_is_both_found_and_told_ends_no_talk() -> None:
    board = a_board("201")
    place = a_place(10)
    leg = leg_of(board.join(place, 10))
    board.answered(leg, 11)
    assert board.answered(leg, 12) == []
    assert place.state is PlaceState.TALKING


NUMBER = "+393331234567"


def a_callback(board: Board, now: float, number: str = NUMBER) -> Place:
    """Somebody has joined, asked to be called back, and hung up; nobody is free for them yet."""
    place = a_place(now)
    board.join(place, now)
    board.ask_callback(place.call_id, number, now)
    [keeps] = board.caller_gone(place.call_id, now)
    assert isinstance(keeps, KeepsPlace)
    return place


def a_busy_board(**policy: object) -> tuple[Board, str]:
    """One operator, in a talk since 1; and its leg."""
    board = a_board("201", **policy)
    leg = leg_of(board.join(a_place(0), 0))
    board.answered(leg, 1)
    return board, leg


def called(happened: list[Happening]) -> CallCitizen:
    call = only(CallCitizen, happened)
    assert isinstance(call, CallCitizen)
    return call


def test_a_callback_keeps_its_place_and_the_citizen_is_called_when_the_operator_has_answered() -> None:
    board, leg = a_busy_board()
    first, later = a_callback(board, 2), a_place(3)
    board.join(later, 3)
    happened = board.leg_gone(leg, 16, 10)
    assert offers(happened) == [(first.call_id, "201")]
    leg = leg_of(happened)
    call = called(board.answered(leg, 12))
    assert (call.number, call.operator, call.rang_s) == (NUMBER, "201", 2)
    assert board.answered(call.citizen, 20) == [Connected(first.call_id, "201", leg, 18, 0.0, call.citizen)]
    happened = board.leg_gone(call.citizen, 16, 30)
    assert only(Talked, happened) == Talked(first.call_id, "201", leg, 10)
    assert offers(board.leg_gone(leg, 16, 30)) == [(later.call_id, "201")]


def test_whoever_is_busy_is_called_again_after_the_interval_and_the_operator_takes_the_next_caller_at_once() -> None:
    board, leg = a_busy_board(callback_attempts=2, callback_interval_s=900)
    first, later = a_callback(board, 2), a_place(3)
    board.join(later, 3)
    leg = leg_of(board.leg_gone(leg, 16, 10))
    call = called(board.answered(leg, 12))
    happened = board.leg_gone(call.citizen, 17, 14)
    assert only(NotReached, happened) == NotReached(first.call_id, "201", leg, Unreached.BUSY, 1, last=False)
    assert board.position(later.call_id) == 1, "whoever could not be reached holds nobody up"
    happened = board.leg_gone(leg, 16, 15)
    assert offers(happened) == [(later.call_id, "201")]
    board.caller_gone(later.call_id, 16)
    board.leg_gone(leg_of(happened), 16, 16)
    assert offers(board.tick(913)) == []
    leg = leg_of(board.tick(914))
    call = called(board.answered(leg, 915))
    happened = board.leg_gone(call.citizen, 18, 930)
    assert only(NotReached, happened) == NotReached(first.call_id, "201", leg, Unreached.NO_ANSWER, 2, last=True)
    assert first.call_id not in board.places


def test_a_citizen_who_lets_it_ring_is_given_up_in_time_and_hung_up() -> None:
    board, leg = a_busy_board(citizen_ring_s=30)
    a_callback(board, 2)
    call = called(board.answered(leg_of(board.leg_gone(leg, 16, 10)), 12))
    assert board.tick(41) == []
    happened = board.tick(42)
    missed = only(NotReached, happened)
    assert isinstance(missed, NotReached)
    assert missed.why is Unreached.NO_ANSWER
    assert Withdrawn(call.citizen) in happened
    assert board.answered(call.citizen, 42) == [Withdrawn(call.citizen)]


def test_an_operator_who_hangs_up_while_it_rings_for_the_citizen_has_refused_and_the_place_is_kept() -> None:
    board, leg = a_busy_board(back_off_s=5)
    first = a_callback(board, 2)
    leg = leg_of(board.leg_gone(leg, 16, 10))
    call = called(board.answered(leg, 12))
    happened = board.leg_gone(leg, 16, 14)
    assert Withdrawn(call.citizen) in happened
    assert only(NotAnswered, happened) == NotAnswered(first.call_id, "201", leg, Miss.REFUSED, 2)
    assert offers(board.tick(20)) == [(first.call_id, "201")]
    assert first.attempts == 0


def test_an_operator_who_answers_before_the_caller_has_hung_up_talks_to_them() -> None:
    board = a_board("201")
    place = a_place(0)
    leg = leg_of(board.join(place, 0))
    assert board.ask_callback(place.call_id, NUMBER, 1) == []
    assert only(Connected, board.answered(leg, 2)) == Connected(place.call_id, "201", leg, 2, 2)
    assert board.ask_callback(place.call_id, NUMBER, 3) is None


def test_whoever_has_a_callback_and_calls_again_has_its_place_and_no_callback_any_more() -> None:
    board, _ = a_busy_board()
    first = a_callback(board, 2)
    other, again = a_place(3), a_place(4, caller=NUMBER)
    board.join(other, 3)
    assert board.join(again, 4) == [Replaced(first.call_id)]
    assert [place.call_id for place in board.waiting()] == [again.call_id, other.call_id]


def test_a_number_has_one_callback_and_the_oldest_place_of_those_that_were_asked_for() -> None:
    board, _ = a_busy_board()
    first, other = a_callback(board, 2), a_place(3)
    board.join(other, 3)
    second = a_place(4)
    board.join(second, 4)
    assert board.ask_callback(second.call_id, NUMBER, 5) == [Replaced(first.call_id)]
    board.caller_gone(second.call_id, 6)
    assert [place.call_id for place in board.waiting()] == [second.call_id, other.call_id]


def test_a_citizen_who_calls_again_while_we_call_them_is_next_and_the_operator_is_free() -> None:
    board, leg = a_busy_board()
    first = a_callback(board, 2)
    leg = leg_of(board.leg_gone(leg, 16, 10))
    call = called(board.answered(leg, 12))
    again = a_place(13, caller=NUMBER)
    happened = board.join(again, 13)
    assert {Replaced(first.call_id), Withdrawn(leg), Withdrawn(call.citizen)} <= set(happened)
    assert board.leg_gone(call.citizen, 16, 14) == []
    assert offers(board.leg_gone(leg, 16, 14)) == [(again.call_id, "201")]


def test_nobody_is_called_back_while_the_service_is_closed_nor_sent_away_for_having_waited() -> None:
    board, leg = a_busy_board(longest_wait_s=60, nobody_s=10)
    first = a_callback(board, 2)
    board.opening(False, 3)
    assert offers(board.leg_gone(leg, 16, 10)) == []
    board.duty("201", Duty.OFF, "", 11)
    board.tick(12)
    assert board.tick(5000) == []
    board.duty("201", Duty.ON, "", 6000)
    assert offers(board.opening(True, 6001)) == [(first.call_id, "201")]


def test_after_a_restart_a_talk_with_a_citizen_ends_when_they_hang_up() -> None:
    board = a_board("201")
    talks = a_place(5)
    talks.state, talks.seat, talks.leg, talks.talks_since = PlaceState.TALKING, "201", "old", 6
    talks.callback, talks.away, talks.citizen = NUMBER, True, "old-citizen"
    board.restore(talks)
    assert board.talks_on("old-citizen")
    assert only(Talked, board.leg_gone("old-citizen", 16, 16)) == Talked(talks.call_id, "201", "old", 10)


class AnyOrder(RuleBasedStateMachine):
    """Callers, keys, operators and phones do what they like, in any order, and events come late: nobody is ever lost or stuck."""

    calls = Bundle("calls")
    legs = Bundle("legs")

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        # Whoever came at the same moment is sorted by it: a random one would make two runs differ.
        self.ids = count(1)
        self.board = a_board(
            "201", "202", "203", ring_s=20, wrap_up_s=5, nobody_s=10, longest_wait_s=300, citizen_ring_s=30,
            callback_attempts=2, callback_interval_s=20,
        )  # fmt: skip
        self.is_open = True
        self.board.seat(Seat("202", skills=frozenset({"it"})))
        self.joined: set[UUID] = set()
        self.ends: dict[UUID, list[Happening]] = {}
        self.up: dict[str, str] = {}  # leg -> operator: what rings or talks on a phone
        self.connected: dict[UUID, str] = {}
        self.rightly_rung: set[UUID] = set()

    def take(self, happened: list[Happening]) -> list[str]:
        """Do what the board says as the PBX would, and hold it to its word."""
        new = []
        for one in happened:
            if isinstance(one, Offered):
                busy = [operator for operator in self.up.values() if operator == one.operator]
                assert not busy, f"{one.operator} is rung while a leg of theirs is up"
                self.up[one.leg] = one.operator
                if self.is_open or not self.board.places[one.call_id].away:
                    self.rightly_rung.add(one.call_id)
                new.append(one.leg)
            if isinstance(one, Connected):
                assert one.call_id not in self.connected, "one caller has two operators"
                self.connected[one.call_id] = one.leg
            if isinstance(one, CallCitizen):
                assert self.is_open or one.call_id in self.rightly_rung, "a citizen is called in a closed hour"
                assert self.board.places[one.call_id].away, "a citizen is called who is on the line"
                assert one.citizen not in self.up
                self.up[one.citizen] = f"citizen {one.call_id}"
            if isinstance(one, Abandoned | Left | Talked | Replaced) or (isinstance(one, NotReached) and one.last):
                self.ends.setdefault(one.call_id, []).append(one)
        return new

    @rule(target=calls, language=st.sampled_from(["it", "en"]), caller=st.sampled_from([None, "+391", "+392"]))
    def a_caller_joins(self, language: str, caller: str | None) -> UUID:
        place = Place(UUID(int=next(self.ids)), language, self.now, self.now, caller=caller)
        self.joined.add(place.call_id)
        self.take(self.board.join(place, self.now))
        return place.call_id

    @rule(call=calls)
    def the_caller_hangs_up(self, call: UUID) -> None:
        self.take(self.board.caller_gone(call, self.now))

    @rule(call=calls)
    def the_caller_presses_a_key(self, call: UUID) -> None:
        self.take(self.board.leave(call, Why.MESSAGE, self.now))

    @rule(call=calls, number=st.sampled_from(["+391", "+392", "+393"]))
    def the_caller_asks_for_a_callback(self, call: UUID, number: str) -> None:
        self.take(self.board.ask_callback(call, number, self.now) or [])

    @rule(call=calls, number=st.sampled_from(["+391", "+392", "+393"]))
    def the_caller_asks_for_a_callback_and_hangs_up(self, call: UUID, number: str) -> None:
        self.the_caller_asks_for_a_callback(call, number)
        self.the_caller_hangs_up(call)

    @rule(is_open=st.booleans())
    def the_service_opens_or_closes(self, is_open: bool) -> None:
        self.is_open = is_open
        self.take(self.board.opening(is_open, self.now))

    @precondition(lambda self: self.up)
    @rule(data=st.data())
    def an_operator_answers(self, data: st.DataObject) -> None:
        self.take(self.board.answered(data.draw(st.sampled_from(sorted(self.up))), self.now))

    @precondition(lambda self: self.up)
    @rule(data=st.data(), cause=st.sampled_from([16, 17, 19, 20, 21]))
    def a_leg_ends(self, data: st.DataObject, cause: int) -> None:
        leg = data.draw(st.sampled_from(sorted(self.up)))
        del self.up[leg]
        self.take(self.board.leg_gone(leg, cause, self.now))

    @rule(number=st.sampled_from(["201", "202", "203"]), duty=st.sampled_from(Duty))
    def an_operator_changes_duty(self, number: str, duty: Duty) -> None:
        self.take(self.board.duty(number, duty, "lunch" if duty is Duty.PAUSED else "", self.now))

    @rule(number=st.sampled_from(["201", "202", "203"]), phone=st.sampled_from(Phone))
    def a_phone_changes(self, number: str, phone: Phone) -> None:
        self.take(self.board.phone(number, phone, self.now))

    @rule(number=st.sampled_from(["201", "202", "203"]))
    def an_operator_is_done(self, number: str) -> None:
        self.take(self.board.done(number, self.now))

    @rule(seconds=st.sampled_from([0.1, 1.0, CLOSING_S + 1, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        if seconds > CLOSING_S:
            # What was hung up is gone by then.
            kept = {
                seat.leg for seat in self.board.seats.values() if seat.state in (SeatState.RINGING, SeatState.TALKING)
            } | {*self.board.citizens()}
            self.up = {leg: operator for leg, operator in self.up.items() if leg in kept}
        self.take(self.board.tick(self.now))

    @invariant()
    def each_caller_has_one_end_or_a_place(self) -> None:
        for call in self.joined:
            assert len(self.ends.get(call, [])) == (call not in self.board.places), call

    @invariant()
    def caller_and_operator_agree_about_each_other(self) -> None:
        held = {place.call_id: place for place in self.board.places.values() if place.state is not PlaceState.WAITING}
        at_work = [s for s in self.board.seats.values() if s.state in (SeatState.RINGING, SeatState.TALKING)]
        assert len(held) == len(at_work)
        for seat in at_work:
            place = held[seat.call_id]  # type: ignore[index]
            assert (place.seat, place.leg) == (seat.number, seat.leg)
            assert (place.state is PlaceState.OFFERED) == (seat.state is SeatState.RINGING)

    @invariant()
    def a_citizen_is_called_while_their_place_says_so(self) -> None:
        held = [place for place in self.board.places.values() if place.citizen]
        assert {place.citizen for place in held} == {*self.board.citizens()}
        for place in held:
            assert place.away
            assert place.state in (PlaceState.CALLING, PlaceState.TALKING)

    @invariant()
    def a_number_has_one_callback(self) -> None:
        kept = [p.callback for p in self.board.places.values() if p.away and p.state is not PlaceState.TALKING]
        assert len(kept) == len(set(kept))

    @invariant()
    def nobody_waits_while_somebody_who_may_take_them_is_free(self) -> None:
        for seat in self.board.seats.values():
            if rules.is_free(seat, self.now):
                assert not [
                    place
                    for place in self.board.waiting()
                    if place.state is PlaceState.WAITING
                    # Time alone may have made a caller wait long enough, or a phone callable again: the next tick sees it.
                    and rules.may_take(seat, place, self.now - 30, self.board.policy)
                    and rules.is_due(place, self.is_open, self.now - 30, self.board.policy)
                    and rules.is_free(seat, self.now - 30)
                ]


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
