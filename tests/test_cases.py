"""Literate cases, and that they leave out no code."""

import ast
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from opsdecl.diag.catalog import MODULES, all_codes
from opsdecl.diag.types import Code
from opsdecl.flows.validate import validate_tree
from opsdecl.spec.source import MemoryTree
from tests.support.covered_elsewhere import COVERED_ELSEWHERE
from tests.support.literate import MINIMAL_PROJECT, TODAY, Case, check_case, load_cases

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "opsdecl"
CASES = load_cases(ROOT / "tests" / "cases")


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_case(case: Case) -> None:
    difference = check_case(case, partial(validate_tree, today=TODAY))
    assert not difference, f"\n{difference}"


def test_the_minimal_project_has_no_findings() -> None:
    assert validate_tree(MemoryTree(MINIMAL_PROJECT)) == ()


@pytest.mark.parametrize("code", [code.id for code in all_codes()])
def test_every_code_has_a_case(code: str) -> None:
    expected = {expectation.code for case in CASES for expectation in case.expected}
    assert code in expected or code in COVERED_ELSEWHERE, f"{code} needs a case in tests/cases, or a reason why not"


@pytest.mark.parametrize("code", sorted(COVERED_ELSEWHERE))
def test_the_tests_of_other_codes_exist(code: str) -> None:
    path, _, name = COVERED_ELSEWHERE[code].test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text("utf-8")
    assert code in {declared.id for declared in all_codes()}


def test_codes_are_declared_once_in_their_hundred() -> None:
    ids = [code.id for code in all_codes()]
    assert len(ids) == len(set(ids))
    for module in MODULES:
        constants = {name: value for name, value in vars(module).items() if isinstance(value, Code)}
        assert set(module.CODES) == set(constants.values()), f"CODES of {module.__name__} is not all of its codes"
        hundreds = {code.id[2] for code in module.CODES}
        assert len(hundreds) <= 1, f"{module.__name__} declares codes of several hundreds"


def test_codes_are_made_only_where_they_are_declared() -> None:
    made = [path for path in _sources() if path.parent.name != "codes" and "Code" in _called_names(path)]
    assert made == []


def test_every_code_in_the_text_is_declared() -> None:
    known = {code.id for code in all_codes()}
    named = {(code, path) for path in _sources() for code in re.findall(r"\bOD\d{3}\b", path.read_text("utf-8"))}
    assert sorted((code, str(path)) for code, path in named if code not in known) == []


def test_every_code_is_reported_somewhere() -> None:
    text = "\n".join(path.read_text("utf-8") for path in _sources() if path.parent.name != "codes")
    used = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", text))
    constants = {name: v.id for module in MODULES for name, v in vars(module).items() if isinstance(v, Code)}
    assert sorted(f"{code} {name}" for name, code in constants.items() if name not in used) == []


def _sources() -> Iterator[Path]:
    yield from sorted(PACKAGE.rglob("*.py"))


def _called_names(path: Path) -> set[str]:
    calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
    return {node.func.id for node in calls if isinstance(node.func, ast.Name)}
