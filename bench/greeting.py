"""From the answer to the first sound of the greeting, beside a dialplan that answers and plays the same file.

The half second of silence after the answer is deliberate and set to 0 in the bench's platform; the peer has none either.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench.bed import NUMBER, PEER_GREETING, Bed
from bench.caller import calling
from bench.load import others_up
from bench.model import Figure, of_samples
from bench.pairs import in_turns
from bench.proof import hear

PEER = "dialplan Playback"
OTHERS = 20


async def greeting(bed: Bed) -> list[Figure]:
    """Alone on the line, then with 20 other calls up."""
    figures = await _measure(bed, "greeting")
    async with others_up(bed, OTHERS):
        return figures + await _measure(bed, f"greeting.with_{OTHERS}_calls")


async def _measure(bed: Bed, name: str) -> list[Figure]:
    async def one(number: str) -> Mapping[str, float]:
        async with calling(number, bed.a_number(), bed.pbx) as call:
            at = await hear(bed, call, "welcome", call.answered_at)
        return {
            "first_audio": (at - call.answered_at) * 1000,
            # What comes before the answer is heard as ringing: work moved there is not work saved.
            "ring_to_audio": (at - call.invited_at) * 1000,
        }

    ours, peer = await in_turns(one, NUMBER, PEER_GREETING, bed.calls)
    return [figure for what in ours for figure in of_samples(f"{name}.{what}", ours[what], peer[what], PEER)]
