"""Asterisk's files are written whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from centralino.pbx_home import TEMPLATES, fill, make_pbx_home
from centralino.settings import UpSettings
from ivr.settings import IvrSettings


def test_each_place_gets_its_value() -> None:
    assert fill("bind=@HOST@:@PORT@", {"HOST": "127.0.0.1", "PORT": "5060"}, "a.conf") == "bind=127.0.0.1:5060"


def test_a_place_without_a_value_is_an_error_that_names_file_and_place() -> None:
    with pytest.raises(ValueError, match=r"pjsip\.conf wants PORT"):
        fill("bind=@HOST@:@PORT@", {"HOST": "127.0.0.1"}, "pjsip.conf")


def test_a_place_named_in_a_comment_alone_asks_for_nothing() -> None:
    assert fill("; @NAME@ is filled in\na=1", {}, "a.conf") == "; @NAME@ is filled in\na=1"


@pytest.mark.parametrize("name", ["http.conf", "manager.conf"])
def test_control_ports_listen_on_loopback_alone(name: str) -> None:
    text = (TEMPLATES / "etc" / name).read_text(encoding="utf-8")
    assert re.findall(r"^bindaddr\s*=\s*(.+)$", text, re.MULTILINE) == ["127.0.0.1"]


def test_no_template_holds_a_secret() -> None:
    for path in (TEMPLATES / "etc").glob("*.conf"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.match(r"\s*(password|secret)\s*=", line):
                assert re.search(r"=\s*@[A-Z_]+@\s*$", line), f"{path.name}: {line}"


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder whose path is short enough for a platform's, which pytest's own is not."""
    with TemporaryDirectory(prefix="centralino-") as folder:
        yield Path(folder)


def test_what_is_added_for_one_pbx_comes_after_the_shipped_text_of_its_file(place: Path) -> None:
    (place / "root/usr/lib/asterisk/modules").mkdir(parents=True)
    added = place / "extensions.conf"
    added.write_text("[peer]\nexten => s,1,Playback(${SOUNDS}/it/welcome) ; at @SIP_PORT@\n", encoding="utf-8")
    settings = UpSettings(data=place / "data", first_port=10000)
    home = make_pbx_home(settings, IvrSettings(), str(place / "root"), (added,))
    text = (home / "etc/extensions.conf").read_text(encoding="utf-8")
    assert text.index("[globals]") < text.index("[peer]")
    assert "at 10060" in text
