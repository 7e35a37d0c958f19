"""The smallest bench, on the real thing: what it measures is there. How long it took is the bench's business, not a test's."""

from __future__ import annotations

from bench.bed import a_bed
from bench.greeting import greeting
from tests.places import MAX_CALLS, first_port


async def test_the_greeting_is_measured_beside_its_peer() -> None:
    async with a_bed(2, lambda text: None, first_port(1), MAX_CALLS) as bed:
        figures = await greeting(bed)
    assert {figure.quantity.name for figure in figures} >= {"greeting.first_audio.median", "greeting.first_audio.p95"}
    for figure in figures:
        assert figure.n == 2
        assert figure.ours > 0
        assert figure.ratio is not None
