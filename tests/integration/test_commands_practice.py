"""Practices from the keyboard, on the database of a platform of which nothing else runs."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from centralino import commands_admin, commands_practice, practice_desk, who
from centralino.records import NotFound, Records
from foundation.clock import SystemClock
from tests.practices import COUNTING
from ticket_core.codes import is_well_formed, normalise
from ticket_core.events.model import Municipality
from ticket_core.model import Audio
from ticket_core.people.model import Role

pytestmark = pytest.mark.usefixtures("platform")

PROGRAM = Path(sys.executable).parent / "centralino"
PDF = b"%PDF-1.7\n a landslide on the road to the village\n"
FORM = (
    "--channel", "web_form", "--name", "Anna Verdi", "--email", "anna.verdi@example.org", "--subject", "Un muro", "--kind", "report",
)  # fmt: skip
BY_ANNA = ("--author", "anna")


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(commands_practice.app, words, input=stdin)


def types(*words: str, stdin: str | None = None) -> str:
    """What a command that does its work prints."""
    done = run(*words, stdin=stdin)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def refused(*words: str, stdin: str | None = None) -> str:
    """The sentence with which a command does nothing, proved on every practice, before and after; `main` prints it."""
    before = types("export", "--all")
    done = run(*words, stdin=stdin)
    assert isinstance(done.exception, practice_desk.Refused | NotFound), done.output + repr(done.exception)
    assert types("export", "--all") == before
    return str(done.exception)


def new(*words: str, text: str = "Il muro si muove.") -> str:
    """The code of a practice that was written down."""
    code = " ".join(types("new", *(words or FORM), "--text", "-", *BY_ANNA, stdin=text).split(":")[0].split()[1:])
    assert is_well_formed(normalise(code))
    return code


def exported(code: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(types("export", code))
    return whole


def today() -> date:
    return SystemClock().now().astimezone(who.tree().hours.zone).date()


def ago(days: int) -> str:
    return f"{today() - timedelta(days=days)}T10:00"


def test_a_letter_is_written_down_taken_suspended_resumed_answered_and_reopened() -> None:
    code = new("--channel", "letter", "--name", "Anna Verdi", "--email", "anna@example.org", "--received", ago(5))
    due = exported(code)["practice"]["due_on"]
    assert types("take", code, *BY_ANNA).startswith(f"practice {code}: in_progress, due {due} (")
    assert "no due date, with anna" in types("suspend", code, "administration", "Comune di Roma", *BY_ANNA)
    assert f"due {due}" in types("resume", code, "--reason", "the opinion is here", *BY_ANNA)
    assert "awaiting_documents" in types("suspend", code, "documents", "una fotografia", *BY_ANNA)
    types("resume", code, "--reason", "here", *BY_ANNA)
    assert "answered, no due date" in types("answer", code, "--text", "-", *BY_ANNA, stdin="Il muro è sicuro.\n")
    assert "in_progress, due" in types("reopen", code, "--reason", "she wrote again", *BY_ANNA)
    closed = types("close", code, "--because", "withdrawn", "--reason", "by phone", *BY_ANNA)
    assert closed == f"practice {code}: closed (withdrawn), no due date, with anna\n"
    whole = exported(code)
    assert {entry["author"] for entry in whole["history"]} == {"anna", "system"}
    assert [letter["kind"] for letter in whole["letters"]] == ["suspended", "documents_asked", "answer", "reopened"]
    assert [one["state"] for one in whole["clock"]][:2] == ["runs", "suspended_administration"]


def test_a_practice_is_shown_with_what_an_operator_needs_first() -> None:
    code = new(*FORM, "--received", ago(3))
    types("take", code, *BY_ANNA)
    types("suspend", code, "documents", "una fotografia", *BY_ANNA)
    types("link", code, "phone_call", "call of this morning", *BY_ANNA)
    lines = types("show", code).splitlines()
    by = COUNTING.documents_by(SystemClock().now())
    assert lines[0] == f"practice {code}: awaiting_documents, documents by {by} (40 days left), no due date, with anna"
    assert lines[1] == "requester: citizen Anna Verdi; e-mail anna.verdi@example.org"
    kinds = [line.split(":")[0].split(" at ")[0] for line in lines if not line.startswith((" ", "20"))]
    assert kinds == [
        lines[0].split(":")[0], "requester", "office", "received", "id", "subject", "text", "clock", "letter", "letter", "contact",
    ]  # fmt: skip
    assert "    Il muro si muove." in lines
    [clock] = [line for line in lines if line.startswith("clock")]
    assert "suspended_documents, 3 of 40 days elapsed, 37 remaining; suspended 0 days for administrations, 0" in clock
    assert lines[-1].endswith("anna: contact (phone_call call of this morning)")


def test_the_clock_is_read_at_any_day_past_or_to_come() -> None:
    code = new(*FORM, "--received", ago(10))
    assert "not started" in types("show", code, "--at", str(today() - timedelta(days=11)))
    assert ": runs, 4 of 40 days elapsed, 36 remaining" in types("show", code, "--at", str(today() - timedelta(days=6)))
    assert ": runs, 30 of 40 days elapsed, 10 remaining" in types(
        "show", code, "--at", str(today() + timedelta(days=20))
    )
    assert "is no time" in refused("show", code, "--at", "soon")


def test_practices_are_listed_by_state_channel_due_day_office_and_operator() -> None:
    late = new("--channel", "letter", "--received", ago(100))
    form, call = new(), new("--channel", "phone_call", "--phone", "06 1234 5678")
    types("take", form, *BY_ANNA)

    def listed(*words: str) -> list[str]:
        return [line[2:16] for line in types("list", *words).splitlines() if line[2:5].isdigit()]

    assert listed() == [call, form, late]
    assert listed("--limit", "1") == [call]
    assert listed("--state", "in_progress", "--state", "closed") == [form]
    assert listed("--channel", "letter", "--channel", "phone_call") == [call, late]
    assert listed("--operator", "Anna") == [form]
    assert listed("--overdue") == listed("--due", "today") == [late]
    assert listed("--due", str(today() + timedelta(days=60)))[0] == late
    assert set(listed("--office", "Contact Center")) == {late, form, call}
    assert "no office is called 'X'" in refused("list", "--office", "X")
    assert "is no date" in refused("list", "--due", "tomorrow")


def test_a_correction_changes_what_is_named_and_nothing_else() -> None:
    async def known(records: practice_desk.Records) -> None:
        await records.places.load([
            Municipality("058091", "Roma", "RM", "Lazio"), Municipality("022165", "Romallo", "TN", "Trentino-Alto Adige"),
        ])  # fmt: skip
        await records.topics.add("muri", "Muri", "Walls")

    practice_desk.work(known)
    code = new()
    before = exported(code)["practice"]
    words = ("--email", "", "--phone", "06 1234 5678", "--topic", "muri", "--municipality", "roma", "--channel", "pec")
    types("correct", code, "--reason", "she called", *words, *BY_ANNA)
    after = exported(code)["practice"]
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"requester", "topic_id", "topic", "municipality", "channel", "version"}
    assert after["requester"] == before["requester"] | {"email": None, "phone": "+390612345678"}
    assert (after["topic"], after["municipality"]) == ("muri", "Roma")
    types("correct", code, "--reason", "not there", "--topic", "", "--municipality", "", *BY_ANNA)
    assert (exported(code)["practice"]["topic"], exported(code)["practice"]["municipality"]) == (None, None)
    assert "058091 Roma (RM), 022165 Romallo (TN)" in refused(
        "correct", code, "--reason", "x", "--municipality", "rom", *BY_ANNA
    )
    assert "There are: muri" in refused("correct", code, "--reason", "x", "--topic", "acqua", *BY_ANNA)


def test_a_class_sets_the_term() -> None:
    code = new("--channel", "web_form", "--email", "anna@example.org", "--received", ago(2))
    types("classify", code, "known", *BY_ANNA)
    [*_, last] = exported(code)["clock"]
    assert last["term_days"] == 7


def test_a_practice_is_given_to_who_works_here() -> None:
    async def staff(records: practice_desk.Records) -> None:
        for login in ("bruno", "carla"):
            await records.people.add_staff(login, login, Role.OPERATOR)
        gone = await records.people.by_login("carla")
        assert gone is not None
        await records.people.deactivate(gone.id)
        await records.people.add_office("Volontariato")

    practice_desk.work(staff)
    code = new()
    types("take", code, *BY_ANNA)
    assert "with anna" in refused("take", code, "--author", "bruno")
    assert "with bruno" in types("assign", code, "--operator", "Bruno", "--reason", "holidays", *BY_ANNA)
    assert "with nobody" in types("assign", code, "--office", "Volontariato", "--reason", "theirs", *BY_ANNA)
    assert exported(code)["practice"]["office"] == "Volontariato"
    for words, said in (
        (("--operator", "dario"), "no user has the login dario"),
        (("--operator", "carla"), "does not work here any more"),
        (("--office", "X"), "no office is called 'X'"),
        ((), "say to whom"),
    ):
        assert said in refused("assign", code, *words, "--reason", "x", *BY_ANNA)


def test_two_practices_become_one_and_a_contact_is_linked_once() -> None:
    first, second = new(), new()
    assert types("merge", first, second, "--reason", "the same wall", *BY_ANNA).startswith(
        f"practice {second}: received"
    )
    assert f"merged into {second}: look at that one" in types("show", first)
    assert f"practice {first} (linked by anna)" in types("show", second)
    for _ in range(2):
        types("link", second, "letter", "letter of 20 November", "--at", ago(1), *BY_ANNA)
    assert len(exported(second)["contacts"]) == 2
    assert "merged into another" in refused("reopen", first, "--reason", "x", *BY_ANNA)
    assert "into itself" in refused("merge", second, second, "--reason", "x", *BY_ANNA)


def test_an_erased_practice_has_no_code_and_no_person_and_takes_no_document(platform: Path) -> None:
    code = new()
    practice_id = exported(code)["practice"]["id"]
    assert f"{practice_id} (erased)" in types("erase", code, "--reason", "asked for by the requester", *BY_ANNA)
    assert "no practice has the code" in refused("show", code)
    shown = types("show", practice_id)
    assert "closed (withdrawn)" in shown
    assert f"{practice_id} (erased)" in types("list")
    for gone in ("Anna Verdi", "anna.verdi", "muro", normalise(code)):
        assert gone not in shown.split("letter:")[0]
    (platform / "frana.pdf").write_bytes(PDF)
    assert "was erased" in refused("attach", practice_id, "frana.pdf", *BY_ANNA)


def test_erasing_shows_what_was_merged_into_a_practice_and_takes_it_along_when_told_to() -> None:
    first, second, kept = new(), new(), new()
    for one in (first, second):
        types("merge", one, kept, "--reason", "the same wall", *BY_ANNA)
    asked = refused("erase", kept, "--reason", "asked for", *BY_ANNA)
    assert asked.startswith("what was merged into it goes with it: ")
    assert first in asked
    assert second in asked
    seen = exported(kept)["practice"]["version"]
    stale = ("--with-merged", "--seen", str(seen - 1))
    assert "has changed" in refused("erase", kept, "--reason", "asked for", *stale, *BY_ANNA)
    told = types("erase", kept, "--reason", "asked for", "--with-merged", *BY_ANNA)
    assert "erased with it, because merged into it: 2" in told
    for one in (first, second, kept):
        assert "no practice has the code" in refused("show", one)


def test_erasing_a_duplicate_tells_that_the_practice_that_is_left_stays() -> None:
    first, kept = new(), new()
    types("merge", first, kept, "--reason", "the same wall", *BY_ANNA)
    assert "which stays and may say the same" in types("erase", first, "--reason", "asked for", *BY_ANNA)
    assert "received" in types("show", kept)


def test_a_document_is_kept_once_and_stands_in_the_history(platform: Path) -> None:
    code = new()
    (platform / "frana.pdf").write_bytes(PDF)
    kept = [types("attach", code, "frana.pdf", "--name", "Foto della frana.pdf", *BY_ANNA) for _ in range(2)]
    assert kept[0] == kept[1]
    assert kept[0].startswith(f"Foto della frana.pdf is kept: application/pdf, {len(PDF)} bytes, SHA-256 ")
    assert "attachment: Foto della frana.pdf, application/pdf" in types("show", code)
    whole = exported(code)
    assert [one["name"] for one in whole["attachments"]] == ["Foto della frana.pdf"]
    assert [entry["what"] for entry in whole["history"]].count("attachment_added") == 1
    assert [path.stat().st_size for path in (platform / "attachments").rglob("*") if path.is_file()] == [len(PDF)]
    (platform / "a.exe").write_bytes(b"MZ" + bytes(100))
    assert "This type of document cannot be received" in refused("attach", code, "a.exe", *BY_ANNA)
    assert "cannot be read: Is a directory" in refused("attach", code, ".", *BY_ANNA)
    assert "cannot be read: No such file" in refused("attach", code, "none.pdf", *BY_ANNA)


def audited(*words: str) -> str:
    done = CliRunner().invoke(commands_admin.app, ["audit", *words])
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def test_who_had_what_of_practices_is_told_by_the_audit_and_its_lines_name_no_person(platform: Path) -> None:
    assert audited().startswith("nothing since ")
    code = new()
    practice_id = exported(code)["practice"]["id"]
    types("export", "--all", "--format", "csv", *BY_ANNA)
    types("erase", code, "--reason", "asked for by Anna Verdi", "--author", "carla")
    one, every, erased = audited().splitlines()
    assert one.endswith(f": export, practice of {practice_id}")
    assert every.endswith(" anna: export, all practices")
    assert erased.endswith(f" carla: erasure, practice of {practice_id}")
    assert [json.loads(line)["act"] for line in audited("--json").splitlines()] == ["export", "export", "erasure"]
    assert datetime.fromisoformat(json.loads(audited("--json").splitlines()[0])["at"]).tzinfo is not None
    assert "Verdi" not in audited("--json")
    tomorrow = str(today() + timedelta(days=1))
    assert audited("--since", tomorrow).startswith(f"nothing since {tomorrow} 00:00")
    assert audited("--since", tomorrow, "--json") == ""


def test_what_was_said_and_sent_is_fetched_into_a_new_folder_once_the_audit_has_it(platform: Path) -> None:
    code = new()
    assert "there is no recording" in types("fetch", code, "empty", *BY_ANNA)
    (platform / "frana.pdf").write_bytes(PDF)
    types("attach", code, "frana.pdf", *BY_ANNA)
    practice_id = exported(code)["practice"]["id"]
    practice_desk.work(lambda records: spoken(records, UUID(practice_id), platform / "audio"))
    printed = types("fetch", code, "copies", *BY_ANNA).split()
    assert [Path(path).read_bytes() for path in printed] == [b"RIFF", PDF]
    assert [Path(path).name for path in printed] == ["message-1.wav", "document-1-frana.pdf"]
    assert [line.partition(" anna: ")[2] for line in audited().splitlines() if "export" not in line] == [
        f"listen, recording of {practice_id}", f"download, attachment of {practice_id}",
    ]  # fmt: skip
    assert "File exists" in refused("fetch", code, "copies", *BY_ANNA)
    types("erase", code, "--reason", "asked for", *BY_ANNA)
    assert "was erased" in refused("fetch", practice_id, "more", *BY_ANNA)
    assert not (platform / "more").exists()


async def spoken(records: Records, practice_id: UUID, audio: Path) -> None:
    """A voice message of this practice, with a recording."""
    message_id = uuid4()
    audio.mkdir(exist_ok=True)
    (audio / "a.wav").write_bytes(b"RIFF")
    await records.practices.open_message(message_id, uuid4(), "it", None, "take", adds_to=practice_id)
    await records.practices.file_message(message_id, Audio("a.wav", 9.0, 8.0))


def test_an_export_of_one_is_whole_and_the_same_in_both_formats() -> None:
    code = new(*FORM[:-4], "--subject", "=HYPERLINK(1)")
    types("take", code, *BY_ANNA)
    whole = exported(code)
    assert list(whole) == [
        "practice",
        "clock_now",
        "clock",
        "messages",
        "letters",
        "attachments",
        "contacts",
        "history",
    ]
    assert (whole["practice"]["subject"], whole["practice"]["text"]) == ("=HYPERLINK(1)", "Il muro si muove.")
    assert whole["clock_now"]["elapsed"] + whole["clock_now"]["remaining"] == whole["clock_now"]["term"] == 40
    rows = list(csv.DictReader(StringIO(types("export", code, "--format", "csv"))))
    as_text = {(row["part"], row["number"], row["field"]): row["value"] for row in rows}
    assert as_text["practice", "1", "subject"] == "'=HYPERLINK(1)"
    assert as_text["history", "2", "author"] == whole["history"][1]["author"]
    assert {row["part"] for row in rows} >= {"practice", "clock_now", "clock", "letters", "history"}


def test_a_table_of_all_is_json_or_csv_and_computes_nothing_in_a_spreadsheet() -> None:
    assert json.loads(types("export", "--all")) == []
    code, other = new(*FORM[:-4], "--subject", "@SUM(1)", "--phone", "06 1234 5678"), new()
    lines = json.loads(types("export", "--all"))
    assert [line["code"] for line in lines] == [normalise(other), normalise(code)]
    [_, row] = csv.DictReader(StringIO(types("export", "--all", "--format", "csv")))
    assert list(row) == list(lines[0])
    assert (row["subject"], row["phone"], row["office"]) == ("'@SUM(1)", "'+390612345678", "Contact Center")
    for words in ((), (code, "--all")):
        assert "say --all" in refused("export", *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--email", "anna@"), "none that can be written to"),
        (("--phone", "call me"), "is no telephone number"),
        (("--language", "italiano"), "is no language's code"),
        (("--received", "2999-01-01"), "still to come"),
        (("--received", "soon"), "is no time"),
        (("--subject", "one\ntwo"), "must be one line"),
        (("--author", "clock"), "stands for a part of this software"),
        (("--text", "/no/such/file"), "cannot be read"),
    ],
)
def test_a_request_that_cannot_be_taken_is_one_sentence_and_nothing_is_written(
    words: tuple[str, ...], said: str
) -> None:
    assert said in refused("new", *FORM, "--text", "-", *BY_ANNA, *words, stdin="x")


@pytest.mark.promise("Two operators on one practice: the second gets a clear conflict, nothing is overwritten")
def test_who_saw_an_older_version_is_told_who_changed_it() -> None:
    code = new()
    seen = ("--seen", str(exported(code)["practice"]["version"]))
    assert f"version {seen[1]}" in types("show", code)
    types("take", code, *BY_ANNA, *seen)
    said = refused("correct", code, "--subject", "Altro", "--reason", "mine", "--author", "bruno", *seen)
    assert "anna at 20" in said
    assert "received -> in_progress" in said


def test_a_step_that_is_not_allowed_is_one_sentence_and_nothing_is_written() -> None:
    code, without = new(), new("--channel", "letter")
    for words, said in (
        (("suspend", code, "documents", "una fotografia"), "cannot go from received to awaiting_documents"),
        (("resume", code, "--reason", "x"), "only a practice that waits"),
        (("reopen", code, "--reason", "x"), "only a practice that was answered or closed"),
        (("answer", without, "--text", "-"), "no e-mail address to answer to"),
        (("answer", code, "--text", "/no/such/file"), "cannot be read"),
        (("close", code, "--because", "withdrawn", "--reason", " "), "the reason is empty"),
        (("take", "123 456 789 06"), "no practice has the code 123 456 789 06"),
        (("take", "6f1e6f0e-0000-4000-8000-000000000000"), "no practice has the id"),
    ):
        assert said in refused(*words, *BY_ANNA, stdin="x"), words
    assert "the answer is empty" in refused("answer", code, "--text", "-", *BY_ANNA, stdin=" \n")
    assert "by another channel" in refused("answer", without, "--text", "-", *BY_ANNA, stdin="x")
    assert "answered" in types("answer", without, "--text", "-", "--by", "phone_call", *BY_ANNA, stdin="Detto.")


def test_at_the_keyboard_a_refusal_is_one_line_on_standard_error_and_exit_code_one(platform: Path) -> None:
    def program(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, "practice", *words], capture_output=True, text=True, cwd=platform, env={**os.environ, **more}, timeout=60
        )  # fmt: skip

    mistyped = program("show", "123 456 789 60", CENTRALINO_UP__DATA=str(platform / "elsewhere"))
    assert (mistyped.returncode, mistyped.stdout) == (1, "")
    assert mistyped.stderr.startswith("centralino: '123 456 789 60' is no practice's code")
    assert len(mistyped.stderr.splitlines()) == 1
    unknown = program("take", "123 456 789 06")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)
    bucket = program("list", CENTRALINO_ATTACHMENTS__STORE="s3")
    assert "give the part bucket too" in bucket.stderr
    assert "Traceback" not in mistyped.stderr + unknown.stderr + bucket.stderr
