"""How many findings, how bad, in how many files."""

from collections.abc import Sequence

from opsdecl.diag import Diagnostic, Severity
from opsdecl.view.words import count


def tally(diagnostics: Sequence[Diagnostic]) -> dict[Severity, int]:
    """Worst first; only severities that occur."""
    found = [d.severity for d in diagnostics]
    return {severity: found.count(severity) for severity in sorted(set(found), reverse=True)}


def files_of(diagnostics: Sequence[Diagnostic]) -> list[str]:
    return sorted({d.at.file for d in diagnostics if d.at is not None})


def summary_line(diagnostics: Sequence[Diagnostic]) -> str:
    """`3 errors, 1 warning in 2 files`; empty where nothing was found."""
    if not diagnostics:
        return ""
    totals = ", ".join(count(number, severity.word) for severity, number in tally(diagnostics).items())
    files = files_of(diagnostics)
    return f"{totals} in {count(len(files), 'file')}" if files else totals
