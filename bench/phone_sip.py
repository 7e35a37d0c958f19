"""The little SIP (RFC 3261) of a phone that registers and is called: texts in, texts out, no socket."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from uuid import uuid4

from bench.sip import Address, Message

EXPIRES_S = 120
KEPT = ("Via", "From", "To", "Call-ID", "CSeq")


@dataclass(frozen=True)
class Account:
    """A phone's number and password at a PBX, and the sockets that it has."""

    number: str
    password: str
    pbx: Address
    local: Address
    sound: Address
    _call_id: str = field(default_factory=lambda: uuid4().hex)

    @property
    def contact(self) -> str:
        """Where it is called."""
        return f"<sip:{self.number}@{self.local[0]}:{self.local[1]}>"

    def register(self, turn: int, challenge: Message | None = None) -> bytes:
        """`turn` counts the requests; `challenge` is the PBX's 401 to the one before."""
        host, port = self.pbx
        uri, own = f"sip:{host}:{port}", f"<sip:{self.number}@{host}:{port}>"
        proof = "" if challenge is None else _proof(challenge.header("WWW-Authenticate"), self, uri)
        return _request("REGISTER", uri, [
            f"Via: SIP/2.0/UDP {self.local[0]}:{self.local[1]};branch=z9hG4bK{uuid4().hex}", f"From: {own};tag={self._call_id[:8]}",
            f"To: {own}", f"Call-ID: {self._call_id}", f"CSeq: {turn} REGISTER", f"Contact: {self.contact}", f"Expires: {EXPIRES_S}",
            *([proof] if proof else []),
        ])  # fmt: skip

    def answer(self, request: Message, status: str, tag: str = "", sound: bool = False) -> bytes:
        """An answer to a request of the PBX; `sound`: with our end of it."""
        kept = {name: request.header(name) for name in KEPT}
        if tag and ";tag=" not in kept["To"]:
            kept["To"] += f";tag={tag}"
        lines = [f"SIP/2.0 {status}", *(f"{name}: {value}" for name, value in kept.items()), f"Contact: {self.contact}"]
        if not sound:
            return "\r\n".join([*lines, "Content-Length: 0", "", ""]).encode()
        host, port = self.sound
        sdp = f"v=0\r\no=bench 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        return "\r\n".join([*lines, "Content-Type: application/sdp", f"Content-Length: {len(sdp)}", "", sdp]).encode()

    def bye(self, invite: Message, tag: str) -> bytes:
        """The end of a call that we have answered."""
        target = re.search(r"<([^>]+)>", invite.header("Contact"))
        return _request("BYE", target[1] if target else f"sip:{self.pbx[0]}:{self.pbx[1]}", [
            f"Via: SIP/2.0/UDP {self.local[0]}:{self.local[1]};branch=z9hG4bK{uuid4().hex}", f"From: {invite.header('To')};tag={tag}",
            f"To: {invite.header('From')}", f"Call-ID: {invite.header('Call-ID')}", "CSeq: 1 BYE",
        ])  # fmt: skip


def _request(method: str, uri: str, headers: list[str]) -> bytes:
    return "\r\n".join([f"{method} {uri} SIP/2.0", *headers, "Max-Forwards: 70", "Content-Length: 0", "", ""]).encode()


def _proof(challenge: str, account: Account, uri: str) -> str:
    """RFC 2617 digest with `qop=auth`, as Asterisk asks for it. Raises ValueError for another challenge."""
    asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    if not {"realm", "nonce"} <= asked.keys() or asked.get("qop") != "auth":
        raise ValueError(f"a challenge that a bench's phone cannot answer: {challenge}")
    once = uuid4().hex
    secret = _md5(f"{account.number}:{asked['realm']}:{account.password}")
    response = _md5(f"{secret}:{asked['nonce']}:00000001:{once}:auth:{_md5(f'REGISTER:{uri}')}")
    opaque = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
    return (
        f'Authorization: Digest username="{account.number}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="{once}"{opaque}'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
