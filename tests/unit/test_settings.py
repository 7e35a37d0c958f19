"""A wrong setting is one sentence: which, what is wrong, where it was read, and one that works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from centralino import clock
from centralino.settings import Tree as WholeTree
from channels import __main__ as channels
from foundation.settings import Part, SettingsError, load
from ivr import __main__ as ivr
from ivr.settings import IvrSettings
from pbx.guard import __main__ as guard
from pbx.settings import PbxSettings
from queue_manager import __main__ as queue
from voicemail_worker import __main__ as voicemail


class Tree(BaseModel):
    ivr: IvrSettings = IvrSettings()


class SecretTree(BaseModel):
    pbx: PbxSettings


PBX = {
    "CENTRALINO_PBX__ARI_ADDRESS": "127.0.0.1:8088",
    "CENTRALINO_PBX__ARI_PASSWORD": "s3cret-of-the-pbx",
    "CENTRALINO_PBX__SPOOL": "/spool",
    "CENTRALINO_PBX__SOUNDS": "/sounds",
}
NOWHERE = Path("no-such-file.toml")
TREES = (WholeTree, clock.Tree, channels.Tree, guard.Tree, ivr.Tree, queue.Tree, voicemail.Tree)
PARTS = sorted(
    {field.annotation for tree in TREES for field in tree.model_fields.values()} & set(Part.__subclasses__()),
    key=lambda part: part.__name__,
)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    config = tmp_path / "centralino.toml"
    config.write_text("[ivr]\ntries = 4\nmenu_wait_s = 7.0\n")
    tree = load(Tree, {"CENTRALINO_IVR__TRIES": "5"}, config)
    assert (tree.ivr.tries, tree.ivr.menu_wait_s, tree.ivr.answer_pause_s) == (5, 7.0, 0.5)


@pytest.mark.parametrize("value", ["soon", "0", "61"])
def test_a_wrong_value_is_named_with_its_source_and_an_example(value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(Tree, {"CENTRALINO_IVR__MENU_WAIT_S": value}, NOWHERE)
    text = str(caught.value)
    assert "setting ivr.menu_wait_s is wrong" in text
    assert "the environment (CENTRALINO_IVR__MENU_WAIT_S)" in text
    assert "CENTRALINO_IVR__MENU_WAIT_S=5.0" in text


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load(Tree, {"CENTRALINO_IVR__TRIES": "0", "CENTRALINO_IVR__LANGUAGE": "fr"}, NOWHERE)
    assert "ivr.tries" in str(caught.value)
    assert "ivr.language" in str(caught.value)


def test_a_name_nobody_knows_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match=r"one of: answer_pause_s, .*tries"):
        load(Tree, {"CENTRALINO_IVR__TRYS": "3"}, NOWHERE)


def test_a_missing_setting_is_called_missing() -> None:
    environ = {name: value for name, value in PBX.items() if not name.endswith("SPOOL")}
    with pytest.raises(SettingsError) as caught:
        load(SecretTree, environ, NOWHERE)
    assert str(caught.value) == (
        "setting pbx.spool is missing: neither the environment (CENTRALINO_PBX__SPOOL) nor no-such-file.toml has it."
        " Example: CENTRALINO_PBX__SPOOL=data/asterisk/spool"
    )


def test_a_missing_part_is_told_as_the_settings_that_a_person_has_to_make_and_the_examples_work(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(clock.Tree, {}, NOWHERE)
    told = str(caught.value)
    assert (
        "setting codes.key is missing: neither the environment (CENTRALINO_CODES__KEY, or CENTRALINO_CODES__KEY_FILE with a file's"
        " name) nor no-such-file.toml has it. Example: CENTRALINO_CODES__KEY_FILE=/run/secrets/codes"
    ) in told.splitlines()
    examples = dict(line.split(" Example: ")[1].split("=", 1) for line in told.splitlines())
    assert {"CENTRALINO_DATABASE__URL", "CENTRALINO_CODES__KEY_FILE"} < set(examples)
    (tmp_path / "codes").write_text("a key")
    load(clock.Tree, examples | {"CENTRALINO_CODES__KEY_FILE": str(tmp_path / "codes")}, NOWHERE)


def test_a_part_that_is_no_table_of_the_file_is_told_with_what_it_can_hold(tmp_path: Path) -> None:
    config = tmp_path / "centralino.toml"
    config.write_text("ivr = 3\n")
    with pytest.raises(
        SettingsError, match=r"setting ivr is wrong: .* \(read from .*centralino\.toml\)\. .*one of: answer"
    ):
        load(Tree, {}, config)


def refused_fields(part: type[BaseModel], given: dict[str, Any]) -> set[Any]:
    """The fields that a part refuses, or misses."""
    try:
        part.model_validate(given)
    except ValidationError as error:
        return {problem["loc"][0] for problem in error.errors() if problem["loc"]}
    return set()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_example_of_a_setting_is_one_that_the_setting_takes(part: type[BaseModel]) -> None:
    for name, field in part.model_fields.items():
        for example in field.examples or ():
            # What is no plain value is written as JSON in the environment.
            value = json.loads(example) if str(example)[:1] in ("{", "[") else example
            assert name not in refused_fields(part, {name: value}), example


def test_what_a_part_misses_that_may_be_absent_as_a_whole_has_an_example_too() -> None:
    class Absent(BaseModel):
        pbx: PbxSettings | None = None

    with pytest.raises(SettingsError, match=r"pbx\.spool is missing: .* Example: CENTRALINO_PBX__SPOOL="):
        load(Absent, {"CENTRALINO_PBX__SOUNDS": "/sounds"}, NOWHERE)


def test_a_secret_comes_from_a_file_and_its_newline_does_not(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    environ = {name: value for name, value in PBX.items() if not name.endswith("PASSWORD")}
    tree = load(SecretTree, {**environ, "CENTRALINO_PBX__ARI_PASSWORD_FILE": str(tmp_path / "secret")}, NOWHERE)
    assert tree.pbx.ari_password.get_secret_value() == "from-a-file"


def test_a_secrets_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"CENTRALINO_PBX__ARI_PASSWORD_FILE names a file that cannot be read"):
        load(SecretTree, {"CENTRALINO_PBX__ARI_PASSWORD_FILE": "/no/such"}, NOWHERE)


def test_a_value_given_outright_wins_over_one_given_by_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file")
    tree = load(SecretTree, {**PBX, "CENTRALINO_PBX__ARI_PASSWORD_FILE": str(tmp_path / "secret")}, NOWHERE)
    assert tree.pbx.ari_password == SecretStr("s3cret-of-the-pbx")


def test_a_secret_is_in_no_complaint_and_no_representation() -> None:
    class Numbered(Part):
        password: int

    class NumberedTree(BaseModel):
        numbered: Numbered

    with pytest.raises(SettingsError) as caught:
        load(NumberedTree, {"CENTRALINO_NUMBERED__PASSWORD": "hunter2"}, NOWHERE)
    assert "hunter2" not in str(caught.value)
    assert "s3cret" not in repr(load(SecretTree, PBX, NOWHERE))


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "centralino.toml"
    config.write_text("[ivr\n")
    with pytest.raises(SettingsError, match=r"centralino\.toml is not valid TOML: .*line 1"):
        load(Tree, {}, config)


def test_a_list_is_given_in_the_environment_as_in_the_example() -> None:
    tree = load(WholeTree, {"CENTRALINO_UP__TRUNK_ADDRESSES": '["203.0.113.7/32", "203.0.113.8"]'}, NOWHERE)
    assert tree.up.trunk_addresses == ("203.0.113.7/32", "203.0.113.8")


def test_a_data_folder_too_long_for_a_socket_is_refused_before_anything_starts() -> None:
    with pytest.raises(SettingsError, match=r"setting up\.data is wrong"):
        load(WholeTree, {"CENTRALINO_UP__DATA": "/tmp/" + "x" * 120}, NOWHERE)


def test_more_calls_than_there_are_ports_for_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"up\.max_calls is wrong: from first_port 62000 on, 4000 calls need ports"):
        load(WholeTree, {"CENTRALINO_UP__FIRST_PORT": "62000", "CENTRALINO_UP__MAX_CALLS": "4000"}, NOWHERE)


def test_every_call_that_is_let_in_has_its_rtp_ports() -> None:
    up = load(WholeTree, {"CENTRALINO_UP__MAX_CALLS": "700"}, NOWHERE).up
    first, last = up.ports.rtp
    assert (last + 1 - first) // 2 == 700
    assert first % 2 == 0
