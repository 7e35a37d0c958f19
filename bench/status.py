"""From the end of the hash after a practice's code to the first sound of the answer.

The peer takes the same keys with `Read()` and plays the same sound without looking anything up: what our answer costs beyond it is the
ledger's step, the look-up and the way through ARI.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench.bed import NUMBER, PEER_READ, Bed
from bench.caller import MeasuringCall, calling
from bench.model import Figure, of_samples
from bench.pairs import in_turns
from bench.proof import hear, meet

PEER = "dialplan Read, Playback"
LANES = 4  # keying a code takes two seconds, in which nothing is measured


async def status(bed: Bed) -> list[Figure]:
    """Four calls at a time, each ending when its answer has begun."""
    code = (await bed.a_practice()).code

    async def one(number: str) -> Mapping[str, float]:
        async with calling(number, bed.a_number(), bed.pbx) as call:
            await _until_asked(bed, call, number)
            keyed_at = await call.press(f"{code}#")
            at = await hear(bed, call, "status-practice", keyed_at)
        return {"answer": (at - keyed_at) * 1000}

    ours, peer = await in_turns(one, NUMBER, PEER_READ, bed.calls, LANES)
    return of_samples("status.answer", ours["answer"], peer["answer"], PEER)


async def _until_asked(bed: Bed, call: MeasuringCall, number: str) -> None:
    """Through the greeting and the menu, which the peer does not have, to the question for the code."""
    since = call.answered_at
    if number == NUMBER:
        await hear(bed, call, "welcome", since)
        since = await call.press("2")
    await meet(bed, call, "status-ask", since)
