"""What the bench's callers write on the wire."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.machine import cpu_seconds, this_machine
from bench.mouth import SILENCE, slots
from bench.scenario import Press, Wait, answerer, caller
from bench.sip import Dialog, Message

ANSWER = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5000;branch=z9hG4bK1\r\nTo: <sip:800@127.0.0.1:30060>;tag=far\r\n"
    b"CSeq: 1 INVITE\r\n\r\nv=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 31000 RTP/AVP 8 101\r\n"
)


def dialog() -> Dialog:
    return Dialog("800", "+393331000000", ("127.0.0.1", 30060), ("127.0.0.1", 5000), ("127.0.0.1", 5002))


def test_an_answer_tells_where_the_sound_goes() -> None:
    answer = Message.read(ANSWER)
    assert (answer.status, answer.sound_address()) == (200, ("127.0.0.1", 31000))
    assert answer.header("cseq") == "1 INVITE"


def test_an_answer_without_sound_is_refused() -> None:
    with pytest.raises(ValueError, match="no address for the sound"):
        Message.read(b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n").sound_address()
    with pytest.raises(ValueError, match="not SIP"):
        Message.read(b"\x80\x08\x00\x01")


def test_the_end_of_a_call_names_the_far_side_as_its_answer_did() -> None:
    call = dialog()
    assert b"tag=far" not in call.invite()
    assert b"tag=far" in call.ack(Message.read(ANSWER))
    assert b"To: <sip:800@127.0.0.1:30060>;tag=far\r\n" in call.bye()


def test_a_refusal_is_acknowledged_in_the_transaction_it_belongs_to() -> None:
    call = dialog()
    branch = Message.read(call.invite()).header("Via")
    refused = Message.read(ANSWER.replace(b"200 OK", b"503 Busy"))
    assert Message.read(call.ack(refused)).header("Via") == branch


def test_a_key_grows_to_100_ms_and_tells_its_end_three_times() -> None:
    sent = slots("#")
    durations = [int.from_bytes(slot.payload[2:], "big") for slot in sent[:6]]
    assert durations == [160, 320, 480, 640, 800, 800]
    assert [slot.payload[0] for slot in sent[:6]] == [11] * 6
    assert [(slot.payload[1] & 0x80, slot.times) for slot in sent[4:6]] == [(0, 1), (0x80, 3)]
    assert sent[6:] == [SILENCE] * 3


def test_every_packet_of_a_key_carries_the_time_of_its_begin() -> None:
    assert [turn - slot.age for turn, slot in enumerate(slots("5")[:6])] == [0] * 6


def test_sipp_sends_each_key_as_info_with_a_number_of_its_own_and_ends_with_bye() -> None:
    scenario = ElementTree.fromstring(caller([Wait(100), Press("2#")], "/tmp/silence.al"))
    sent = [element.text or "" for element in scenario.iter("send")]
    assert [text.split()[0] for text in sent] == ["INVITE", "ACK", "INFO", "INFO", "BYE"]
    assert ["Signal=2" in sent[2], "Signal=#" in sent[3]] == [True, True]
    assert [line for text in sent for line in text.splitlines() if "CSeq" in line] == [
        f"      CSeq: {number}" for number in ("1 INVITE", "1 ACK", "2 INFO", "3 INFO", "4 BYE")
    ]


def test_the_bare_answerer_is_a_scenario_too() -> None:
    received = [element.get("request") for element in ElementTree.fromstring(answerer()).iter("recv")]
    assert received == ["INVITE", "ACK", "INFO", "BYE"]


def test_the_processor_time_of_a_process_grows_and_that_of_a_gone_one_is_none() -> None:
    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) <= before:
        sum(range(100_000))
    assert cpu_seconds(-1) == 0.0


def test_the_machine_is_described_from_what_the_kernel_says() -> None:
    machine = this_machine("22.10.1", 0.256)
    assert machine.kernel == Path("/proc/sys/kernel/osrelease").read_text(encoding="utf-8").strip()
    assert machine.cores >= 1
    assert machine.load_average == 0.26
