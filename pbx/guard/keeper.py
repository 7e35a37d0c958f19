"""Asks the PBX whether it lives, and ends it when it is hung."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from foundation import logs
from foundation.clock import Clock
from foundation.health import Check
from pbx.guard import metrics, restart, rules
from pbx.guard.model import Answer, Condition, Probe
from pbx.guard.probes import ask
from pbx.guard.settings import GuardSettings

log = logs.get(__name__)


@dataclass
class Keeper:
    """What is remembered from one round of probes to the next."""

    settings: GuardSettings
    clock: Clock
    check: Check
    questions: Mapping[Probe, Callable[[], Awaitable[None]]]
    _condition: Condition = Condition.WELL
    _silent_s: dict[Probe, float] = field(default_factory=dict)
    _looked: float | None = None
    _kills_in_a_row: int = 0

    async def look(self) -> None:
        """One round of probes; kills a hung PBX."""
        begun = self.clock.monotonic() if self._looked is None else self._looked
        answers = await self._ask_all()
        self._looked = self.clock.monotonic()
        longest_s = self.settings.probe_every_s + self.settings.probe_timeout_s
        self._silent_s = rules.silence_s(self._silent_s, answers, self._looked - begun, longest_s)
        patience = rules.Patience(self.settings.all_silent_s, self.settings.one_silent_s)
        seen = rules.condition(self._silent_s, answers, patience)
        self._tell(seen, answers)
        if seen is Condition.HUNG:
            self._end_it()

    async def _ask_all(self) -> list[Answer]:
        asked = [ask(probe, question, self.settings.probe_timeout_s) for probe, question in self.questions.items()]
        answers = await asyncio.gather(*asked)
        for answer in answers:
            outcome = "silent" if answer.silent else "refused" if answer.wrong else "answered"
            metrics.PROBES.labels(probe=answer.probe.value, outcome=outcome).inc()
            metrics.PROBE_SECONDS.labels(probe=answer.probe.value).observe(answer.seconds)
        return answers

    def _tell(self, seen: Condition, answers: list[Answer]) -> None:
        wrong = {answer.probe.value: answer.wrong for answer in answers if answer.wrong}
        if seen is Condition.WELL:
            self.check.well("AMI, ARI and SIP answer")
        else:
            # Never failing: a guard that is restarted when the PBX hangs would not be there when it is needed.
            self.check.degraded(
                f"the PBX is {seen.value}: " + ", ".join(f"{name}: {why}" for name, why in wrong.items())
            )
        if seen is self._condition:
            return
        self._condition = seen
        if seen is Condition.WELL:
            self._kills_in_a_row = 0
            log.info("pbx_answers")
        else:
            log.warning(f"pbx_{seen.value}", **wrong)

    def _end_it(self) -> None:
        conf = self.settings.asterisk_conf
        pid = restart.find_asterisk(conf)
        age_s = restart.age_s(pid) if pid is not None else None
        if pid is None or age_s is None:
            log.error("pbx_not_running")  # whoever keeps it up is at it
            return
        grace_s = rules.grace_s(self._kills_in_a_row, self.settings.grace_s, self.settings.most_grace_s)
        if age_s < grace_s:
            log.warning("pbx_has_just_started", age_s=round(age_s, 1), left_alone_until_s=grace_s)
            return
        if not restart.kill(pid, conf):
            log.error("pbx_not_killed", pid=pid)
            return
        log.error("pbx_killed", pid=pid, age_s=round(age_s, 1))
        metrics.PBX_KILLS.inc()
        self._kills_in_a_row += 1
        self._silent_s.clear()
