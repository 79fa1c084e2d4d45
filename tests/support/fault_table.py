"""A pytest plugin: what the fault suite injected and what came of it, as a table at the end of the run."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest

_PROPERTY = "fault"
FULL_VARIABLE = "OPSDECL_FAULTS"
Tell = Callable[..., None]


def rounds(usual: int, full: int) -> int:
    """How often a fault is injected: `full` where OPSDECL_FAULTS=full asks for the long run."""
    return full if os.environ.get(FULL_VARIABLE) == "full" else usual


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """`tell("kill -9", killed=31, orphans=0)` adds a row to the table."""
    return lambda fault, **counts: record_property(_PROPERTY, [fault, counts])


def told(reports: Iterable[pytest.TestReport]) -> list[str]:
    """A line for each row, in the order of their names."""
    properties: list[tuple[str, Any]] = [each for report in reports for each in report.user_properties]
    rows = sorted((value for name, value in properties if name == _PROPERTY), key=lambda row: str(row[0]))
    width = max((len(fault) for fault, _ in rows), default=0)
    return [f"{fault:{width}}  {', '.join(f'{n} {words(w)}' for w, n in counts.items())}" for fault, counts in rows]


def words(name: str) -> str:
    return name.replace("_", " ")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    lines = told(report for report in reports if report.when == "call")
    if not lines:
        return
    terminalreporter.section("faults that were injected, and what came of them")
    for line in lines:
        terminalreporter.line(line)
