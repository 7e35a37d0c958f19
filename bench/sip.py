"""The little SIP (RFC 3261) that a measuring caller speaks: texts in, texts out, no socket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import uuid4

Address = tuple[str, int]
EVENT_TYPE = 101


@dataclass(frozen=True)
class Message:
    """A message from the far side: `status` is None for a request, whose `method` is then set."""

    status: int | None
    method: str
    text: str

    @classmethod
    def read(cls, data: bytes) -> Message:
        """Parse what came. Raises ValueError for what is not SIP."""
        text = data.decode("utf-8", "replace")
        first = text.split("\r\n", 1)[0]
        if found := re.match(r"SIP/2\.0 (\d{3})", first):
            return cls(int(found[1]), "", text)
        if found := re.match(r"([A-Z]+) \S+ SIP/2\.0$", first):
            return cls(None, found[1], text)
        raise ValueError("this is not SIP")

    def header(self, name: str) -> str:
        """A header's value, "" when it is not there."""
        found = re.search(rf"^{name}\s*:\s*(.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    def sound_address(self) -> Address:
        """Where the far side wants to hear us, from its SDP. Raises ValueError when it does not say."""
        host = re.search(r"^c=IN IP4 (\S+?)\r?$", self.text, re.MULTILINE)
        port = re.search(r"^m=audio (\d+) ", self.text, re.MULTILINE)
        if not host or not port:
            raise ValueError("the answer holds no address for the sound")
        return host[1], int(port[1])


class Dialog:
    """One call as this caller writes it: who calls whom, from which sockets."""

    def __init__(self, number: str, caller: str, pbx: Address, local: Address, sound: Address) -> None:
        self._number, self._caller, self._pbx, self._local, self._sound = number, caller, pbx, local, sound
        self._call_id, self._tag, self._branch = uuid4().hex, uuid4().hex[:8], uuid4().hex
        self._to = f"<sip:{number}@{pbx[0]}:{pbx[1]}>"

    def invite(self) -> bytes:
        """The call, offering A-law and keys as events (RFC 4733)."""
        host, port = self._sound
        sdp = (
            f"v=0\r\no=bench 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8 {EVENT_TYPE}\r\na=rtpmap:8 PCMA/8000\r\n"
            f"a=rtpmap:{EVENT_TYPE} telephone-event/8000\r\na=fmtp:{EVENT_TYPE} 0-15\r\na=ptime:20\r\n"
        )
        return self._request("INVITE", 1, self._branch, "Content-Type: application/sdp\r\n", sdp)

    def ack(self, answer: Message) -> bytes:
        """The answer to a final answer; after a refusal it belongs to the INVITE, so it keeps its branch."""
        self._to = answer.header("To")
        accepted = answer.status is not None and answer.status < 300
        return self._request("ACK", 1, uuid4().hex if accepted else self._branch)

    def bye(self) -> bytes:
        """The end of an answered call."""
        return self._request("BYE", 2, uuid4().hex)

    def agree(self, request: Message) -> bytes:
        """200 to a request of the far side."""
        kept = "".join(f"{name}: {request.header(name)}\r\n" for name in ("Via", "From", "To", "Call-ID", "CSeq"))
        return f"SIP/2.0 200 OK\r\n{kept}Content-Length: 0\r\n\r\n".encode()

    def _request(self, method: str, number: int, branch: str, more: str = "", body: str = "") -> bytes:
        local = f"{self._local[0]}:{self._local[1]}"
        return (
            f"{method} sip:{self._number}@{self._pbx[0]}:{self._pbx[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {local};branch=z9hG4bK{branch}\r\n"
            f"From: <sip:{self._caller}@{local}>;tag={self._tag}\r\nTo: {self._to}\r\n"
            f"Call-ID: {self._call_id}\r\nCSeq: {number} {method}\r\nContact: <sip:{self._caller}@{local}>\r\n"
            f"Max-Forwards: 70\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
