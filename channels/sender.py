"""The sending loop: claim a letter that is due, hand it to the mail server, write what came of it."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from channels import metrics
from channels.mail import message
from channels.settings import SmtpSettings
from channels.smtp import Mailer, Outcome
from foundation import logs
from foundation.clock import Clock
from foundation.health import Check
from foundation.periodic import wait
from ticket_core.replies.model import Letter, LetterState
from ticket_core.replies.rules import LetterRefused, Verdict
from ticket_core.replies.sending import Sending

log = logs.get(__name__)

LEASES = 2
"""A lease lasts this many times the longest conversation: who is alive has time to write what became of its letter."""

GRACE_S = 8.0
"""How long a conversation may go on after the process was told to stop."""

NO_SERVER = "no mail server is set: CENTRALINO_SMTP__HOST=mail.example.it"
TAKEN_BEFORE = Outcome(Verdict.SENT, "", "taken before")
STOPPED = Outcome(Verdict.SERVER_AWAY, "the process was stopped", "stopped")
COUNTED = {LetterState.SENT: "sent", LetterState.TO_SEND: "again", LetterState.DEAD: "dead"}


class Sender:
    """Sends letters one after the other until told to stop. Without a `mailer` they wait, and the check says so.

    Killed in a conversation, it leaves its letter to the next sender when the lease is over: the letter is sent again, with the
    same Message-ID, also where the server had taken it.
    """

    def __init__(
        self, letters: Sending, mailer: Mailer | None, settings: SmtpSettings, clock: Clock, check: Check
    ) -> None:
        self._letters = letters
        self._mailer = mailer
        self._settings = settings
        self._clock = clock
        self._check = check
        self._name = f"channels-{uuid4().hex[:8]}"
        self._taken: set[UUID] = set()
        self._away = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`. A database that is away is waited for."""
        while not stop.is_set():
            try:
                pause_s = await self.turn(stop)
            except Exception as error:
                log.error("turn_failed", **logs.fault(error))
                self._check.failing(f"letters wait: the last turn failed ({type(error).__name__})")
                pause_s = self._settings.look_s
            await wait(stop, pause_s)

    async def turn(self, stop: asyncio.Event) -> float:
        """Send all that is due. Returns how many seconds to wait before the next turn."""
        if self._mailer is None:
            waiting = (await self._letters.outgoing()).waiting
            self._check.degraded(f"letters wait: {NO_SERVER}") if waiting else self._check.well(
                f"no letter waits; {NO_SERVER}"
            )
            return self._settings.look_s
        while not stop.is_set():
            lease_s = LEASES * self._settings.letter_s
            letter = await self._letters.claim(self._name, lease_s, self._settings.domain)
            if letter is None:
                break
            outcome = TAKEN_BEFORE if letter.id in self._taken else await self._deliver(self._mailer, letter, stop)
            self._away = outcome.gist if outcome.verdict is Verdict.SERVER_AWAY else ""
            await self._keep(letter, outcome)
            if self._away:
                break
        self._say()
        return self._settings.away_s if self._away else self._settings.look_s

    def _say(self) -> None:
        if self._away:
            self._check.degraded(f"letters wait and are tried again: the mail server takes none ({self._away})")
        else:
            self._check.well("letters are sent in turn")

    async def _deliver(self, mailer: Mailer, letter: Letter, stop: asyncio.Event) -> Outcome:
        try:
            content = message(letter, self._settings, self._clock.now())
        except LetterRefused as error:
            return Outcome(Verdict.FINAL, str(error), "it is no letter")
        begun = self._clock.monotonic()
        sending, stopping = (
            asyncio.create_task(mailer.send(letter.address, content)),
            asyncio.create_task(_patience(stop)),
        )
        try:
            await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return sending.result() if sending.done() else STOPPED
        finally:
            metrics.SEND_SECONDS.observe(self._clock.monotonic() - begun)
            for task in (sending, stopping):
                task.cancel()
            await asyncio.gather(sending, stopping, return_exceptions=True)

    async def _keep(self, letter: Letter, outcome: Outcome) -> None:
        name = self._name
        match outcome.verdict:
            case Verdict.SENT:
                # Should the database not take the next line, the letter is claimed again, and then only written.
                self._taken.add(letter.id)
                kept = await self._letters.sent(letter.id, name)
                self._taken.discard(letter.id)
            case Verdict.FINAL:
                kept = await self._letters.refused(letter.id, name, outcome.told)
            case Verdict.RETRY:
                kept = await self._letters.failed(letter.id, name, outcome.told)
            case Verdict.SERVER_AWAY:
                kept = await self._letters.give_back(letter.id, name, outcome.told)
        self._count(letter, outcome, kept)

    @staticmethod
    def _count(letter: Letter, outcome: Outcome, kept: Letter | None) -> None:
        if kept is None:
            return
        waits_for_server = outcome.verdict is Verdict.SERVER_AWAY and kept.state is LetterState.TO_SEND
        metrics.LETTERS.labels(outcome="server_away" if waits_for_server else COUNTED[kept.state]).inc()
        tell = log.info if kept.state is LetterState.SENT else log.warning
        tell(
            "letter_tried",
            letter_id=str(letter.id),
            practice_id=str(letter.practice_id),
            kind=letter.kind.value,
            state=kept.state.value,
            answer=outcome.gist,
        )


async def _patience(stop: asyncio.Event) -> None:
    await stop.wait()
    await asyncio.sleep(GRACE_S)
