"""The worker's loop: hear of a message, claim its row, decode it, write what came of it.

The row is the truth: whoever claims it does the work, and only the holder's result is kept. Redis only says where to
look; while it is away the sweep looks by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID, uuid4

import structlog

from foundation import logs
from foundation.bus import News
from foundation.clock import Clock
from foundation.database import is_away
from foundation.health import Check
from foundation.periodic import wait
from ticket_core.model import Message
from voicemail_worker import distress, metrics, rules
from voicemail_worker.model import Died, Installed, Job, ModelBroken, NoSpeech, Outcome, Transcribed, Unreadable
from voicemail_worker.news import MessageNews, message_in
from voicemail_worker.ports import Decoder, Messages
from voicemail_worker.settings import VoicemailSettings

AT_ONCE = 20
"""Rows announced in one sweep: the rest waits for the next, so that the stream never fills with repetitions."""

SELDOM = 12
"""While there is news a sweep comes this many times more seldom: it mostly repeats what the stream already holds."""

OUTCOMES = {
    Transcribed: "transcribed",
    NoSpeech: "no_speech",
    Unreadable: "unreadable",
    ModelBroken: "model_broken",
    Died: "decoder_died",
}

IN_TURN = "messages are transcribed in turn"
WITHOUT_REDIS = "Redis is away: messages are looked for instead of announced"

log = logs.get(__name__)


class Worker:
    """Transcribes messages one after the other until told to stop. Their audio paths are relative to `audio_dir`."""

    def __init__(
        self,
        messages: Messages,
        news: MessageNews,
        decoder: Decoder,
        models: Callable[[], Iterable[Installed]],
        settings: VoicemailSettings,
        audio_dir: Path,
        clock: Clock,
        check: Check,
    ) -> None:
        self._messages = messages
        self._news = news
        self._decoder = decoder
        self._models = models
        self._settings = settings
        self._audio_dir = audio_dir
        self._clock = clock
        self._check = check
        self._name = f"{settings.name}-{uuid4().hex[:8]}"
        self._distrusted: dict[str, float] = {}
        self._swept_at = float("-inf")
        self._faults: frozenset[str] = frozenset()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; a message in hand is then given back at once."""
        turn = self._first_turn
        while not stop.is_set():
            try:
                await turn(stop)
                turn = self.turn
            except Exception as error:
                log.error("turn_failed", **logs.fault(error))
                self._check.failing(f"messages wait: the last turn failed ({type(error).__name__})")
                await wait(stop, self._settings.sweep_s)

    async def _first_turn(self, stop: asyncio.Event) -> None:
        # Ready once the rows can be read: the first news may be long in coming.
        await self._messages.to_announce(1)
        self._check.well(IN_TURN)

    async def turn(self, stop: asyncio.Event) -> None:
        """What is new, then a sweep if it is due."""
        news = await self._news.hear()
        for item in news or ():
            await self._follow(item, stop)
        pause_s = self._settings.sweep_s * (SELDOM if news else 1)
        if self._clock.monotonic() >= self._swept_at + pause_s:
            self._swept_at = self._clock.monotonic()
            await self._sweep(stop, redis_answers=news is not None)
            self._check.well(IN_TURN) if news is not None else self._check.degraded(WITHOUT_REDIS)
        elif news is None:
            await wait(stop, self._settings.sweep_s)

    async def _follow(self, item: News, stop: asyncio.Event) -> None:
        message_id = message_in(item)
        if message_id is not None:
            await self.transcribe(message_id, stop)
        if not stop.is_set():
            await self._news.done(item)

    async def _sweep(self, stop: asyncio.Event, redis_answers: bool) -> None:
        """Wake messages whose model has come, then announce what waits, or take it at once when Redis is away."""
        models = self._usable_models()
        for language in rules.languages_served(models):
            if woken := await self._messages.wake_waiting(language):
                log.info("model_arrived", language=language, messages=woken)
        for message_id in await self._messages.to_announce(AT_ONCE):
            if stop.is_set():
                return
            if not (redis_answers and await self._news.announce(message_id)):
                await self.transcribe(message_id, stop)

    async def transcribe(self, message_id: UUID, stop: asyncio.Event) -> None:
        """Claim the message and see it through; nothing happens when it is done or another worker holds it."""
        message = await self._messages.claim(message_id, self._name, self._settings.lease_s)
        if message is None:
            return
        with structlog.contextvars.bound_contextvars(call_id=str(message.call_id)):
            await self._see_through(message, stop)

    async def _see_through(self, message: Message, stop: asyncio.Event) -> None:
        model = rules.choose(self._usable_models(), message.language)
        if model is None:
            log.warning("no_model", message=str(message.id), language=message.language)
            await self._messages.wait_for_model(message.id, self._name)
            return
        outcome = await self._decode(message, model, stop)
        if outcome is not None:
            await self._keep(message, model, outcome, stop)

    def _usable_models(self) -> list[Installed]:
        """Models that are whole and did not lately fail to load. A broken one is named in the log, once."""
        models = list(self._models())
        faults = frozenset(model.fault for model in models if model.fault)
        for fault in faults - self._faults:
            log.warning("model_broken", fault=fault)
        self._faults = faults
        now = self._clock.monotonic()
        self._distrusted = {stamp: until for stamp, until in self._distrusted.items() if until > now}
        return [model for model in models if model.fault is None and model.stamp not in self._distrusted]

    async def _decode(self, message: Message, model: Installed, stop: asyncio.Event) -> Outcome | None:
        """Decode while holding the lease. None when it is no longer ours: told to stop, or the lease was lost."""
        settings = self._settings
        if message.audio_path is None:
            return Unreadable("the message has no recording.")
        audio = self._audio_dir / message.audio_path
        job = Job(audio, message.language, model, settings.longest_s)
        begun = self._clock.monotonic()
        limit_s = rules.time_limit_s(message.seconds or 0.0, settings.least_limit_s, settings.limit_times)
        decoding = asyncio.create_task(self._decoder.decode(job, limit_s))
        stopping = asyncio.create_task(stop.wait())
        try:
            while not decoding.done():
                await asyncio.wait(
                    {decoding, stopping}, timeout=settings.lease_s / 3, return_when=asyncio.FIRST_COMPLETED
                )
                if not decoding.done() and not await self._still_ours(message.id, stop):
                    return None
            self._measure(self._clock.monotonic() - begun, message)
            return decoding.result()
        finally:
            for task in (decoding, stopping):
                task.cancel()
            await asyncio.gather(decoding, stopping, return_exceptions=True)

    @staticmethod
    def _measure(took_s: float, message: Message) -> None:
        metrics.DECODE_SECONDS.observe(took_s)
        if message.seconds:
            metrics.REAL_TIME_FACTOR.observe(took_s / message.seconds)

    async def _still_ours(self, message_id: UUID, stop: asyncio.Event) -> bool:
        if stop.is_set():
            await self._messages.give_back(message_id, self._name, attempted=False)
            return False
        try:
            held = await self._messages.extend_lease(message_id, self._name, self._settings.lease_s)
        except Exception as error:
            # While the database is away nobody else can take the message either.
            log.warning("lease_not_extended", message=str(message_id), **logs.fault(error))
            return True
        if not held:
            log.warning("lease_lost", message=str(message_id))
        return held

    async def _keep(self, message: Message, model: Installed, outcome: Outcome, stop: asyncio.Event) -> None:
        """Write the outcome on the row; the row refuses it when the lease was lost. A database that is away is waited for."""
        while True:
            try:
                kept = await self._write(message, model, outcome)
                break
            except Exception as error:
                if not is_away(error) or stop.is_set():
                    raise
                log.warning("outcome_waits", message=str(message.id), **logs.fault(error))
                await wait(stop, self._settings.sweep_s)
        metrics.MESSAGES.labels(outcome=OUTCOMES[type(outcome)] if kept else "too_late").inc()
        fields = {"message": str(message.id), "model": model.name}
        log.info("message_handled" if kept else "outcome_too_late", outcome=type(outcome).__name__, **fields)

    async def _write(self, message: Message, model: Installed, outcome: Outcome) -> bool:
        rows, name = self._messages, self._name
        match outcome:
            case Transcribed(transcript):
                alarm = rules.alarm_words(transcript.text, distress.phrases(message.language))
                kept = await rows.transcribed(message.id, name, transcript, alarm)
                if kept and alarm:
                    log.warning("distress_alarm", message=str(message.id))
                return kept
            case NoSpeech():
                return await rows.no_speech(message.id, name)
            case Unreadable(reason):
                return await rows.unreadable(message.id, name, reason)
            case ModelBroken(reason):
                self._distrusted[model.stamp] = self._clock.monotonic() + self._settings.distrust_s
                log.error("model_broken", fault=reason)
                return await rows.give_back(message.id, name, attempted=False)
            case Died(reason):
                return await self._write_death(message, reason)

    async def _write_death(self, message: Message, reason: str) -> bool:
        if rules.is_given_up(message.attempts, self._settings.attempts):
            log.error("message_failed", message=str(message.id), attempts=message.attempts)
            return await self._messages.failed(message.id, self._name, f"{reason} (attempt {message.attempts}).")
        log.warning("decoder_died", message=str(message.id), attempts=message.attempts, reason=reason)
        return await self._messages.give_back(message.id, self._name, attempted=True)
