"""What is in progress and what waits, read out of the metrics of our processes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from prometheus_client.parser import text_string_to_metric_families

from centralino.doctor import LITTLE_SPACE
from centralino.picture import Figures
from centralino.platform import Platform
from foundation.monitor import fetch

Samples = dict[str, dict[str, float]]
"""Metric -> label's value ("" without a label) -> its value."""


async def samples_of(platform: Platform, limit_s: float) -> tuple[Samples | None, Samples | None]:
    """The metrics of ivr and of voicemail; None of one that does not answer."""

    async def of(name: str) -> Samples | None:
        with suppress(OSError):  # a TimeoutError is one
            return read_samples((await fetch(platform.services.monitor_address(name), "/metrics", limit_s)).text)
        return None

    ivr, voicemail = await asyncio.gather(of("ivr"), of("voicemail"))
    return ivr, voicemail


def read_samples(page: str) -> Samples:
    """A page of metrics, of which each has one label at most. A histogram's buckets fold into one: nobody here reads them."""
    samples: Samples = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            samples.setdefault(sample.name, {})[next(iter(sample.labels.values()), "")] = sample.value
    return samples


def figures_of(ivr: Samples | None, voicemail: Samples | None, most_calls: int, fallback: int, disk: int) -> Figures:
    """The figures out of two processes' metrics, either of which may be missing."""

    def of(samples: Samples | None, name: str) -> float | None:
        return samples.get(f"centralino_{name}", {}).get("") if samples else None

    flows = ivr.get("centralino_ivr_calls", {}) if ivr else {}
    return Figures(
        calls={flow: int(calls) for flow, calls in flows.items() if calls} if ivr is not None else None,
        most_calls=most_calls,
        messages=of(voicemail, "voicemail_messages_waiting"),
        oldest_message_s=of(voicemail, "voicemail_oldest_waiting_seconds"),
        outbox=of(ivr, "outbox_pending_entries"),
        oldest_write_s=of(ivr, "outbox_oldest_seconds"),
        fallback_files=fallback,
        disk_free=disk,
        least_free=LITTLE_SPACE,
    )
