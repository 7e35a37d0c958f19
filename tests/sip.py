"""SIP by hand, for what no phone would send: one request at a time over UDP, from any address of this machine."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass, field
from uuid import uuid4

ANSWER_WITHIN_S = 3.0


@dataclass(frozen=True)
class Answer:
    """The last response to a request; `text` is all of it."""

    status: int
    text: str

    def header(self, name: str) -> str:
        """A header's value, "" when it is not there."""
        found = re.search(rf"^{name}:\s*(.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""


@dataclass
class Stranger:
    """Somebody at `address` who writes to the PBX whatever they like."""

    address: str
    pbx_port: int
    _socket: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 0))
        self._socket.setblocking(False)

    async def invite(self, user: str, from_user: str = "0612345678", *headers: str) -> Answer:
        """Call `user`; a call that is taken is ended at once. Status 0: no answer at all."""
        answer = await self.request("INVITE", user, from_user, *headers)
        if 200 <= answer.status < 300:
            to = answer.header("To")
            call_id = answer.header("Call-ID")
            await self._send(self._text("ACK", user, from_user, call_id, 1, to))
            await self._ask(self._text("BYE", user, from_user, call_id, 2, to))
        return answer

    async def request(self, method: str, user: str, from_user: str, *headers: str) -> Answer:
        """Send one request and wait for its final response."""
        return await self._ask(self._text(method, user, from_user, uuid4().hex, 1, "", *headers))

    async def _ask(self, text: str) -> Answer:
        await self._send(text)
        last = Answer(0, "")
        while last.status < 200:
            try:
                data = await asyncio.wait_for(
                    asyncio.get_running_loop().sock_recv(self._socket, 65535), ANSWER_WITHIN_S
                )
            except TimeoutError:
                return last
            said = data.decode(errors="replace")
            status = int(said.split(" ", 2)[1]) if said.startswith("SIP/2.0 ") else 0
            call_id = re.search(r"Call-ID: (\S+)", text)
            if status and call_id and call_id[1] in said and text.split(" ")[0] in Answer(status, said).header("CSeq"):
                last = Answer(status, said)
        return last

    async def _send(self, text: str) -> None:
        await asyncio.get_running_loop().sock_sendto(self._socket, text.encode(), ("127.0.0.1", self.pbx_port))

    def _text(self, method: str, user: str, from_user: str, call_id: str, number: int, to: str, *headers: str) -> str:
        here, there = f"{self.address}:{self._socket.getsockname()[1]}", f"127.0.0.1:{self.pbx_port}"
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {self.address}\r\ns=-\r\nc=IN IP4 {self.address}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"
            if method == "INVITE"
            else ""
        )
        lines = [
            f"{method} sip:{user}@{there} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{uuid4().hex};rport",
            f"From: <sip:{from_user}@{here}>;tag={call_id[:8]}",
            f"To: {to or f'<sip:{user}@{there}>'}",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{from_user}@{here}>",
            "Max-Forwards: 70",
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()
