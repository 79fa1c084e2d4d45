"""Whatever somebody writes into the example, a command answers with a plan or a finding, and never with a crash."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from opsdecl.diff.planfile import dump_plan, load_plan, plan_digest
from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.plan import Planned, Wanted, plan_review
from opsdecl.view.plan.html import render_html
from opsdecl.view.plan.markdown import render_markdown
from opsdecl.view.plan.text import render_text
from tests.support.git import repository
from tests.support.mutations import Files, mistakes
from tests.support.project import copy_example, example_files, example_tree, opsdecl_here, write_files

BUDGET = 60_000
_SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck))


def review(desired: Files, base: Files) -> Planned:
    return plan_review(example_tree(desired), example_tree(base), Wanted("prod"), SourceRef(), BaseRef(ref="main"))


def _check(files: Files) -> None:
    for planned in (review(files, {}), review({}, files)):
        if planned.plan is None:
            assert planned.diagnostics
            continue
        plan = planned.plan
        assert load_plan(dump_plan(plan)).value == plan
        assert len(render_markdown(plan, digest=plan_digest(plan)).encode()) <= BUDGET
        assert render_text(plan, details=True).endswith("\n")
        assert "</html>" in render_html(plan, digest=plan_digest(plan))
        if any(finding.severity == "error" for finding in plan.findings):
            continue
        assert plan.summary["noop"] + plan.summary["create"] + plan.summary["update"] > 0


@settings(_SETTINGS, max_examples=8, derandomize=True)
@given(mistakes())
def test_plans_over_mistakes(files: Files) -> None:
    _check(files)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=200)
@given(mistakes())
def test_plans_over_many_more_mistakes(files: Files) -> None:
    _check(files)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=40)
@given(files=mistakes())
def test_every_command_answers(files: Files, tmp_path_factory: pytest.TempPathFactory) -> None:
    project = _project(tmp_path_factory.getbasetemp() / "fuzzed")
    write_files(project, {path: text for path, text in {**example_files(), **files}.items() if text is not None})
    for arguments in COMMANDS:
        ran = opsdecl_here(project, *arguments)
        assert "OD901" not in ran.err, ran.err
        assert "Traceback" not in ran.all
        assert ran.code in (0, 1, 3), (arguments, ran.err)


COMMANDS = (
    ("validate", "--format", "sarif"),
    ("validate", "--format", "github"),
    ("render", "--env", "prod"),
    ("plan", "--env", "prod"),
    ("apply", "--env", "dev", "--yes"),
    ("graph", "--env", "prod", "--format", "mermaid"),
    ("explain", "LLM.assistant", "spec", "--env", "prod"),
    ("doctor",),
)


def _project(folder: Path) -> Path:
    return folder if folder.exists() else repository(copy_example(folder))
