"""Exit codes, as the design promises them to scripts."""

from collections.abc import Iterable
from enum import IntEnum

from opsdecl.diag import Diagnostic, has_errors


class Exit(IntEnum):
    """`CHANGES` is only used with `--exit-code`."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    REFUSED = 3
    STALE = 4
    LOCKED = 5
    USAGE = 64
    INTERRUPTED = 130


STALE_CODES = frozenset({"OD510", "OD511", "OD512", "OD513", "OD514"})
LOCKED_CODES = frozenset({"OD520"})
REFUSED_RANGES = ("OD80", "OD81", "OD82")


def exit_for(diagnostics: Iterable[Diagnostic]) -> Exit:
    """The code for what was found: locked and stale say more than failed, a policy's refusal only speaks alone."""
    errors = [d for d in diagnostics if has_errors([d])]
    if not errors:
        return Exit.DONE
    ids = {d.code.id for d in errors}
    if ids & LOCKED_CODES:
        return Exit.LOCKED
    if ids & STALE_CODES:
        return Exit.STALE
    if all(code.startswith(REFUSED_RANGES) for code in ids):
        return Exit.REFUSED
    return Exit.FAILED
