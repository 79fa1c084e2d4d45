"""Findings -> exit code."""

from collections.abc import Iterable

from opsdecl.cli.exits import Exit
from opsdecl.diag import Diagnostic, Severity

STALE_CODES = frozenset({"OD510", "OD511", "OD512", "OD513", "OD514"})
LOCKED_CODES = frozenset({"OD520"})
REFUSED_RANGE = "OD8"


def exit_for(diagnostics: Iterable[Diagnostic]) -> Exit:
    """Locked and stale say more than failed; a policy's refusal is only said where nothing else is wrong."""
    ids = {d.code.id for d in diagnostics if d.severity is Severity.ERROR}
    if not ids:
        return Exit.DONE
    if ids & LOCKED_CODES:
        return Exit.LOCKED
    if ids & STALE_CODES:
        return Exit.STALE
    return Exit.REFUSED if all(code.startswith(REFUSED_RANGE) for code in ids) else Exit.FAILED
