"""`centralino practice fetch`: the recordings and documents of a practice, copied to where a person can hear and read them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from centralino import who
from centralino.practice_desk import Author, Code, find, work
from centralino.practice_typed import Refused, meant, signed
from centralino.records import Records
from centralino.settings import Folders
from foundation.audit import Act
from ticket_core.model import Practice

app = typer.Typer()


@app.command()
def fetch(
    code: Code,
    folder: Annotated[Path, typer.Argument(help="a new folder for the copies")],
    author: Author = "",
) -> None:
    """Copy a practice's recordings and documents into a new folder; the audit says who has them."""
    wanted, by = meant(code), signed(author)
    tree = who.tree()
    audio = Folders(tree.up.data, tree.up.cache).audio

    async def copy(records: Records) -> list[Path]:
        practice = await find(records, wanted)
        if practice.erased_at is not None:
            raise Refused("this practice was erased: nothing of it can be fetched any more")
        try:
            folder.mkdir(mode=0o700)
            recordings = [path async for path in _recordings(records, practice, audio, folder, by)]
            return [*recordings, *[path async for path in _documents(records, practice, folder, by)]]
        except OSError as error:
            raise Refused(f"{error.filename} cannot be read or written: {error.strerror}") from None

    copied = work(copy)
    for path in copied:
        print(path)
    if not copied:
        print("there is no recording and no document")


async def _recordings(
    records: Records, practice: Practice, audio: Path, folder: Path, author: str
) -> AsyncIterator[Path]:
    for number, message in enumerate(await records.practices.messages_of(practice.id), start=1):
        if message.audio_path is not None:
            await records.audit.write(author, Act.LISTEN, "recording", practice.id)
            path = folder / f"message-{number}{Path(message.audio_path).suffix}"
            path.write_bytes((audio / message.audio_path).read_bytes())
            yield path


async def _documents(records: Records, practice: Practice, folder: Path, author: str) -> AsyncIterator[Path]:
    for number, one in enumerate(await records.attachments.of(practice.id), start=1):
        if one.name is not None:
            path = folder / f"document-{number}-{one.name}"
            async with records.attachments.open(one.id, author) as (_, pieces):
                with path.open("xb") as file:
                    async for piece in pieces:
                        file.write(piece)
            yield path
