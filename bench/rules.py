"""Pure arithmetic of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def percentile(samples: Sequence[float], percent: float) -> float:
    """The value below which `percent` of the samples lie, between the two nearest ones. Raises ValueError for no samples."""
    if not samples:
        raise ValueError("no samples: there is nothing to take a percentile of")
    ordered = sorted(samples)
    at = (len(ordered) - 1) * percent / 100
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def quartiles(samples: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile."""
    return percentile(samples, 25), percentile(samples, 50), percentile(samples, 75)


def times_better(ours: float, peer: float, less_is_better: bool) -> float | None:
    """How many times better ours is than the peer; None where the worse of the two is nothing at all."""
    better, worse = (peer, ours) if less_is_better else (ours, peer)
    return better / worse if worse > 0 else None


def next_rate(tried: Mapping[float, bool], first: float, factor: float, least: float, most: float) -> float | None:
    """The next rate to try of those between `least` and `most`, knowing which were held; None when the answer is near enough.

    Up by `factor` while held, down by it while nothing was; then once between the highest held and the lowest not held above it.
    """
    held = [rate for rate, was_held in tried.items() if was_held]
    failed = [rate for rate, was_held in tried.items() if not was_held and rate > max(held, default=0)]
    if not tried:
        return first
    if not failed:
        return _within(max(held) * factor, least, most)
    if not held:
        return _within(min(failed) / factor, least, most)
    near_enough = factor**0.75
    return round((max(held) * min(failed)) ** 0.5, 1) if min(failed) / max(held) > near_enough else None


def _within(rate: float, least: float, most: float) -> float | None:
    return round(rate, 1) if least <= rate <= most else None
