"""What runs leave is written by programs that nobody here knows: what is broken is a finding, and no file."""

import json
from pathlib import Path
from typing import Any

import pytest

from opsdecl.evidence.result import read_result
from opsdecl.evidence.schemas import evidence_schema, result_schema
from opsdecl.flows.evaluating import AskedRun, asked_runs
from opsdecl.spec.source import MemoryTree
from tests.support.git import commit, repository
from tests.support.measured import FIRST, SECOND, STAGING, files, result_text
from tests.support.project import Ran, built, opsdecl_here, write_files

NUMBERS = {"roc_auc": 0.9, "log_loss": 0.3}


def run() -> AskedRun:
    return (asked_runs(built(MemoryTree({**files()}), "staging")).value or ())[0]


def text(**changes: Any) -> str:
    return json.dumps({**result_text(run().text, NUMBERS, model=FIRST), **changes})


def read(message: str) -> tuple[str, str]:
    """Code and words of what is found; empty where the result is taken."""
    asked = run()
    done = read_result(message, asked.text, asked.request, asked.subject)
    return (done.diagnostics[0].code.id, done.diagnostics[0].message) if done.value is None else ("", "")


def test_a_result_is_taken_as_it_is() -> None:
    assert read(text()) == ("", "")


HOSTILE = {
    "nothing": ("", "OD862", "left no result"),
    "no JSON": ("roc_auc=0.9", "OD862", "malformed"),
    "another shape": ("[1, 2]", "OD862", "object"),
    "too much": (text() + " " * 5000, "OD862", "4,096 bytes"),
    "a number as text": (text(metrics={"roc_auc": "0.9", "log_loss": 0.3}), "OD862", "float"),
    "no number": (text().replace("0.9", "NaN"), "OD862", "malformed"),
    "an endless number": (text().replace("0.9", "1e999"), "OD862", ""),
    "a metric too few": (text(metrics={"roc_auc": 0.9}), "OD862", "`log_loss` is missing"),
    "a metric too many": (text(metrics={**NUMBERS, "elo": 1}), "OD862", "`elo` was not asked for"),
    "a field that there is not": (text(passed=True), "OD862", "passed"),
    "another trust": (text(trust="certified"), "OD862", "trust"),
    "a time that is none": (text(finishedAt="tomorrow"), "OD862", "finishedAt"),
    "an end before the start": (text(finishedAt="2020-01-01T00:00:00Z"), "OD862", "ended before it started"),
    "words that write on terminals": (text(engine="\x1b[31mred"), "OD862", "engine"),
    "deep nesting": ("[" * 3000, "OD862", ""),
    "another request": (text(asked=SECOND), "OD863", "another request"),
    "another model": (text(model=SECOND), "OD863", "is declared"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_broken_or_of_something_else_is_refused(name: str) -> None:
    message, code, words = HOSTILE[name]
    found, said = read(message)
    assert found == code
    assert words in said
    assert said.isprintable()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write_files(tmp_path, files())
    repository(folder)
    return folder


def requested(project: Path, *more: str) -> str:
    """As a shell takes it, which drops the last line end."""
    return opsdecl_here(project, "evidence", "request", "quality", "--env", "staging", *more).out.rstrip("\n")


def record(project: Path, message: str, *more: str) -> Ran:
    (project / "result.json").write_text(message)
    words = ("evidence", "record", "quality", "--env", "staging", "--result", "result.json")
    return opsdecl_here(project, *words, *more)


def written(project: Path) -> list[Path]:
    return sorted((project / "evidence").glob("*")) if (project / "evidence").exists() else []


def test_a_result_becomes_a_file_named_by_its_digest_once(project: Path) -> None:
    message = json.dumps(result_text(requested(project), NUMBERS, model=FIRST))
    assert record(project, message).code == 0
    (file,) = written(project)
    assert "nothing new" in record(project, message).out
    assert written(project) == [file]
    shown = opsdecl_here(project, "evidence", "show", file.stem[:8])
    assert "roc_auc  at least 0.8  reached" in shown.out
    assert "Model.churn" in opsdecl_here(project, "evidence", "list").out
    told = json.loads(opsdecl_here(project, "evidence", "list", "--format", "json").out)
    assert told["evidence"][0]["evidence"]["candidate"]["model"] == FIRST


def test_what_is_refused_writes_nothing(project: Path) -> None:
    done = record(project, text(asked=SECOND))
    assert (done.code, written(project)) == (1, [])
    assert "OD863" in done.err


def test_a_folder_that_leads_out_of_the_project_is_refused(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (project / "evidence").symlink_to(outside)
    done = record(project, text())
    assert done.code == 1
    assert list(outside.iterdir()) == []


def test_names_that_there_are_not_are_told(project: Path) -> None:
    assert "OD866" in opsdecl_here(project, "evidence", "show", "12ab").err
    assert "OD866" in opsdecl_here(project, "evidence", "request", "qualty", "--env", "staging").err
    assert "did you mean `quality`" in opsdecl_here(project, "evidence", "request", "qualty", "--env", "staging").err
    assert "name one with --candidate: model-churn" in record(project, text(), "--candidate", "model-x").err


def test_the_published_schemas_take_what_is_written_and_refuse_what_is_not(project: Path, jsonschema: Any) -> None:
    result = result_text(requested(project), NUMBERS, model=FIRST)
    record(project, json.dumps(result))
    jsonschema.validate(result, result_schema())
    jsonschema.validate(json.loads(written(project)[0].read_text()), evidence_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**result, "trust": "certified"}, result_schema())


SELECTING = (
    STAGING.replace("{model: churn}", "{model: churn}, {model: trees}, {model: deep}")
    + """\
  selection:
    metric: roc_auc
    constraints: [{metric: log_loss, max: 0.4}]
    into: churn
"""
)


def test_the_winner_reaches_all_constraints_and_is_promoted(tmp_path: Path) -> None:
    def model(name: str, digest: str) -> str:
        source = f'{{uri: "s3://models/{name}", digest: "{digest}"}}'
        spec = f"{{format: custom, image: registry.example.com/churn:1.0.0, port: 8080, source: {source}}}"
        return f"---\napiVersion: opsdecl.dev/v1\nkind: Model\nmetadata: {{name: {name}}}\nspec: {spec}\n"

    deep = f"sha256:{'c' * 64}"
    project = write_files(tmp_path, files(staging=SELECTING + model("trees", SECOND) + model("deep", deep)))
    repository(project)
    for name, digest, numbers in (
        ("churn", FIRST, {"roc_auc": 0.85, "log_loss": 0.3}),
        ("trees", SECOND, {"roc_auc": 0.9, "log_loss": 0.3}),
        ("deep", deep, {"roc_auc": 0.95, "log_loss": 0.6}),
    ):
        one = ("--candidate", f"model-{name}")
        told = result_text(requested(project, *one), numbers, model=digest)
        assert record(project, json.dumps(told), *one).code == 0
    chosen = opsdecl_here(project, "evidence", "select", "quality", "--env", "staging")
    assert "→ model-trees 0.9 wins" in " ".join(chosen.out.split())
    assert "log_loss is 0.6, and 0.4 is the most" in chosen.out
    opsdecl_here(project, "apply", "--env", "prod", "--yes")
    (project / "result.json").unlink()
    commit(project, "what was found")
    done = opsdecl_here(project, "promote", "--from", "staging", "--to", "prod", "--winner", "quality", "--dry-run")
    said = " ".join(done.out.split())
    assert done.code == 0, done.err
    assert f"Model churn source.digest {SECOND[:40]}" in said
    assert "gate measured · quality: log_loss 0.3, roc_auc 0.9 open" in said


def test_without_evidence_nobody_wins(project: Path) -> None:
    (project / "environments/staging/environment.yaml").write_text(
        SELECTING.replace(", {model: trees}, {model: deep}", "")
    )
    commit(project, "selecting")
    done = opsdecl_here(project, "promote", "--from", "staging", "--to", "prod", "--winner", "quality")
    assert done.code == 1
    assert "OD867" in done.err
    assert "no evidence of this run" in done.err
