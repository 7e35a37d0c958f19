"""Offices, staff, passwords and tokens on a real PostgreSQL: who is in, who is out, whatever races."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from centralino import migrate
from foundation.database import Database
from tests.clocks import HeldClock
from ticket_core.people.changes import (
    Inactive,
    LastAdministrator,
    NotAccepted,
    PeopleError,
    Taken,
    UnknownOffice,
    UnknownStaff,
    UnknownToken,
)
from ticket_core.people.model import CONTACT_CENTER, OfficeRequester, Refusal, Role, Staff
from ticket_core.people.service import People
from ticket_core.people.store import StaffRow, TokenRow

PASSWORD = "cavallo batteria graffetta"
INSTITUTIONS = frozenset({OfficeRequester.INSTITUTION})
MONTH = timedelta(days=30)


@pytest.fixture
def people(database: Database, clock: HeldClock) -> People:
    return People(database, clock)


async def with_password(people: People, login: str = "maria", role: Role = Role.OPERATOR) -> Staff:
    staff = await people.add_staff(login, "Maria Rossi", role)
    await people.set_password(staff.id, PASSWORD)
    return replace(staff, has_password=True)


async def again(people: People, staff: Staff) -> Staff:
    found = await people.staff(staff.id)
    assert found is not None
    return found


# -- the tables


async def test_the_tables_go_and_come_back_with_people_in_them(people: People, database_url: str) -> None:
    office = await people.add_office("Relazioni", None, INSTITUTIONS)
    maria = await people.add_staff("maria", "Maria", Role.OPERATOR, office.id)
    await people.issue_token(maria.id, "export", MONTH)
    await asyncio.to_thread(migrate.downgrade, database_url, "0005")
    await asyncio.to_thread(migrate.upgrade, database_url)
    assert [one.id for one in await people.offices()] == [CONTACT_CENTER]
    assert await people.everybody() == []


# -- offices


async def test_a_fresh_installation_has_the_contact_center(people: People) -> None:
    [own] = await people.offices()
    assert (own.id, own.name, own.contact_center, own.competent_for) == (
        CONTACT_CENTER, "Contact Center", True, frozenset(),
    )  # fmt: skip
    assert await people.competent_office("company") == own


async def test_institutions_go_to_the_office_that_is_competent_for_them(people: People) -> None:
    office = await people.add_office("Relazioni", "relazioni@example.org", INSTITUTIONS)
    assert await people.competent_office("institution") == office == await people.office(office.id)
    assert (await people.competent_office("citizen")).contact_center
    assert [one.name for one in await people.offices()] == ["Contact Center", "Relazioni"]


async def test_adding_an_office_again_changes_nothing_and_another_of_its_name_is_refused(people: People) -> None:
    office = await people.add_office("Relazioni", None, INSTITUTIONS)
    assert await people.add_office("Relazioni", None, INSTITUTIONS) == office
    with pytest.raises(Taken, match="an office 'Relazioni' already"):
        await people.add_office("Relazioni", "other@example.org")


async def test_a_competence_moves_when_the_office_that_has_it_lets_it_go(people: People) -> None:
    first = await people.add_office("Relazioni", None, INSTITUTIONS)
    with pytest.raises(Taken, match="'Relazioni' is competent for institution already"):
        await people.add_office("Gabinetto", None, INSTITUTIONS)
    changed = await people.change_office(
        replace(first, name="Archivio", email="a@example.org", competent_for=frozenset())
    )
    assert await people.office(first.id) == changed
    second = await people.add_office("Gabinetto", None, INSTITUTIONS)
    assert await people.competent_office("institution") == second
    with pytest.raises(Taken, match="another office 'Gabinetto'"):
        await people.change_office(replace(changed, name="Gabinetto"))


async def test_offices_that_ask_for_one_competence_at_once_do_not_both_get_it(people: People) -> None:
    tried = await asyncio.gather(
        *(people.add_office(f"Ufficio {n}", None, INSTITUTIONS) for n in range(4)), return_exceptions=True
    )
    assert sum(not isinstance(one, Taken) for one in tried) == 1
    assert len(await people.offices()) == 2


async def test_what_is_no_office_is_refused(people: People) -> None:
    with pytest.raises(NotAccepted, match="one line"):
        await people.add_office(" ")
    with pytest.raises(NotAccepted, match=r"office@example\.org"):
        await people.add_office("Relazioni", "nowhere")
    [own] = await people.offices()
    with pytest.raises(UnknownOffice):
        await people.change_office(replace(own, id=uuid4()))
    assert await people.office(uuid4()) is None


# -- staff


async def test_somebody_is_found_by_login_however_it_is_typed(people: People, clock: HeldClock) -> None:
    added = await people.add_staff(" Maria.Rossi ", "Maria Rossi", Role.OPERATOR)
    assert (added.login, added.office_id, added.created_at) == ("maria.rossi", CONTACT_CENTER, clock.now())
    assert (added.active, added.has_password) == (True, False)
    assert await people.by_login("MARIA.rossi") == added == await people.staff(added.id)
    assert await people.by_login("nobody") is None
    assert await people.by_login("no login\x00") is None


async def test_the_same_person_added_again_is_one_and_a_login_is_nobody_elses(people: People) -> None:
    adding = (people.add_staff("maria", "Maria Rossi", Role.OPERATOR) for _ in range(8))
    assert len({one.id for one in await asyncio.gather(*adding)}) == 1
    with pytest.raises(Taken, match="maria is somebody's login already"):
        await people.add_staff("MARIA", "Maria Bianchi", Role.AUDITOR)


async def test_who_cannot_be_added_is_told_why(people: People) -> None:
    with pytest.raises(NotAccepted, match="begins with a letter"):
        await people.add_staff("9", "Maria", Role.OPERATOR)
    with pytest.raises(NotAccepted, match="stands for a part of this software"):
        await people.add_staff("Clock", "Maria", Role.OPERATOR)
    with pytest.raises(NotAccepted, match="one line"):
        await people.add_staff("maria", "", Role.OPERATOR)
    with pytest.raises(UnknownOffice):
        await people.add_staff("maria", "Maria", Role.OPERATOR, uuid4())
    assert await people.everybody() == []


async def test_staff_are_listed_by_login_and_by_office(people: People) -> None:
    office = await people.add_office("Relazioni")
    anna = await people.add_staff("anna", "Anna", Role.OPERATOR)
    bruno = await people.add_staff("bruno", "Bruno", Role.AUDITOR, office.id)
    assert await people.everybody() == [anna, bruno]
    assert await people.everybody(office.id) == [bruno]
    moved = await people.move(anna.id, office.id)
    assert await people.everybody(office.id) == [moved, bruno]
    with pytest.raises(UnknownOffice):
        await people.move(anna.id, uuid4())


async def test_a_role_is_changed_while_somebody_works_here(people: People) -> None:
    maria = await people.add_staff("maria", "Maria", Role.OPERATOR)
    assert (await people.change_role(maria.id, Role.SUPERVISOR)).role is Role.SUPERVISOR
    gone = await people.deactivate(maria.id)
    assert await people.deactivate(maria.id) == gone
    for change in (
        lambda: people.change_role(maria.id, Role.ADMINISTRATOR),
        lambda: people.move(maria.id, CONTACT_CENTER),
        lambda: people.set_password(maria.id, PASSWORD),
        lambda: people.issue_token(maria.id, "export", MONTH),
    ):
        with pytest.raises(Inactive, match="maria does not work here any more"):
            await change()
    assert await again(people, maria) == gone


async def test_what_is_asked_of_nobody_is_a_clear_error(people: People) -> None:
    for asked in (people.change_role(uuid4(), Role.OPERATOR), people.deactivate(uuid4()), people.activate(uuid4())):
        with pytest.raises(UnknownStaff, match="no member of staff has the id"):
            await asked
    with pytest.raises(UnknownStaff):
        await people.set_password(uuid4(), PASSWORD)
    with pytest.raises(UnknownToken):
        await people.revoke_token(uuid4())
    assert await people.staff(uuid4()) is None


# -- the last administrator


async def test_the_last_active_administrator_stays_one(people: People) -> None:
    anna = await people.add_staff("anna", "Anna", Role.ADMINISTRATOR)
    bruno = await people.add_staff("bruno", "Bruno", Role.ADMINISTRATOR)
    await people.deactivate(bruno.id)
    with pytest.raises(LastAdministrator, match="anna is the last active administrator: make somebody else one first"):
        await people.deactivate(anna.id)
    with pytest.raises(LastAdministrator):
        await people.change_role(anna.id, Role.OPERATOR)
    assert await people.change_role(anna.id, Role.ADMINISTRATOR) == anna, "no change needs nobody else"
    await people.activate(bruno.id)
    assert (await people.change_role(anna.id, Role.OPERATOR)).role is Role.OPERATOR


@pytest.mark.parametrize("round_", range(5))
async def test_of_administrators_who_send_each_other_away_at_once_one_stays(people: People, round_: int) -> None:
    team = [await people.add_staff(f"admin{n}", "Admin", Role.ADMINISTRATOR) for n in range(4)]
    leaving = [people.deactivate(team[0].id), people.change_role(team[1].id, Role.OPERATOR)]
    leaving += [people.deactivate(team[2].id), people.change_role(team[3].id, Role.AUDITOR)]
    done = await asyncio.gather(*leaving, return_exceptions=True)
    assert [type(one) for one in done].count(LastAdministrator) == 1
    assert sum(one.active and one.role is Role.ADMINISTRATOR for one in await people.everybody()) == 1


# -- passwords


async def test_somebody_enters_with_their_password_and_with_no_other(people: People) -> None:
    maria = await with_password(people)
    assert await people.check_password("Maria", PASSWORD) == maria
    assert await people.check_password("maria", PASSWORD + "!") is Refusal.WRONG
    assert await people.check_password("nobody", PASSWORD) is Refusal.UNKNOWN
    assert await people.check_password("\x00'; --", PASSWORD) is Refusal.UNKNOWN


async def test_a_password_that_breaks_a_rule_is_not_set(people: People) -> None:
    maria = await people.add_staff("maria", "Maria", Role.OPERATOR)
    with pytest.raises(NotAccepted, match="at least 12 characters"):
        await people.set_password(maria.id, "short")
    assert not (await again(people, maria)).has_password


async def test_nobody_enters_without_a_password_or_after_leaving(people: People) -> None:
    await people.add_staff("anna", "Anna", Role.OPERATOR)
    assert await people.check_password("anna", PASSWORD) is Refusal.NO_PASSWORD
    maria = await with_password(people)
    await people.deactivate(maria.id)
    assert await people.check_password("maria", PASSWORD) is Refusal.INACTIVE
    back = await people.activate(maria.id)
    assert (back.active, back.has_password) == (True, False), "whoever comes back gets a new password"
    assert await people.activate(maria.id) == back


async def test_five_wrong_passwords_in_a_row_slow_the_sixth_even_if_it_is_right(
    people: People, clock: HeldClock
) -> None:
    maria = await with_password(people)
    for _ in range(5):
        assert await people.check_password("maria", "wrong") is Refusal.WRONG
    assert await people.check_password("maria", PASSWORD) is Refusal.SLOWED
    clock.move(seconds=30)
    assert await people.check_password("maria", "wrong") is Refusal.WRONG
    clock.move(seconds=59)
    assert await people.check_password("maria", PASSWORD) is Refusal.SLOWED
    clock.move(seconds=1)
    assert await people.check_password("maria", PASSWORD) == maria
    for _ in range(4):
        assert await people.check_password("maria", "wrong") is Refusal.WRONG
    assert await people.check_password("maria", PASSWORD) == maria, "a right one forgets those before"


async def test_a_new_password_ends_the_waiting(people: People) -> None:
    maria = await with_password(people)
    for _ in range(5):
        await people.check_password("maria", "wrong")
    await people.set_password(maria.id, "another long password")
    assert await people.check_password("maria", "another long password") == maria


async def test_guesses_made_at_once_are_no_more_than_guesses_in_a_row(people: People) -> None:
    maria = await with_password(people)
    tried = await asyncio.gather(*(people.check_password("maria", f"guess {n}") for n in range(20)))
    assert sorted(tried) == [Refusal.SLOWED] * 15 + [Refusal.WRONG] * 5
    assert (await again(people, maria)).active


async def test_a_hash_of_older_parameters_is_renewed_when_its_owner_enters(people: People, database: Database) -> None:
    maria = await with_password(people)
    older = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    async with database.session() as session:
        await session.execute(update(StaffRow).values(password_hash=older))
    assert await people.check_password("maria", PASSWORD) == maria
    assert (await kept_hash(database, maria.id)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await people.check_password("maria", PASSWORD) == maria


async def kept_hash(database: Database, staff_id: UUID) -> str:
    async with database.session() as session:
        kept = (await session.execute(select(StaffRow.password_hash).where(StaffRow.id == staff_id))).scalar_one()
    assert kept is not None
    return kept


async def test_who_leaves_while_their_password_is_compared_does_not_enter(people: People) -> None:
    maria = await with_password(people)
    for _ in range(5):
        entered, _ = await asyncio.gather(people.check_password("maria", PASSWORD), people.deactivate(maria.id))
        assert entered == maria or entered in {Refusal.WRONG, Refusal.INACTIVE}
        assert await people.check_password("maria", PASSWORD) is Refusal.INACTIVE
        await people.activate(maria.id)
        await people.set_password(maria.id, PASSWORD)


async def test_the_time_taken_does_not_tell_whether_a_login_exists(people: People) -> None:
    await with_password(people)
    await people.add_staff("anna", "Anna", Role.OPERATOR)
    took: dict[str, list[float]] = {"maria": [], "anna": [], "nobody": [], "-": []}
    for _ in range(5):
        for login, times in took.items():
            began = time.process_time()
            await people.check_password(login, "wrong")
            times.append(time.process_time() - began)
    # Processor time, and the least of five: what the machine does beside is not counted.
    work = {login: min(times) for login, times in took.items()}
    assert min(work.values()) > 0.5 * work["maria"], work


# -- tokens


async def test_a_token_speaks_for_its_holder_until_it_expires(people: People, clock: HeldClock) -> None:
    maria = await people.add_staff("maria", "Maria", Role.OPERATOR)
    issued = await people.issue_token(maria.id, "export", MONTH)
    assert (issued.token.name, issued.token.expires_at) == ("export", clock.now() + MONTH)
    bearer = await people.check_token(issued.plain)
    assert bearer is not None
    assert bearer.staff == maria
    clock.move(days=29)
    assert await people.check_token(issued.plain) is not None
    clock.move(days=1)
    assert await people.check_token(issued.plain) is None


@pytest.mark.parametrize("plain", ["", "ctk_", "ctk_" + "A" * 43, "Bearer x", "ctk_\x00\ud83c"])
async def test_what_is_no_token_speaks_for_nobody(people: People, plain: str) -> None:
    assert await people.check_token(plain) is None


async def test_a_revoked_token_speaks_for_nobody_and_stays_in_the_list(people: People, clock: HeldClock) -> None:
    maria = await people.add_staff("maria", "Maria", Role.OPERATOR)
    first = await people.issue_token(maria.id, "export", MONTH)
    clock.move(minutes=1)
    second = await people.issue_token(maria.id, "import", MONTH)
    revoked = await people.revoke_token(first.token.id)
    clock.move(minutes=1)
    assert await people.revoke_token(first.token.id) == revoked
    assert await people.check_token(first.plain) is None
    assert await people.check_token(second.plain) is not None
    assert [(one.name, one.revoked_at is None) for one in await people.tokens(maria.id)] == [
        ("import", True), ("export", False),
    ]  # fmt: skip
    assert await people.tokens(uuid4()) == []
    assert len(await people.tokens()) == 2


async def test_tokens_die_with_their_holders_leaving_and_stay_dead(people: People, clock: HeldClock) -> None:
    maria = await people.add_staff("maria", "Maria", Role.OPERATOR)
    issued = await people.issue_token(maria.id, "export", MONTH)
    left = clock.now()
    await people.deactivate(maria.id)
    assert await people.check_token(issued.plain) is None
    await people.activate(maria.id)
    assert await people.check_token(issued.plain) is None
    assert [one.revoked_at for one in await people.tokens(maria.id)] == [left]


async def test_no_token_is_issued_that_outlives_its_holders_leaving(people: People) -> None:
    for n in range(5):
        maria = await people.add_staff(f"maria{n}", "Maria", Role.OPERATOR)
        await asyncio.gather(
            people.deactivate(maria.id), people.issue_token(maria.id, "export", MONTH), return_exceptions=True
        )
        assert all(one.revoked_at is not None for one in await people.tokens(maria.id))


async def test_the_last_use_is_noted_to_the_minute(people: People, clock: HeldClock) -> None:
    maria = await people.add_staff("maria", "Maria", Role.OPERATOR)
    plain = (await people.issue_token(maria.id, "export", MONTH)).plain
    first = clock.now()
    for _ in range(3):
        await people.check_token(plain)
        clock.move(seconds=29)
    assert [one.last_used_at for one in await people.tokens()] == [first]
    await people.check_token(plain)
    assert [one.last_used_at for one in await people.tokens()] == [clock.now()]


async def test_a_token_has_a_name_and_an_end(people: People) -> None:
    maria = await people.add_staff("maria", "Maria", Role.OPERATOR)
    with pytest.raises(NotAccepted, match="at most 366 days"):
        await people.issue_token(maria.id, "export", timedelta(days=367))
    with pytest.raises(NotAccepted, match="one line"):
        await people.issue_token(maria.id, "", MONTH)
    assert await people.tokens() == []


# -- secrets


async def test_no_secret_is_in_a_value_an_error_a_log_or_the_tables(
    people: People, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    maria = await with_password(people)
    issued = await people.issue_token(maria.id, "export", MONTH)
    bearer = await people.check_token(issued.plain)
    await people.check_password(PASSWORD, PASSWORD)
    with pytest.raises(PeopleError) as refused:
        await people.set_password(maria.id, PASSWORD[:11])
    async with database.session() as session:
        rows = (await session.execute(select(StaffRow.password_hash, TokenRow.digest).join(TokenRow))).all()
        whole = [(await session.execute(select(one))).scalar_one() for one in (StaffRow, TokenRow)]
    output = capfd.readouterr()
    shown = f"{issued!r} {bearer!r} {whole!r} {refused.value!r} {output.out} {output.err}"
    assert "token_issued" in shown, "logs were looked at"
    for secret in (PASSWORD, PASSWORD[:11], issued.plain, rows[0][0], rows[0][1].hex()):
        assert secret not in shown
    assert PASSWORD not in str(rows)
    assert issued.plain not in str(rows)
