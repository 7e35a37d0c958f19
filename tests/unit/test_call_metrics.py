"""Calls in progress are counted by flow, and each call is in one flow at a time."""

from __future__ import annotations

from uuid import uuid4

from foundation.metrics import REGISTRY
from ivr.metrics import CallsInFlows


def in_flow(flow: str) -> float:
    return REGISTRY.get_sample_value("centralino_ivr_calls", {"flow": flow}) or 0.0


def test_a_call_is_counted_in_the_flow_it_is_in_and_nowhere_when_it_is_over() -> None:
    calls, first, second = CallsInFlows(), uuid4(), uuid4()
    calls.enter(first, "menu-of-this-test")
    calls.enter(second, "menu-of-this-test")
    assert in_flow("menu-of-this-test") == 2
    calls.enter(first, "mailbox-of-this-test")
    assert (in_flow("menu-of-this-test"), in_flow("mailbox-of-this-test")) == (1, 1)
    for call in (first, second, second):
        calls.leave(call)
    assert (in_flow("menu-of-this-test"), in_flow("mailbox-of-this-test")) == (0, 0)
