"""Findings -> exit code."""

from collections.abc import Iterable

from opsdecl.cli.exits import Exit
from opsdecl.diag import Diagnostic, Severity
from opsdecl.diag.codes import cluster, evidence, maintenance, plan, pulumi, targets, transparency

STALE = frozenset(c.id for c in (plan.STALE, plan.DESIRED_DIFFERS, plan.OTHER_RELEASE, plan.UNREVIEWED_DRIFT))
LOCKED = frozenset(
    c.id for c in (targets.BUSY, targets.LOCK_LEFT, cluster.LOCK_HELD, cluster.LOCK_LOST, pulumi.STACK_LOCKED)
)
GATES = frozenset(
    c.id
    for c in (
        plan.PRUNE_BUDGET,
        plan.PROTECTED,
        plan.UNCOMMITTED,
        plan.NOT_REVIEWABLE,
        cluster.NOT_GIVEN_UP,
        cluster.REPLACEMENT,
    )
)
POLICIES = "OD8"
ANSWERS = frozenset(
    c.id
    for c in (*transparency.CODES, *evidence.CODES, *maintenance.CODES)
    if c not in evidence.CLOSED and c is not maintenance.LIFE_ENDS
)
"""What a question was answered with: nobody is refused anything."""


def exit_for(diagnostics: Iterable[Diagnostic]) -> Exit:
    """Locked and stale say more than failed; a refusal is only said where nothing else is wrong."""
    ids = {d.code.id for d in diagnostics if d.severity is Severity.ERROR}
    if not ids:
        return Exit.DONE
    if ids & LOCKED:
        return Exit.LOCKED
    if ids & STALE:
        return Exit.STALE
    return Exit.REFUSED if all(map(_refuses, ids)) else Exit.FAILED


def _refuses(code: str) -> bool:
    return code in GATES or (code.startswith(POLICIES) and code not in ANSWERS)
