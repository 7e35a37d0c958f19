"""What SIPp's callers do, written as its XML: a call with a steady sound, keys by SIP INFO, and the caller's BYE.

Keys go as INFO because SIPp's own `play_dtmf` loses them, and replaying captured events needs root; the PBX takes both alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Wait:
    """Stay on the line."""

    ms: int


@dataclass(frozen=True)
class Press:
    """Press keys, one every `KEY_EVERY_MS`."""

    keys: str


@dataclass(frozen=True)
class Stay:
    """Stay until the far side ends the call, and hang up when it has not within so long; the last thing that a caller does.

    Such a caller sends no sound, and writes into SIPp's log when the call was answered, when keys were pressed and when it ended, by
    whom, under its number.
    """

    most_ms: int


Does = Wait | Press | Stay
RETRY = 'retrans="500"'
KEY_MS, KEY_EVERY_MS = 100, 160
ANSWER_WITHIN_MS = 5000
HEAD = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]s[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: {number} {method}
      Contact: <sip:[field0]@[local_ip]:[local_port]>
      Max-Forwards: 70"""
SDP = """Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=bench 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 8
      a=rtpmap:8 PCMA/8000"""


def caller(steps: Sequence[Does], sound: str) -> str:
    """The scenario of one call; `sound` is a file of raw A-law, sent over and over. Ends with the caller's BYE, or as `Stay` says."""
    stays = bool(steps) and isinstance(steps[-1], Stay)
    parts = [
        _request("INVITE", 1, SDP, 'retrans="500" start_rtd="answer"'),
        '<recv response="100" optional="true"/>', '<recv response="180" optional="true"/>',
        f'<recv response="200" timeout="{ANSWER_WITHIN_MS}" rtd="answer">{_note("entered") if stays else ""}</recv>',
        _request("ACK", 1), "" if stays else f'<nop><action><exec rtp_stream="{sound},-1,8"/></action></nop>',
    ]  # fmt: skip
    number = 1
    for place, step in enumerate(steps):
        match step:
            case Wait(ms):
                parts.append(f'<pause milliseconds="{ms}"/>')
            case Press(keys):
                for key in keys:
                    number += 1
                    parts.append(f"<nop>{_note('pressed')}</nop>" if stays else "")
                    parts += [_request("INFO", number, _key(key), RETRY), '<recv response="200" timeout="5000"/>']
                    parts.append(f'<pause milliseconds="{KEY_EVERY_MS}"/>')
            case Stay(most_ms):
                if place + 1 < len(steps):
                    raise ValueError("nothing comes after a stay")
                return _document("caller", [*parts, *_stay(most_ms, number + 1)])
    parts += [_request("BYE", number + 1, more=RETRY), '<recv response="200" timeout="5000"/>']
    return _document("caller", parts)


def _stay(most_ms: int, number: int) -> list[str]:
    return [
        f'<recv request="BYE" timeout="{most_ms}" ontimeout="1">{_note("served")}</recv>', AGREE.replace("<send>", '<send next="2">'),
        '<label id="1"/>', _request("BYE", number, more=RETRY), f'<recv response="200" timeout="5000">{_note("left")}</recv>',
        '<label id="2"/>',
    ]  # fmt: skip


def _note(word: str) -> str:
    # SIPp writes the date, the time, and then the seconds since 1970 with six decimals.
    return f'<action><log message="[field0] {word} [timestamp]"/></action>'


ANSWER = """SIP/2.0 {status}
      [last_Via:]
      [last_From:]
      [last_To:]{tag}
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port]>"""
AGREE = f"<send><![CDATA[\n      {ANSWER.format(status='200 OK', tag='')}\n      Content-Length: 0\n\n    ]]></send>"


def answerer() -> str:
    """The far side alone: takes a call, agrees to every key and to the end. Shows what SIPp itself can do."""
    tag = ";tag=[pid]a[call_number]"
    return _document("answerer", [
        '<recv request="INVITE"/>',
        f"<send retrans=\"500\"><![CDATA[\n      {ANSWER.format(status='200 OK', tag=tag)}\n      {SDP}\n    ]]></send>",
        '<recv request="ACK"/>',
        '<label id="1"/>', '<recv request="INFO" optional="true" next="2"/>', '<recv request="BYE" next="3"/>',
        '<label id="2"/>', AGREE.replace("<send>", '<send next="1">'), '<label id="3"/>', AGREE,
    ])  # fmt: skip


def _request(method: str, number: int, body: str = "Content-Length: 0\n", more: str = "") -> str:
    head = HEAD.format(number=number, method=method)
    line = f"{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0"
    return f"<send {more}><![CDATA[\n      {line}\n      {head}\n      {body}\n    ]]></send>"


def _key(key: str) -> str:
    return f"Content-Type: application/dtmf-relay\n      Content-Length: [len]\n\n      Signal={key}\n      Duration={KEY_MS}\n"


def _document(name: str, parts: Sequence[str]) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="{name}">\n  ' + "\n  ".join(parts) + "\n</scenario>\n"
    )
