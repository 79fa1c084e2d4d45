"""Findings over mistakes of every sort: never a crash, always a line, the same in every run."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from opsdecl.diag import Diagnostic, Span
from opsdecl.flows.validate import validate_tree
from opsdecl.spec.types import SourceTree
from tests.support.changes import CHANGES, Change
from tests.support.literate import Case, load_cases
from tests.support.mutations import Files, mistakes
from tests.support.project import ENVIRONMENTS, example_tree

CASES = load_cases(Path(__file__).parents[1] / "cases")
WITHOUT_PLACE = {
    "OD136": "there is no Project, so there is no file to point at",
    "OD301": "the name of the environment stood on the command line",
}

_SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def without_line(findings: tuple[Diagnostic, ...]) -> list[str]:
    """Findings that do not say where, or whose line is not there."""
    return [
        f"{f.code.id} {f.at}: {f.message}" for f in findings if f.code.id not in WITHOUT_PLACE and not _is_placed(f)
    ]


def _is_placed(finding: Diagnostic) -> bool:
    at = finding.at
    if not isinstance(at, Span):
        return False
    return at.line >= 1 and at.column >= 1 and (at.end_line, at.end_column) >= (at.line, at.column)


@pytest.mark.parametrize("change", [pytest.param(change, id=change.name) for change in CHANGES])
def test_findings_of_changes_have_a_line(change: Change) -> None:
    for finding in change.plan().findings:
        assert finding.line, finding


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.id) for case in CASES if any(e.line for e in case.expected)]
)
def test_findings_of_cases_have_a_line(case: Case) -> None:
    assert without_line(validate_tree(case.tree())) == []


@settings(_SETTINGS, max_examples=25, derandomize=True)
@given(mistakes())
def test_any_mistake_is_told_with_its_line(files: Files) -> None:
    _check(files)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=300)
@given(mistakes())
def test_many_more_mistakes(files: Files) -> None:
    _check(files)


def _check(files: Files) -> None:
    findings = validate_tree(example_tree(files), environments=ENVIRONMENTS[2:])
    assert without_line(findings) == []
    assert validate_tree(_fresh(files), environments=ENVIRONMENTS[2:]) == findings
    for finding in findings:
        assert finding.message.strip()
        assert "\n" not in finding.message
        assert "\x1b" not in finding.message


def _fresh(files: Files) -> SourceTree:
    return example_tree(dict(reversed(files.items())))
