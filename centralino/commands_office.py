"""`centralino admin office`: the offices, and whose requests come to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from centralino import who
from ticket_core.people.model import Office, OfficeRequester
from ticket_core.people.service import People

app = typer.Typer(no_args_is_help=True, help="Offices, and whose requests come to them.")

Name = Annotated[str, typer.Argument(help="the office's name, as the list shows it")]
Email = Annotated[str | None, typer.Option(help="where the office hears of its practices")]
CompetentFor = Annotated[
    list[OfficeRequester] | None, typer.Option(help="whose requests come to it; more than once for more")
]


@app.command()
def add(name: Name, email: Email = None, competent_for: CompetentFor = None) -> None:
    """Open an office."""
    office = who.ask(lambda people: people.add_office(name, email, frozenset(competent_for or ())))
    print(_line(office))


@app.command()
def change(
    name: Name,
    email: Email = None,
    competent_for: CompetentFor = None,
    nobody: Annotated[bool, typer.Option("--competent-for-nobody", help="let every competence go")] = False,
) -> None:
    """Change an office's e-mail address, or whose requests come to it; what is not given stays."""

    async def changed(people: People) -> Office:
        office = await who.office(people, name)
        competence = frozenset(competent_for or ()) if competent_for or nobody else office.competent_for
        return await people.change_office(replace(office, email=email or office.email, competent_for=competence))

    print(_line(who.ask(changed)))


@app.command("list")
def show_all() -> None:
    """Every office, with whose requests come to it."""
    for office in who.ask(lambda people: people.offices()):
        print(_line(office))


def _line(office: Office) -> str:
    answers: list[str] = sorted(office.competent_for)
    if office.contact_center:
        answers = ["citizens", *answers, "whoever no other office is competent for"]
    return f"{office.name}: answers {', '.join(answers) or 'nobody yet'}; e-mail {office.email or '-'}"
