"""The history's chain: nothing can be changed, dropped, swapped or slipped in unseen; erasing content can be seen, and breaks nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_core import chain
from ticket_core.chain import Link, find_fault, make_link

PRACTICE = UUID(int=7)
NOON = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)


def made(length: int) -> list[Link]:
    links: list[Link] = []
    before = chain.start(PRACTICE)
    for seq in range(1, length + 1):
        links.append(
            make_link(PRACTICE, before, seq, NOON + timedelta(minutes=seq), "anna", f"step {seq}", "perché sì")
        )
        before = links[-1].digest
    return links


def fault(links: list[Link], length: int | None = None, head: bytes | None = None, erased: bool = False) -> str | None:
    return find_fault(PRACTICE, links, len(links) if length is None else length, head or links[-1].digest, erased)


def test_a_history_that_nobody_touched_verifies() -> None:
    assert fault(made(5)) is None
    assert find_fault(PRACTICE, [], 0, chain.start(PRACTICE)) is None


@given(st.integers(0, 4), st.sampled_from(["what", "author", "reason", "salt", "content", "digest"]), st.data())
def test_one_flipped_bit_is_found(index: int, field: str, data: st.DataObject) -> None:
    links = made(5)
    head, value = links[-1].digest, getattr(links[index], field)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    # A database keeps no text that is not UTF-8.
    changed = raw.decode(errors="replace") if isinstance(value, str) else bytes(raw)
    links[index] = replace(links[index], **{field: changed})
    assert fault(links, head=head) is not None


def test_another_time_is_found() -> None:
    links = made(3)
    links[1] = replace(links[1], at=links[1].at + timedelta(microseconds=1))
    assert fault(links) == "entry 2: it does not follow from the one before"


@pytest.mark.parametrize("index", range(4))
def test_a_dropped_entry_is_found(index: int) -> None:
    links = made(4)
    head = links[-1].digest
    del links[index]
    assert fault(links, length=4, head=head) is not None


def test_two_entries_that_changed_places_are_found() -> None:
    links = made(4)
    links[1], links[2] = replace(links[2], seq=2), replace(links[1], seq=3)
    assert fault(links) is not None


def test_an_entry_slipped_in_at_the_end_is_found() -> None:
    links = made(3)
    more = [*links, make_link(PRACTICE, links[-1].digest, 4, NOON, "eve", "answered", "")]
    assert fault(more, length=3, head=links[-1].digest) is not None


def test_the_history_of_another_practice_does_not_fit() -> None:
    links = made(3)
    assert find_fault(UUID(int=8), links, 3, links[-1].digest) is not None


def test_erased_content_leaves_the_chain_verifiable_and_cannot_be_written_anew() -> None:
    links = made(3)
    links[1] = replace(links[1], author=None, reason=None, salt=None)
    assert fault(links, erased=True) is None
    assert fault(links) == "entry 2: its content was removed, and the practice was not erased"
    links[1] = replace(links[1], author="eve")
    assert fault(links, erased=True) == "entry 2: its content is not what was written"


def test_a_seal_covers_every_digest_and_the_seal_before() -> None:
    digests = [link.digest for link in made(3)]
    seal = chain.seal(b"before", digests)
    assert seal == chain.seal(b"before", iter(digests))
    assert (
        len(
            {
                seal,
                chain.seal(b"other", digests),
                chain.seal(b"before", digests[:2]),
                chain.seal(b"before", digests[::-1]),
            }
        )
        == 4
    )
