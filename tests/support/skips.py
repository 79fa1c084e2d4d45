"""A pytest plugin: what was not run is said at the end, in a way that nobody overlooks."""

from collections import Counter
from collections.abc import Iterable

import pytest


def reason_of(report: pytest.TestReport) -> str:
    """The words that the test gave for being skipped."""
    told = report.longrepr
    return (told[2] if isinstance(told, tuple) else str(told)).removeprefix("Skipped: ")


def told(reports: Iterable[pytest.TestReport]) -> list[str]:
    """A line per reason, the most tests first."""
    counted = Counter(reason_of(report) for report in reports)
    return [f"{count} test{'s' * (count != 1)} NOT RUN: {reason}" for reason, count in counted.most_common()]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = told(terminalreporter.stats.get("skipped", ()))
    if not lines:
        return
    terminalreporter.section("not everything was tested", sep="!", yellow=True, bold=True)
    for line in lines:
        terminalreporter.line(line, yellow=True)
