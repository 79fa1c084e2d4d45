"""No file is longer than 400 lines, no function than 60. Lines are plain lines: blank ones and comments count."""

import ast
from collections.abc import Iterator, Mapping

from tests.support.code import sources

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def outliers(files: Mapping[str, str]) -> Iterator[str]:
    """One line for each file and each function that is too long."""
    for path, text in files.items():
        lines = len(text.splitlines())
        if lines > MAX_FILE_LINES:
            yield f"{path}: {lines} lines"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - first_line(node) + 1
                if length > MAX_FUNCTION_LINES:
                    yield f"{path}:{node.lineno}: {node.name} has {length} lines"


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Decorators belong to the function."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def test_the_package_has_no_outliers() -> None:
    assert list(outliers(sources("opsdecl"))) == []


def test_tools_and_benchmarks_have_no_outliers() -> None:
    assert list(outliers(sources("benchmarks", "tools"))) == []


def test_bounds_are_exact() -> None:
    function = "def f():\n" + "    # why\n\n" * 29 + "    pass\n"
    assert list(outliers({"a.py": function})) == []
    assert list(outliers({"a.py": function.replace("pass", "pass\n    pass")})) == ["a.py:1: f has 61 lines"]
    assert list(outliers({"a.py": "@cache\n" + function})) == ["a.py:2: f has 61 lines"]
    assert list(outliers({"a.py": "\n" * 400})) == []
    assert list(outliers({"a.py": "\n" * 401})) == ["a.py: 401 lines"]
