"""What may be asked of a search, where a page begins, what is shown of a text, and how alike two practices are."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_core.model import Channel, PracticeState
from ticket_core.search import cursors
from ticket_core.search.cursors import Cursor, Place, fingerprint
from ticket_core.search.model import NOBODY, BadQuery, Query, Reason, Segment, Sort, Traits
from ticket_core.search.rules import LONGEST, MARK, UNMARK, accepted, day_begins, day_ends, next_step, segments, tidy
from ticket_core.search.similarity import any_of, compare, telling

NOON = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)
STEMS = st.frozensets(st.text("abcdefgh", min_size=2, max_size=3), max_size=8)


def traits(lexemes: frozenset[str] = frozenset(), **known: object) -> Traits:
    bare = Traits(None, None, None, None, NOON, lexemes)
    return replace(bare, **known)  # type: ignore[arg-type]


def test_what_is_typed_becomes_what_is_stored() -> None:
    asked = accepted(Query(words="  il\tmuro ", number="06 1234 5678", email=" A@B.it "))
    assert (asked.words, asked.number, asked.email) == ("il muro", "+390612345678", "a@b.it")
    assert accepted(Query(operator=NOBODY)).operator is NOBODY


@given(st.text(max_size=LONGEST))
def test_tidy_words_hold_no_control_character_and_are_tidy_already(typed: str) -> None:
    once = tidy(typed, "words")
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in once)
    assert "\x00" not in once
    once.encode()
    # Composing may bring letters together anew; what matters is that nothing is refused that was taken before.
    assert len(once.split()) == len(tidy(once[:LONGEST], "words").split())


@pytest.mark.parametrize("day", [date.min, date.max])
def test_days_that_no_calendar_can_count_from_are_refused(day: date) -> None:
    with pytest.raises(BadQuery):
        accepted(Query(opened_until=day))


def test_the_next_step_is_as_long_as_the_share_so_far_promises_and_no_step_where_nothing_fitted() -> None:
    assert next_step(2_000, 10, 41) == 16_400
    assert next_step(2_000, 50, 1) == 2_000
    assert next_step(2_000, 0, 51) is None
    assert next_step(2_000, 1, 50) is None


@given(st.integers(1, 10**6), st.integers(0, 200), st.integers(1, 201))
def test_steps_never_grow_shorter(looked_at: int, found: int, missing: int) -> None:
    step = next_step(looked_at, found, missing)
    assert step is None or step >= looked_at


def test_a_local_day_of_the_change_to_winter_time_is_25_hours_long() -> None:
    sunday = date(2026, 10, 25)
    assert day_ends(sunday).astimezone(UTC) - day_begins(sunday).astimezone(UTC) == timedelta(hours=25)


@given(st.lists(st.tuples(st.text(st.characters(exclude_characters=MARK + UNMARK), min_size=1), st.booleans())))
def test_a_snippet_in_pieces_is_the_whole_text_and_marks_what_was_marked(pieces: list[tuple[str, bool]]) -> None:
    told = "".join(f"{MARK}{text}{UNMARK}" if marked else text for text, marked in pieces)
    cut = segments(told)
    assert "".join(one.text for one in cut) == "".join(text for text, _ in pieces)
    assert [one.text for one in cut if one.marked] == [text for text, marked in pieces if marked]


@pytest.mark.parametrize(
    "told", [MARK, UNMARK, f"{UNMARK}a{MARK}", f"a{MARK}b", f"{MARK}{UNMARK}", f"{MARK}{MARK}a{UNMARK}"]
)
def test_marks_that_do_not_fit_together_never_come_through(told: str) -> None:
    assert not any(mark in one.text for one in segments(told) for mark in (MARK, UNMARK))


def test_a_marked_word_stands_between_its_neighbours() -> None:
    assert segments(f"il {MARK}muro{UNMARK} cade") == (
        Segment("il ", False),
        Segment("muro", True),
        Segment(" cade", False),
    )


@given(st.uuids(), st.uuids(), st.datetimes(timezones=st.just(UTC)), st.none() | st.floats(0, 1))
def test_a_cursor_comes_back_as_it_was_written(last: UUID, newest: UUID, key: datetime, rank: float | None) -> None:
    query = Query(words="muro", sort=Sort.RELEVANCE)
    cursor = Cursor(last, Place(key, newest), rank)
    assert cursors.read(cursors.written(cursor, query), query) == cursor


def test_a_cursor_in_the_due_list_holds_a_day() -> None:
    query, cursor = Query(sort=Sort.DUE), Cursor(uuid4(), Place(date(2026, 10, 5), uuid4()))
    assert cursors.read(cursors.written(cursor, query), query) == cursor


@given(st.text(max_size=60))
def test_no_text_but_a_cursor_is_taken_for_one(typed: str) -> None:
    with pytest.raises(BadQuery, match="not the cursor"):
        cursors.read(typed, Query())


def test_the_next_page_may_have_another_length_and_nothing_else_may_differ() -> None:
    query = Query(states=frozenset({PracticeState.RECEIVED, PracticeState.CLOSED}), operator=NOBODY)
    assert fingerprint(query) == fingerprint(replace(query, limit=7, cursor="x"))
    for other in (
        replace(query, words="x"),
        replace(query, operator="nobody"),
        replace(query, states=frozenset({PracticeState.RECEIVED})),
        replace(query, states=frozenset(), channels=frozenset({Channel.FAX})),
        replace(query, sort=Sort.DUE),
    ):
        assert fingerprint(query) != fingerprint(other)


def test_each_reason_counts_and_together_they_count_more_and_never_more_than_certainty() -> None:
    topic = uuid4()
    one = traits(frozenset("abcde"), number="+391", email="A@b.it", municipality="058091", topic_id=topic)
    reasons, score = compare(one, replace(one, email="a@B.it"))
    assert set(reasons) == set(Reason)
    assert compare(traits(number="+391"), one)[1] < score < 1


@given(STEMS, STEMS)
def test_likeness_is_mutual_and_a_reason_always_has_a_score(one: frozenset[str], other: frozenset[str]) -> None:
    assert compare(traits(one), traits(other)) == compare(traits(other), traits(one))
    reasons, score = compare(traits(one), traits(other))
    assert bool(reasons) == (score > 0)
    assert 0 <= score < 1


def test_nothing_known_is_nothing_in_common() -> None:
    assert compare(traits(), traits()) == ((), 0)
    assert compare(traits(number="", email=""), traits(number="", email="")) == ((), 0)
    assert compare(traits(municipality="058091"), traits(municipality="058091")) == ((), 0)


def test_one_place_and_topic_counts_for_thirty_days() -> None:
    topic = uuid4()
    one = traits(municipality="058091", topic_id=topic)
    assert compare(one, replace(one, opened_at=NOON + timedelta(days=30)))[0] == (Reason.SAME_PLACE_AND_TOPIC,)
    assert compare(one, replace(one, opened_at=NOON + timedelta(days=30, seconds=1)))[0] == ()


def test_the_rarest_stems_tell_most_and_common_ones_nothing() -> None:
    shares = {"frana": 0.3, "ponte": 0.004, "strada": 0.002}
    assert telling(["frana", "ponte", "strada", "via", "boscoreale"], shares, 0.005, 3) == (
        "boscoreale",
        "via",
        "strada",
    )


def test_stems_are_quoted_for_a_tsquery() -> None:
    assert any_of(["a'b", "c\\d"]) == r"'a''b' | 'c\\d'"
