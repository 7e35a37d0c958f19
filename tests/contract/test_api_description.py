"""Every request we make and every field we read is in Asterisk's own description of ARI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from centralino.obtain import asterisk_root
from centralino.settings import UpSettings
from pbx.ari.events import READERS, Channel
from pbx.ari.operations import ALL, Operation


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """Every API and model of `rest-api/*.json` in Asterisk's data folder."""
    folder = Path(asterisk_root(UpSettings().cache) or "/") / "usr/share/asterisk/rest-api"
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    assert files, f"no API description in {folder}"
    operations = {
        (operation["httpMethod"], api["path"]): {
            parameter["name"]: parameter["paramType"] for parameter in operation.get("parameters", [])
        }
        for body in files
        for api in body.get("apis", [])
        for operation in api.get("operations", [])
    }
    models = {name: model for body in files for name, model in body.get("models", {}).items()}
    return {"operations": operations, "models": models}


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: f"{operation.method} {operation.path}")
def test_a_request_of_ours_is_one_asterisk_describes(operation: Operation, description: dict[str, Any]) -> None:
    known = description["operations"]
    assert (operation.method, "/" + operation.path) in known
    parameters = known[operation.method, "/" + operation.path]
    query = {name for name, kind in parameters.items() if kind == "query"}
    assert operation.query <= query, f"not query parameters of it: {operation.query - query}"
    assert operation.body <= {name for name, kind in parameters.items() if kind == "body"}
    path = {name for name, kind in parameters.items() if kind == "path"}
    assert path == {step[1:-1] for step in operation.path.split("/") if step.startswith("{")}


def _properties(models: dict[str, Any], name: str) -> dict[str, Any]:
    properties: dict[str, Any] = dict(models[name]["properties"])
    for parent in models.values():
        if name in parent.get("subTypes", []):
            properties |= _properties(models, parent["id"])
    return properties


@pytest.mark.parametrize("kind", READERS)
def test_a_field_we_read_is_one_asterisk_describes(kind: str, description: dict[str, Any]) -> None:
    models = description["models"]
    for dotted in READERS[kind][0]:
        model = kind
        for step in dotted.split("."):
            properties = _properties(models, model)
            assert step in properties, f"{kind}: {model} has no field {step}"
            model = properties[step]["type"]


def test_the_fields_of_a_channel_are_described(description: dict[str, Any]) -> None:
    models = description["models"]
    assert {"id", "name", "state", "caller"} <= set(_properties(models, "Channel"))
    assert "number" in _properties(models, "CallerID")
    assert Channel.read({"id": "1", "name": "n", "state": "Up", "caller": {"number": "2"}}).caller_number == "2"
