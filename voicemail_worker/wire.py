"""The lines between the worker and its decoder process: one JSON object each.

The worker sends a job. The decoder answers with steps (`{"step": "reading"}`, "loading", "decoding") as it enters them,
so that its death can be blamed on the right thing, and then one outcome (`{"outcome": "NoSpeech", ...}`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any

from ticket_core.model import Transcript, Word
from voicemail_worker.model import (
    Died,
    EngineName,
    Installed,
    Job,
    ModelBroken,
    NoSpeech,
    Outcome,
    Transcribed,
    Unreadable,
)


class Step(StrEnum):
    """Where the decoder is in a job."""

    READING = "reading"
    LOADING = "loading"
    DECODING = "decoding"


def job_line(job: Job) -> bytes:
    """A job as one line."""
    return _line(asdict(job) | {"audio": str(job.audio), "model": _model_fields(job.model)})


def job_of(line: bytes) -> Job:
    """The job of a line."""
    fields = json.loads(line)
    model = fields["model"]
    model |= {"engine": EngineName(model["engine"]), "folder": Path(model["folder"])}
    return Job(**fields | {"audio": Path(fields["audio"]), "model": Installed(**model)})


def step_line(step: Step) -> bytes:
    """A step as one line."""
    return _line({"step": step})


def outcome_line(outcome: Outcome) -> bytes:
    """An outcome as one line."""
    return _line({"outcome": type(outcome).__name__} | asdict(outcome))


def answer_of(line: bytes) -> Step | Outcome:
    """The step or the outcome of a line. Raises ValueError for anything else."""
    fields = json.loads(line)
    if "step" in fields:
        return Step(fields["step"])
    kind = fields.pop("outcome", None)
    if kind == Transcribed.__name__:
        return Transcribed(_transcript(fields["transcript"]))
    plain = {one.__name__: one for one in (NoSpeech, Unreadable, ModelBroken, Died)}
    if kind not in plain:
        raise ValueError(f"not an answer of the decoder: {sorted(fields)}")
    return plain[kind](**fields)


def _transcript(fields: dict[str, Any]) -> Transcript:
    return Transcript(**fields | {"words": tuple(Word(**word) for word in fields["words"])})


def _model_fields(model: Installed) -> dict[str, Any]:
    return asdict(model) | {"folder": str(model.folder)}


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"
