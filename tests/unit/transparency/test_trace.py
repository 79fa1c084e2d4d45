"""What answered when, told from the history of a real branch."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.diag import Checked
from opsdecl.flows.compositions import parse_composition, trace_composition
from opsdecl.flows.plan import Wanted, open_built
from opsdecl.flows.trace import parse_period, trace
from opsdecl.spec.source import WorkTree
from opsdecl.transparency.types import Answer, Trace
from opsdecl.view.trace import render_json, render_trace
from tests.support.git import git, repository
from tests.support.literate import MINIMAL_PROJECT
from tests.support.past import apply_at, destroy_at
from tests.support.project import ROOT, write_files

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
CHAT = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: phi-4
  runtime: vllm
  adapters: [legal]
  chatTemplate: {text: "{{ messages }}"}
  sampling: {temperature: 0.2}
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: legal}
spec:
  base: phi-4
  source: {type: hub, uri: "hf://acme/legal", revision: aaaaaaaa}
  rank: 16
"""
OTHER = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: other}
spec: {model: phi-4, runtime: vllm}
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Applied on 1 October, beside it on the 5th, changed on 2 November, renamed on the 5th, removed on the 10th."""
    root = write_files(tmp_path_factory.mktemp("past"), {**MINIMAL_PROJECT, "environments/dev/chat.yaml": CHAT})
    repository(root)
    chat = root / "environments/dev/chat.yaml"
    apply_at(root, "dev", "Ana Lopez <ana@acme.example>", "2026-10-01T10:00:00+00:00")
    (root / "environments/dev/other.yaml").write_text(OTHER)
    apply_at(root, "dev", "Ben Okoro <ben@acme.example>", "2026-10-05T12:00:00+02:00")
    chat.write_text(CHAT.replace("aaaaaaaa", "bbbbbbbb").replace("0.2", "0.7"))
    approvals = ("behaviour: Dora Weiss <dora@acme.example>", "capacity: Eli Roth <eli@acme.example>")
    apply_at(root, "dev", "Cleo Tan <cleo@acme.example>", "2026-11-02T08:30:00+00:00", *approvals)
    chat.write_text(chat.read_text().replace("name: chat, ", "name: talk, movedFrom: [chat], "))
    apply_at(root, "dev", "Ana Lopez <ana@acme.example>", "2026-11-05T08:00:00+00:00")
    destroy_at(root, "dev", "Finn Berg <finn@acme.example>", "2026-11-10T08:00:00+00:00")
    return root


def asked(project: Path, at: str, name: str = "LLM.talk") -> Checked[Trace]:
    opened = open_built(WorkTree(project), Wanted("dev"))
    assert opened.built is not None, opened.diagnostics
    return trace(opened.built, project, Wanted("dev"), name, parse_period(at), NOW)


def answers(project: Path, at: str) -> tuple[Answer, ...]:
    found = asked(project, at)
    assert found.value is not None, found.diagnostics
    return found.value.answers


def adapter_of(answer: Answer) -> str:
    assert answer.composition is not None
    return answer.composition.adapters[0].revision


def test_a_moment_names_what_answered_and_whose_apply_brought_it(project: Path) -> None:
    (answer,) = answers(project, "2026-11-02T08:29Z")
    assert answer.composition is not None
    assert adapter_of(answer) == "aaaaaaaa"
    assert answer.composition.sampling == {"temperature": 0.2}
    assert answer.composition.engine is not None
    assert (answer.composition.engine.name, answer.composition.engine.version) == ("vllm", "0.11.0")
    assert answer.composition.chat_template is not None
    assert answer.composition.address == "LLM.chat", "as it was called then"
    # Ben's apply was in force, and it was Ana's that had made the model what it was.
    assert answer.brought_by.who.startswith("Ana")
    assert answer.revision.who.startswith("Ben")
    assert (answer.since, answer.until) == ("2026-10-05T10:00:00Z", "2026-11-02T08:30:00Z")


def test_from_the_second_of_an_apply_its_state_answers(project: Path) -> None:
    (answer,) = answers(project, "2026-11-02T08:30Z")
    assert adapter_of(answer) == "bbbbbbbb"
    assert answer.brought_by.who.startswith("Cleo")
    assert answer.brought_by.approvals == (
        "behaviour: Dora Weiss <dora@acme.example>",
        "capacity: Eli Roth <eli@acme.example>",
    )
    assert answer.brought_by.source_commit == "c0ffee"


def test_offsets_count(project: Path) -> None:
    assert adapter_of(answers(project, "2026-11-02T09:29+01:00")[0]) == "aaaaaaaa"
    assert adapter_of(answers(project, "2026-11-02T09:30+01:00")[0]) == "bbbbbbbb"
    assert adapter_of(answers(project, "2026-11-02T03:31-05:00")[0]) == "bbbbbbbb"


def test_without_an_offset_a_time_is_utc_and_the_answer_says_so(project: Path) -> None:
    assert answers(project, "2026-11-02T08:29") == answers(project, "2026-11-02T08:29Z")
    found = asked(project, "2026-11-02T08:29").value
    assert found is not None
    assert "2026-10-05 10:00 UTC until 2026-11-02 08:30 UTC" in render_trace(found)


def test_a_day_in_which_it_changed_has_two_answers(project: Path) -> None:
    assert [adapter_of(answer) for answer in answers(project, "2026-11-02")] == ["aaaaaaaa", "bbbbbbbb"]


def test_a_day_in_which_something_else_was_applied_has_one(project: Path) -> None:
    (answer,) = answers(project, "2026-10-05")
    assert (answer.since, answer.until) == ("2026-10-01T10:00:00Z", "2026-11-02T08:30:00Z")


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (
            "2026-09-30",
            "nothing was applied to main before 2026-10-01 10:00 UTC, so nothing answered on 2026-09-30 UTC",
        ),
        ("2026-10-01T09:59Z", "nothing was applied to main before 2026-10-01 10:00 UTC"),
        (
            "2026-11-20",
            "LLM.talk did not answer on 2026-11-20 UTC: Finn Berg <finn@acme.example> had removed all of main",
        ),
        ("2026-12-02", "2026-12-02 UTC lies in the future: nothing has answered then"),
        ("2026-12-01T12:01Z", "2026-12-01 12:01 UTC lies in the future"),
    ],
)
def test_where_nothing_answered_it_is_said_why(project: Path, at: str, said: str) -> None:
    found = asked(project, at)
    assert [d.code.id for d in found.diagnostics] == ["OD851"]
    assert said in found.diagnostics[0].message


def test_a_document_that_was_not_declared_yet(project: Path) -> None:
    found = asked(project, "2026-10-02", "LLM.other")
    assert "LLM.other was no part of main on 2026-10-02 UTC" in found.diagnostics[0].message
    assert asked(project, "2026-10-06", "LLM.other").diagnostics == ()


def test_a_name_of_no_such_kind(project: Path) -> None:
    found = asked(project, "2026-10-02", "chat")
    assert [d.code.id for d in found.diagnostics] == ["OD850"]


def by_composition(project: Path, text: str) -> Checked[Trace]:
    opened = open_built(WorkTree(project), Wanted("dev"))
    assert opened.built is not None, opened.diagnostics
    return trace_composition(opened.built, project, Wanted("dev"), parse_composition(text))


def test_a_composition_is_found_in_every_state_that_had_it(project: Path, jsonschema: Any) -> None:
    """A span names it; the renaming left it as it was, and the adapter's new revision did not."""
    (first,), (later,) = answers(project, "2026-10-06"), answers(project, "2026-11-03")
    assert first.digest != later.digest
    found = by_composition(project, later.digest).value
    assert found is not None
    told = [(a.composition and a.composition.address, a.since, a.until, a.brought_by.who[:4]) for a in found.answers]
    assert told == [
        ("LLM.chat", "2026-11-02T08:30:00Z", "2026-11-05T08:00:00Z", "Cleo"),
        ("LLM.talk", "2026-11-05T08:00:00Z", "2026-11-10T08:00:00Z", "Ana "),
    ]
    assert found.answers[0].brought_by.approvals[0].startswith("behaviour: Dora Weiss")
    assert "LLM.talk · dev · main   2026-11-05 08:00 UTC until 2026-11-10 08:00 UTC" in render_trace(found)
    (same,) = by_composition(project, first.digest.removeprefix("sha256:")[:12]).value.answers  # type: ignore[union-attr]
    assert (same.since, same.until) == ("2026-10-01T10:00:00Z", "2026-11-02T08:30:00Z"), "two revisions, one stretch"
    schema = json.loads((ROOT / "schemas" / "trace.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(render_json(found)))


def test_a_composition_that_nothing_had(project: Path) -> None:
    found = by_composition(project, "00" * 32)
    assert [d.code.id for d in found.diagnostics] == ["OD877"]
    assert "nothing answered by 000000000000 in the 5 revisions that dev remembers" in found.diagnostics[0].message
    with pytest.raises(ValueError, match="abc"):
        parse_composition("abc")


def test_text_and_json(project: Path, jsonschema: Any) -> None:
    found = asked(project, "2026-11-03").value
    assert found is not None
    text = render_trace(found)
    assert "hf://acme/legal @ bbbbbbbb" in text
    assert "apply of Cleo Tan at 2026-11-02 08:30 UTC" in text
    assert (
        "behaviour: Dora Weiss <dora@acme.example>; capacity: Eli Roth <eli@acme.example> "
        "(as whoever applied it said; not checked)\n"
    ) in text
    assert "of the specs" in text
    assert text.endswith("Times are those of applies; pods take a change over in the rollout after it.\n")
    schema = json.loads((ROOT / "schemas" / "trace.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(render_json(found)))


def test_approvals_of_an_apply_that_changed_something_else_are_not_those_of_the_answers(project: Path) -> None:
    found = asked(project, "2026-10-05").value
    assert found is not None
    lines = [line.strip() for line in render_trace(found).splitlines()]
    assert [line.split("  ")[0] for line in lines].count("approvals") == 1
    (after,) = [line for line in lines if line.startswith("still so after")]
    assert "apply of Ben Okoro at 2026-10-05 10:00 UTC" in after
    assert after.endswith("which left the answers as they were")


def test_two_applies_within_a_minute_are_told_apart(project: Path) -> None:
    found = asked(project, "2026-11-03").value
    assert found is not None
    (answer,) = found.answers
    brief = replace(answer, since="2026-11-02T08:30:05Z", until="2026-11-02T08:30:47Z")
    assert "2026-11-02 08:30:05 UTC until 2026-11-02 08:30:47 UTC" in render_trace(replace(found, answers=(brief,)))


def test_before_any_apply_there_is_nothing_to_tell(tmp_path: Path) -> None:
    root = repository(write_files(tmp_path, {**MINIMAL_PROJECT, "environments/dev/chat.yaml": CHAT}))
    found = asked(root, "2026-10-08", "LLM.chat")
    assert [d.message for d in found.diagnostics] == ["nothing was ever applied to main of dev"]


def test_a_hand_edit_of_the_branch_is_said(tmp_path: Path) -> None:
    root = write_files(tmp_path, {**MINIMAL_PROJECT, "environments/dev/chat.yaml": CHAT})
    repository(root)
    apply_at(root, "dev", "Ana Lopez <ana@acme.example>", "2026-10-01T10:00:00+00:00")
    git(root, "worktree", "add", "--quiet", str(tmp_path / "rendered"), "rendered/dev")
    deployment = next((tmp_path / "rendered").rglob("deployment-chat.yaml"))
    deployment.write_text(deployment.read_text().replace("--max-lora-rank=16", "--max-lora-rank=32"))
    when = "2026-10-07T10:00:00+00:00"
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    git(tmp_path / "rendered", "commit", "--quiet", "--all", "--message", "Quick fix", env=dates)
    found = asked(root, "2026-10-08", "LLM.chat").value
    assert found is not None
    assert found.answers[0].revision.kind == "edit"
    assert "somebody changed the target by hand" in render_trace(found)
    assert "by hand" not in render_trace(asked(root, "2026-10-06", "LLM.chat").value)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-11-02T25:00", "", "2026-11-02T10:00+99:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the standard library says of it
        parse_period(text)
