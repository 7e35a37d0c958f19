"""Practices are found again on a real PostgreSQL: in either language, by every filter, page by page, whatever is typed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from foundation.database import Database
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING
from ticket_core.casework import Casework
from ticket_core.changes import UnknownPractice
from ticket_core.codes import grouped
from ticket_core.edits import Edit
from ticket_core.events.model import Municipality
from ticket_core.events.places import Places
from ticket_core.model import (
    Audio,
    Channel,
    Kind,
    PracticeClass,
    PracticeState,
    Request,
    Requester,
    RequesterType,
    Transcript,
)
from ticket_core.replies.service import Replies
from ticket_core.search import service
from ticket_core.search.model import NOBODY, BadQuery, Query, Reason, Segment, Sort
from ticket_core.search.service import Search
from ticket_core.service import Practices

ANNA = Requester(name="Anna Verdi", email="Anna.Verdi@example.org", phone="+390612345678")
BRUNO = Requester(name="Bruno Neri", phone="+393331234567")
ROMA, AQUILA = "058091", "066049"


@pytest.fixture
def casework(database: Database, clock: HeldClock) -> Casework:
    return Casework(database, clock, COUNTING, CODES, Replies(database, clock))


@pytest.fixture
def practices(database: Database, clock: HeldClock) -> Practices:
    return Practices(database, clock, COUNTING, CODES)


@pytest.fixture
def search(database: Database, clock: HeldClock) -> Search:
    return Search(database, clock)


async def written(
    casework: Casework,
    words: str,
    language: str = "it",
    requester: Requester = BRUNO,
    channel: Channel = Channel.WEB_FORM,
) -> UUID:
    request = Request(channel=channel, language=language, requester=requester, subject="Richiesta", text=words)
    return (await casework.open(request, "form")).id


async def found(search: Search, query: Query) -> list[UUID]:
    return [hit.practice_id for hit in (await search.find(query)).hits]


async def every_page(search: Search, query: Query) -> list[UUID]:
    every: list[UUID] = []
    cursor = None
    while True:
        page = await search.find(replace(query, cursor=cursor))
        every += [hit.practice_id for hit in page.hits]
        if page.cursor is None:
            return every
        assert len(page.hits) == query.limit
        cursor = page.cursor


async def spoken(practices: Practices, words: str, alarm_words: tuple[str, ...] = (), language: str = "it") -> UUID:
    message_id = uuid4()
    await practices.open_message(message_id, uuid4(), language, "+390699999999", f"{message_id}-1")
    practice = await practices.file_message(message_id, Audio("a.wav", 9.0, 8.0))
    assert await practices.claim(message_id, "w1", 60) is not None
    assert await practices.transcribed(message_id, "w1", Transcript(words, (), "vosk", "small", language), alarm_words)
    return practice.id


@pytest.mark.parametrize(
    ("text", "language", "asked"),
    [
        ("I muri della scuola sono pericolanti", "it", "muro"),
        ("Il muro della scuola è pericolante", "it", "muri pericolanti"),
        ("The roof has collapsed", "en", "collapse"),
        ("The roof may collapse", "en", "collapsed roofs"),
        ("La città è allagata", "it", "citta allagate"),
        ("La citta e allagata", "it", "città"),
        ("La fragilità cresce", "it", "fragilita\u0300"),
        ("Frana in via dell'Università", "it", '"via dell\'università"'),
        ("Frana sulla strada", "it", "alluvione OR frana"),
        ("Frana sulla strada", "it", "frana -terremoto"),
        ("Anna chiede", "it", "FRANA or chiede"),
    ],
)
async def test_words_are_found_in_their_forms_in_both_languages(
    casework: Casework, search: Search, text: str, language: str, asked: str
) -> None:
    wanted = await written(casework, text, language)
    await written(casework, "Un terremoto in Umbria", "it")
    assert await found(search, Query(words=asked)) == [wanted]


async def test_where_the_language_is_named_words_are_taken_in_its_forms(casework: Casework, search: Search) -> None:
    italian = await written(casework, "Le frane e i muri crollati")
    english = await written(casework, "The roofs collapsed", "en")
    assert await found(search, Query(words="muro crollato", language="it")) == [italian]
    assert await found(search, Query(words="collapses roof", language="en")) == [english]
    assert await found(search, Query(words="muro", language="en")) == []


async def test_a_word_that_is_excluded_is_not_found(casework: Casework, search: Search) -> None:
    await written(casework, "Frana dopo il terremoto")
    assert await found(search, Query(words="frana -terremoto")) == []


async def test_the_name_and_the_subject_are_searched_too(casework: Casework, search: Search) -> None:
    wanted = await written(casework, "niente", requester=ANNA)
    assert await found(search, Query(words="verdi")) == [wanted]
    assert await found(search, Query(words="richieste verdi")) == [wanted]


async def test_what_was_said_in_a_message_finds_its_practice_once_and_shows_where(
    practices: Practices, search: Search
) -> None:
    wanted = await spoken(practices, "buongiorno la frana ha chiuso la strada", ("frana",))
    [hit] = (await search.find(Query(words="frane"))).hits
    assert hit.practice_id == wanted
    assert hit.urgent
    assert Segment("frana", True) in hit.snippet


async def test_a_practice_whose_text_and_message_both_fit_is_found_once(
    casework: Casework, practices: Practices, search: Search
) -> None:
    wanted = await spoken(practices, "una frana")
    await casework.correct(wanted, Edit(text="una frana grande"), "anna", "as heard")
    for sort in (Sort.OPENED, Sort.RELEVANCE, Sort.DUE):
        assert await found(search, Query(words="frana", sort=sort)) == [wanted]


async def test_a_snippet_marks_words_and_holds_nothing_that_a_browser_would_take_for_markup(
    casework: Casework, search: Search
) -> None:
    hostile = "<script>alert(1)</script> Il muro <b>crolla</b> \ue000finto\ue001 &amp; <img src=x onerror=alert(1)>"
    await written(casework, hostile)
    [hit] = (await search.find(Query(words="muri"))).hits
    assert [one.text for one in hit.snippet if one.marked] == ["muro"]
    shown = "".join(one.text for one in hit.snippet)
    assert "alert(1)" in shown
    assert not set(shown) & set("<>\ue000\ue001")


async def test_without_words_nothing_is_quoted(casework: Casework, search: Search) -> None:
    await written(casework, "Il muro")
    [hit] = (await search.find(Query())).hits
    assert hit.snippet == ()
    assert not hit.urgent


@pytest.fixture
async def many(casework: Casework, database: Database, clock: HeldClock) -> Mapping[str, UUID]:
    """One practice for each thing that can be filtered by, the first opened first, a day between each two."""
    await Places(database, clock).load([Municipality(ROMA, "Roma", "RM", "Lazio")])
    office, topic, event = uuid4(), uuid4(), uuid4()
    async with database.session() as session:
        for statement, values in (
            ("INSERT INTO office (id, name) VALUES (:id, 'Ufficio Volontariato')", {"id": office}),
            ("INSERT INTO topic (id, slug, name_it, name_en) VALUES (:id, 'x', 'X', 'X')", {"id": topic}),
            (
                "INSERT INTO event (id, name, kind, starts, declared_by, declared_at, reason) "
                "VALUES (:id, 'Alluvione', 'flood', now(), 'anna', now(), 'rain')",
                {"id": event},
            ),
        ):
            await session.execute(text(statement), values)
    made: dict[str, UUID] = {"office": office, "topic": topic, "event": event}

    async def one(name: str, request: Request) -> UUID:
        made[name] = (await casework.open(request, "form")).id
        clock.move(days=1)
        return made[name]

    plain = Request(channel=Channel.WEB_FORM, requester=BRUNO)
    await one("anna", replace(plain, requester=ANNA))
    await one("letter", replace(plain, channel=Channel.LETTER))
    await one("proposal", replace(plain, kind=Kind.PROPOSAL))
    await casework.classify(await one("quick", plain), PracticeClass.QUICK_SEARCH, "anna")
    await one("company", replace(plain, requester=replace(BRUNO, type=RequesterType.COMPANY)))
    await casework.assign(await one("elsewhere", plain), "anna", "theirs", office_id=office)
    await casework.take(await one("taken", plain), "carla")
    await casework.correct(await one("topical", plain), Edit(topic_id=topic), "anna", "")
    await casework.correct(await one("roman", plain), Edit(municipality=ROMA), "anna", "")
    await casework.correct(await one("flooded", plain), Edit(event_id=event), "anna", "")
    await one("english", replace(plain, language="en"))
    await one("nowhere", replace(plain, requester=Requester()))
    await one("drill", replace(plain, exercise=True))
    return made


FILTERS: list[tuple[Callable[[Mapping[str, UUID]], Query], set[str]]] = [
    (lambda made: Query(number="06 12345678"), {"anna"}),
    (lambda made: Query(email="ANNA.verdi@EXAMPLE.org"), {"anna"}),
    (lambda made: Query(channels=frozenset({Channel.LETTER, Channel.FAX})), {"letter"}),
    (lambda made: Query(kinds=frozenset({Kind.PROPOSAL})), {"proposal"}),
    (lambda made: Query(classes=frozenset({PracticeClass.QUICK_SEARCH})), {"quick"}),
    (lambda made: Query(requester_types=frozenset({RequesterType.COMPANY})), {"company"}),
    (lambda made: Query(office_id=made["office"]), {"elsewhere"}),
    (lambda made: Query(operator="carla"), {"taken"}),
    (lambda made: Query(states=frozenset({PracticeState.IN_PROGRESS})), {"taken"}),
    (lambda made: Query(topic_id=made["topic"]), {"topical"}),
    (lambda made: Query(municipality=ROMA), {"roman"}),
    (lambda made: Query(event_id=made["event"]), {"flooded"}),
    (lambda made: Query(language="EN"), {"english"}),
    (lambda made: Query(no_reply_address=True), {"nowhere"}),
    (lambda made: Query(opened_from=date(2026, 10, 5), opened_until=date(2026, 10, 6)), {"anna", "letter"}),
    (lambda made: Query(due_by=date(2026, 10, 15)), {"quick"}),
    (lambda made: Query(overdue=True), {"quick"}),
    (lambda made: Query(due_on=COUNTING.due_on(date(2026, 10, 7), 40)), {"anna", "letter", "proposal"}),
    (lambda made: Query(operator=NOBODY, kinds=frozenset({Kind.PROPOSAL})), {"proposal"}),
]


@pytest.mark.parametrize(("query", "names"), FILTERS)
async def test_each_filter_lets_through_what_it_names_and_nothing_else(
    search: Search, many: Mapping[str, UUID], query: Callable[[Mapping[str, UUID]], Query], names: set[str]
) -> None:
    assert set(await found(search, query(many))) == {many[name] for name in names}


async def test_nobody_means_practices_that_no_operator_has(search: Search, many: Mapping[str, UUID]) -> None:
    assert many["taken"] not in await found(search, Query(operator=NOBODY))


async def test_exercises_are_left_out_unless_they_are_asked_for(search: Search, many: Mapping[str, UUID]) -> None:
    assert many["drill"] not in await found(search, Query())
    assert many["drill"] in await found(search, Query(exercises=True))


async def test_newest_come_first_and_by_due_day_the_earliest(search: Search, many: Mapping[str, UUID]) -> None:
    newest = await found(search, Query())
    assert newest[0] == many["nowhere"]
    assert newest[-1] == many["anna"]
    assert (await found(search, Query(sort=Sort.DUE)))[0] == many["quick"]


async def test_a_day_is_a_local_one_also_when_the_clocks_go_back(
    casework: Casework, search: Search, clock: HeldClock
) -> None:
    clock.move(days=20, hours=13.75)  # 25 October 2026, 22:45 in Rome, an hour after summer time ended twice
    late = await written(casework, "tardi")
    clock.move(minutes=30)
    after = await written(casework, "dopo")
    sunday = date(2026, 10, 25)
    assert await found(search, Query(opened_from=sunday, opened_until=sunday)) == [after, late]
    clock.move(hours=1)
    monday = await written(casework, "lunedì")
    assert await found(search, Query(opened_from=sunday + timedelta(days=1))) == [monday]


async def test_a_code_is_found_however_it_is_typed(casework: Casework, practices: Practices, search: Search) -> None:
    wanted = await written(casework, "uno")
    await written(casework, "due")
    practice = await practices.practice(wanted)
    assert practice is not None
    for typed in (
        practice.code,
        grouped(practice.code),
        grouped(practice.code).replace(" ", "-"),
        f" {practice.code}\n",
    ):
        assert await found(search, Query(code=typed)) == [wanted]


@pytest.mark.parametrize("sort", Sort)
async def test_paging_gives_every_row_exactly_once_while_others_are_added(
    casework: Casework, search: Search, clock: HeldClock, sort: Sort
) -> None:
    there = []
    for number in range(23):
        there.append(await written(casework, "una frana " + "sul muro " * (number % 4)))
        clock.move(minutes=number % 3)  # some at the very same instant
    seen: list[UUID] = []
    cursor = None
    while True:
        page = await search.find(Query(words="frana", sort=sort, limit=4, cursor=cursor))
        seen += [hit.practice_id for hit in page.hits]
        cursor = page.cursor
        if cursor is None:
            break
        await written(casework, "una frana in più")
        clock.move(minutes=1)
    assert len(seen) == len(set(seen))
    assert set(there) <= set(seen)
    if sort is not Sort.DUE:
        assert set(seen) == set(there)


async def test_relevance_puts_the_text_that_says_it_more_often_first(
    casework: Casework, search: Search, clock: HeldClock
) -> None:
    often = await written(casework, "frana frana frana")
    clock.move(minutes=1)
    once = await written(casework, "una frana e un lungo discorso su altre cose")
    assert await found(search, Query(words="frana", sort=Sort.RELEVANCE)) == [often, once]
    assert await found(search, Query(words="frana")) == [once, often]


async def test_steps_through_the_list_find_what_is_far_back_and_keep_the_order(
    casework: Casework, search: Search, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "FIRST_STEP", 2)
    dice = random.Random(7)
    wanted = []
    for _ in range(40):
        word = dice.choice(("frana", "alluvione", "neve"))
        practice_id = await written(casework, word)
        wanted += [practice_id] if word == "frana" else []
        clock.move(minutes=dice.choice((0, 1, 5)))
    by_page = await every_page(search, Query(words="frana", limit=3))
    assert sorted(by_page) == sorted(wanted)
    assert by_page == await every_page(search, Query(words="frana", limit=200))
    assert sorted(await every_page(search, Query(words="frana", limit=3, sort=Sort.DUE))) == sorted(wanted)


HOSTILE = [
    "' OR 1=1 --", "muro' ; DROP TABLE practice; --", '"muro', "muro\"\"\"", "(((", "&|!<->", "muro:*", "a\\", "%_%", "🌋", "🌋 frana",
    "\u202emuro", "muro\x00frana", "\ud800 muro", "-", "- -muro", "or", '""', "\ue000", "<b>", "x" * 500, "http://e.it/?q=1",
    "muro\tfrana\n",
]  # fmt: skip


REFUSED = {"(((", "&|!<->", "a\\", "%_%", "🌋", "-", "- -muro", "or", '""', "\ue000"}


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("sort", [Sort.OPENED, Sort.RELEVANCE])
async def test_whatever_is_typed_is_searched_or_refused_in_a_sentence(
    casework: Casework, search: Search, words: str, sort: Sort
) -> None:
    wanted = await written(casework, "Una frana sul muro")
    refused = False
    try:
        hits = (await search.find(Query(words=words, sort=sort))).hits
    except BadQuery:
        refused, hits = True, ()
    assert refused == (words in REFUSED)
    assert {hit.practice_id for hit in hits} <= {wanted}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (Query(words="   "), "no word to look for"),
        (Query(words="\x00"), "no word to look for"),
        (Query(words="il la di"), "nearly every text"),
        (Query(words="the of and"), "nearly every text"),
        (Query(words="-frana"), "add one that is to be in it"),
        (Query(words="x" * 10_000), "10000 characters long"),
        (Query(code="123"), "11 digits"),
        (Query(code="12345678901"), "11 digits"),
        (Query(number="pippo"), "telephone number"),
        (Query(email="\x00"), "e-mail address"),
        (Query(operator=" "), "operator"),
        (Query(limit=0), "1 to 200 rows"),
        (Query(limit=1_000_000), "1 to 200 rows"),
        (Query(opened_from=date.min), "is not one that practices are from"),
        (Query(opened_until=date.max), "is not one that practices are from"),
        (Query(sort=Sort.RELEVANCE), "only words"),
        (Query(cursor=""), "not the cursor"),
        (Query(cursor="🌋"), "not the cursor"),
        (Query(cursor="W10="), "not the cursor"),
        (Query(cursor="x" * 100_000), "not the cursor"),
    ],
)
async def test_what_cannot_be_searched_is_refused_in_a_sentence(search: Search, query: Query, said: str) -> None:
    with pytest.raises(BadQuery, match=said):
        await search.find(query)


async def test_the_cursor_of_one_search_is_not_taken_for_anothers(casework: Casework, search: Search) -> None:
    for _ in range(3):
        await written(casework, "frana")
    page = await search.find(Query(words="frana", limit=1))
    assert page.cursor is not None
    with pytest.raises(BadQuery, match="not the cursor"):
        await search.find(Query(words="muro", limit=1, cursor=page.cursor))


async def test_what_is_due_comes_by_day_with_what_is_urgent_first(
    casework: Casework, practices: Practices, search: Search, clock: HeldClock
) -> None:
    quiet = await spoken(practices, "una domanda")
    urgent = await spoken(practices, "aiuto", ("aiuto",))
    clock.move(days=7)
    later = await written(casework, "domani")
    done = await written(casework, "fatto")
    await casework.answer(done, "ecco", "anna", Channel.PHONE_CALL)
    first_day = COUNTING.due_on(date(2026, 10, 5), 40)
    assert [hit.practice_id for hit in await search.due(first_day)] == [urgent, quiet]
    assert [hit.practice_id for hit in await search.due(first_day + timedelta(days=7))] == [urgent, quiet, later]
    assert await search.due(first_day - timedelta(days=1)) == ()


async def test_the_same_request_written_twice_is_suggested_with_its_reasons(
    casework: Casework, search: Search, clock: HeldClock
) -> None:
    words = "Il muro della scuola elementare è crollato sulla strada provinciale"
    first = await written(casework, words, requester=ANNA)
    clock.move(days=2)
    same_number = await written(casework, "Tutt'altro argomento", requester=replace(BRUNO, phone=ANNA.phone))
    same_mail = await written(casework, "Ancora altro", requester=Requester(email="anna.VERDI@example.org"))
    same_words = await written(casework, words.replace("crollato", "caduto"))
    twin = await written(casework, words, requester=ANNA)
    await written(casework, "Chiedo informazioni sul volontariato")
    found = {one.practice_id: one for one in await search.suggest_duplicates(first)}
    assert {one: set(found[one].reasons) for one in found} == {
        twin: {Reason.SAME_NUMBER, Reason.SAME_EMAIL, Reason.SAME_WORDS},
        same_number: {Reason.SAME_NUMBER},
        same_mail: {Reason.SAME_EMAIL},
        same_words: {Reason.SAME_WORDS},
    }
    assert next(iter(found)) == twin
    assert all(0 < one.score < 1 for one in found.values())


async def test_one_place_and_topic_in_few_days_is_a_reason_and_months_apart_is_none(
    casework: Casework, search: Search, clock: HeldClock, many: Mapping[str, UUID]
) -> None:
    here = Edit(municipality=ROMA, topic_id=many["topic"])
    old = await written(casework, "vecchio", requester=Requester())
    clock.move(days=60)
    one = await written(casework, "uno", requester=Requester())
    clock.move(days=3)
    other = await written(casework, "altro", requester=Requester())
    for practice_id in (old, one, other):
        await casework.correct(practice_id, here, "anna", "")
    [suggested] = await search.suggest_duplicates(other)
    assert (suggested.practice_id, suggested.reasons) == (one, (Reason.SAME_PLACE_AND_TOPIC,))


async def test_two_messages_with_the_same_words_are_suggested(practices: Practices, search: Search) -> None:
    one = await spoken(practices, "la frana ha chiuso la strada vicino al ponte")
    other = await spoken(practices, "frana sulla strada, chiuso il ponte vicino")
    [suggested] = await search.suggest_duplicates(one)
    assert suggested.practice_id == other
    assert set(suggested.reasons) == {Reason.SAME_NUMBER, Reason.SAME_WORDS}


async def test_what_was_merged_or_erased_is_not_suggested_and_a_drill_only_to_drills(
    casework: Casework, search: Search
) -> None:
    words = "Il muro della scuola è crollato"
    kept, merged, erased = [await written(casework, words, requester=ANNA) for _ in range(3)]
    drill = Request(channel=Channel.WEB_FORM, requester=ANNA, text=words, exercise=True)
    drills = [(await casework.open(drill, "form")).id for _ in range(2)]
    await casework.merge(merged, kept, "anna", "the same")
    await casework.erase(erased, "anna", "asked for")
    assert await search.suggest_duplicates(kept) == ()
    assert [one.practice_id for one in await search.suggest_duplicates(drills[0])] == [drills[1]]


async def test_words_that_hold_quotes_and_backslashes_can_be_compared(casework: Casework, search: Search) -> None:
    words = r"c:\frane\l'aquila/d'annunzio o'connor@example.org http://e.it/a'b?c=\d"
    one, other = [await written(casework, words) for _ in range(2)]
    assert [found.practice_id for found in await search.suggest_duplicates(one)] == [other]


async def test_duplicates_of_a_practice_that_is_not_there_are_refused(search: Search) -> None:
    with pytest.raises(UnknownPractice):
        await search.suggest_duplicates(uuid4())
