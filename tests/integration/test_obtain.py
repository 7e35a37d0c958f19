"""An Asterisk is taken for what it does, not for its version: it is started with our files and asked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from centralino import obtain
from centralino.settings import UpSettings
from centralino.trial import asterisk_fits

pytestmark = pytest.mark.xdist_group("trial")  # a trial has ports of its own, one set a machine


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("t")


def test_our_own_asterisk_fits(folder: Path) -> None:
    assert asterisk_fits(obtain.asterisk_root(UpSettings().cache), folder)


def test_an_asterisk_that_lacks_a_module_we_use_does_not_fit(folder: Path) -> None:
    """As one that was built without what answers `channels/...` over ARI."""
    poor = folder / "root"
    subprocess.run(["cp", "-a", obtain.asterisk_root(UpSettings().cache), poor], check=True)
    [module] = (poor / "usr/lib").rglob("res_ari_channels.so")
    module.unlink()
    assert not asterisk_fits(str(poor), folder / "data")


def test_no_asterisk_at_all_does_not_fit(folder: Path) -> None:
    assert not asterisk_fits(str(folder / "nowhere"), folder)
