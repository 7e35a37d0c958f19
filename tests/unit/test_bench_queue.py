"""What the bench of the queue counts, and what its phones write on the wire."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench.dispatch import Caller, Offer, dispatch, most_at_once, read_notes, ring_after_key_ms, rung_twice, waiting
from bench.phone_sip import Account
from bench.queue_calls import Page, Step, lost_calls
from bench.scenario import Press, Stay, Wait, caller
from bench.sip import Message
from ledger.model import Outcome

INVITE = Message.read(
    b"INVITE sip:201@127.0.0.2:5000 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:30060;branch=z9hG4bK1\r\n"
    b"From: <sip:+39333@127.0.0.1>;tag=far\r\nTo: <sip:201@127.0.0.2>\r\nCall-ID: abc\r\nCSeq: 7 INVITE\r\n"
    b"Contact: <sip:asterisk@127.0.0.1:30060>\r\n\r\n"
)
CHALLENGE = Message.read(
    b"SIP/2.0 401 Unauthorized\r\n"
    b'WWW-Authenticate: Digest realm="asterisk",nonce="n1",opaque="o1",algorithm=MD5,qop="auth"\r\n\r\n'
)


def account() -> Account:
    return Account("201", "secret", ("127.0.0.1", 30060), ("127.0.0.2", 5000), ("127.0.0.2", 5002))


def crowd(size: int, until: float = 100.0) -> list[Caller]:
    return [Caller(0.0, until) for _ in range(size)]


def test_a_gap_is_from_the_end_of_a_call_to_the_next_ring_of_the_same_phone() -> None:
    offers = {"201": [Offer(2.0, 3.0), Offer(3.010, 4.010)], "202": [Offer(2.0, 3.5), Offer(3.540, 9.0)]}
    found = dispatch(offers, crowd(10), operators=2)
    assert sorted(found.gaps_ms) == pytest.approx([10.0, 40.0])
    assert found.never == 2


def test_an_operator_who_rests_because_too_few_wait_does_not_count() -> None:
    offers = {"201": [Offer(2.0, 3.0), Offer(8.0, 9.0)], "202": [Offer(2.0, 8.5)]}
    assert dispatch(offers, crowd(3), operators=2) == dispatch({}, crowd(3), operators=2)


def test_an_operator_who_is_not_rung_again_while_callers_wait_is_told_of() -> None:
    assert dispatch({"201": [Offer(2.0, 3.0)]}, crowd(2), operators=1).never == 1
    assert dispatch({"201": [Offer(2.0, 3.0)]}, crowd(1), operators=1).never == 0


def test_who_rings_at_an_operator_or_has_gone_does_not_wait() -> None:
    offers = [[Offer(2.0, 3.0), Offer(3.5)]]
    served, gone, there = Caller(0.0, 3.1), Caller(0.0, 2.5), Caller(0.0, 100.0)
    callers = [served, gone, there, there, there]
    assert waiting(0.5, offers, callers) == 0
    assert waiting(1.5, offers, callers) == 5
    assert waiting(2.2, offers, callers) == 4
    assert waiting(2.6, offers, callers) == 3
    assert waiting(3.2, offers, callers) == 3
    assert waiting(4.0, offers, callers) == 2


def test_a_phone_that_rings_while_it_talks_is_counted() -> None:
    assert rung_twice({"201": [Offer(1.0, 2.0), Offer(2.1, 3.0)]}) == 0
    assert rung_twice({"201": [Offer(1.0, 2.0), Offer(1.5, 3.0)], "202": [Offer(1.0), Offer(2.0)]}) == 2


def test_callers_are_read_from_the_log_and_those_without_an_end_left_out() -> None:
    log = (
        "1 entered 2026-11-25\t10:00:00.5\t100.500000\n2 entered 2026-11-25\t10:00:01.0\t101.000000\n"
        "1 served 2026-11-25\t10:00:03.0\t103.000000\n3 entered 2026-11-25\t10:00:02.0\t102.000000\n"
        "3 left 2026-11-25\t10:00:02.5\t102.500000\n"
    )
    callers = read_notes(log)
    assert callers == {"1": Caller(100.5, 103.0), "3": Caller(102.0, 102.5, served=False)}
    assert most_at_once(callers.values()) == 2
    assert most_at_once([Caller(1.0, 2.0), Caller(2.0, 3.0)]) == 1


def test_a_caller_who_stays_says_bye_only_when_the_far_side_has_not() -> None:
    scenario = ElementTree.fromstring(caller([Stay(4000)], "unused"))
    assert scenario.find(".//exec") is None
    [bye] = [step for step in scenario.iter("recv") if step.get("request") == "BYE"]
    assert (bye.get("timeout"), bye.get("ontimeout")) == ("4000", "1")
    words = [note.get("message", "").split()[1] for note in scenario.iter("log")]
    assert words == ["entered", "served", "left"]
    with pytest.raises(ValueError, match="nothing comes after a stay"):
        caller([Stay(1), Wait(1)], "unused")


def test_a_phone_proves_that_it_knows_the_password() -> None:
    phone = account()
    first, second = Message.read(phone.register(1)), Message.read(phone.register(2, CHALLENGE))
    assert first.header("Authorization") == ""
    assert first.header("Call-ID") == second.header("Call-ID")
    proof = second.header("Authorization")
    assert 'realm="asterisk", nonce="n1", uri="sip:127.0.0.1:30060"' in proof
    assert 'opaque="o1"' in proof
    assert "secret" not in proof


def test_a_challenge_that_asks_for_something_else_is_refused() -> None:
    basic = Message.read(b'SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="asterisk"\r\n\r\n')
    with pytest.raises(ValueError, match="cannot answer"):
        account().register(2, basic)


def test_a_phone_answers_and_ends_the_call_it_was_asked_for() -> None:
    phone = account()
    answer = Message.read(phone.answer(INVITE, "200 OK", "mine", sound=True))
    assert (answer.status, answer.sound_address()) == (200, ("127.0.0.2", 5002))
    assert answer.header("To") == "<sip:201@127.0.0.2>;tag=mine"
    assert answer.header("CSeq") == "7 INVITE"
    end = phone.bye(INVITE, "mine")
    assert end.startswith(b"BYE sip:asterisk@127.0.0.1:30060 SIP/2.0\r\n")
    assert Message.read(end).header("To") == "<sip:+39333@127.0.0.1>;tag=far"
    assert Message.read(end).header("From") == "<sip:201@127.0.0.2>;tag=mine"


def test_a_call_is_lost_unless_phone_and_ledger_both_say_that_it_was_served() -> None:
    served, left, answered = (
        Caller(1.0, 4.0),
        Caller(1.0, 61.0, served=False),
        Page(Outcome.ANSWERED, was_put_through=True),
    )
    callers = {"+391": served, "+392": left, "+393": served, "+394": served, "+395": served}
    pages = {
        "+391": answered, "+392": answered, "+394": Page(Outcome.MESSAGE_LEFT, False), "+395": Page(None, True)
    }  # fmt: skip
    lost = lost_calls(callers, pages, 6)
    assert lost.keys() == {"nobody 0", "+392", "+393", "+394", "+395"}
    assert lost["+394"] == "ended in the ledger as message_left"


def test_a_rate_at_which_callers_wait_long_is_not_held() -> None:
    assert Step(10.0, 400, {}, [300.0]).why_not is None
    assert Step(10.0, 400, {}, [2500.0]).why_not == "an operator's phone rang 2500 ms after the key (95th percentile)"
    assert Step(10.0, 400, {"+391": "is not in the ledger"}, [300.0]).why_not == (
        "1 of 400 calls were lost, the first one is not in the ledger"
    )


def test_the_ring_that_a_key_brings_is_that_of_the_same_caller() -> None:
    callers = {
        "+391": Caller(1.0, 9.0, pressed_at=3.0),
        "+392": Caller(1.0, 9.0),
        "+393": Caller(1.0, 9.0, pressed_at=2.0),
    }
    offers = [[Offer(3.25, 4.0, "+391"), Offer(5.0, 6.0, "+392")], [Offer(3.5, 4.0, "+391")]]
    assert ring_after_key_ms(callers, offers) == pytest.approx([250.0])


def test_a_caller_who_presses_a_key_and_stays_writes_down_when() -> None:
    scenario = ElementTree.fromstring(caller([Press("1"), Stay(4000)], "unused"))
    words = [note.get("message", "").split()[1] for note in scenario.iter("log")]
    assert words == ["entered", "pressed", "served", "left"]
    log = "+391 entered d\tt\t1.0\n+391 pressed d\tt\t2.0\n+391 served d\tt\t3.0\n"
    assert read_notes(log) == {"+391": Caller(1.0, 3.0, True, 2.0)}
