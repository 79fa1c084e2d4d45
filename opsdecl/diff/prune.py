"""How much a plan may delete, and what it may not."""

from msgspec import Struct

from opsdecl.diag import Diagnostic, Place
from opsdecl.diag.codes import plan as codes
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.rules import keeps_copies, kind_rule
from opsdecl.diff.types import ObjectChange, ObjectRef


class PruneRules(Struct, frozen=True):
    """A target's settings: kinds and namespaces. `budget` None means any number; `at` is where they are written."""

    budget: int | None = None
    protect: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    at: Place | None = None


def check_prune(diff: ReleaseDiff, rules: PruneRules) -> tuple[Diagnostic, ...]:
    """Errors where the release deletes more than its budget, or what is protected."""
    gone = [change for change in diff.release.changes if _goes_away(change)]
    findings = [_protected(change, rules) for change in gone if _is_protected(change, diff, rules)]
    if rules.budget is not None and len(gone) > rules.budget:
        findings.append(_over_budget(gone, rules.budget, diff.release.target, rules))
    return tuple(findings)


def _goes_away(change: ObjectChange) -> bool:
    """A replacement counts where something is lost with it: under another name, or what it held."""
    return change.action == "delete" or (
        change.action == "replace" and (change.replaces is not None or "data-loss" in change.classes)
    )


def _is_protected(change: ObjectChange, diff: ReleaseDiff, rules: PruneRules) -> bool:
    """A claim that is protected by its kind holds something; copies of data are somewhere else as well."""
    gone = change.replaces or change.object
    by_kind = gone.kind in rules.protect and not keeps_copies(change.address)
    return by_kind or _namespace(gone) in rules.namespaces or change.address in diff.protected


def _namespace(gone: ObjectRef) -> str:
    """The one that it is in, or is."""
    return gone.name if gone.kind == "Namespace" else gone.namespace


def _protected(change: ObjectChange, rules: PruneRules) -> Diagnostic:
    gone = change.replaces or change.object
    where = f"{gone.namespace}/{gone.name}" if gone.namespace else gone.name
    verb = "deletes" if change.action == "delete" else "replaces"
    lost = f"; {kind_rule(gone.kind).delete_reason}" if "data-loss" in change.classes else ""
    return Diagnostic(
        codes.PROTECTED,
        f"this {verb} {gone.kind} `{where}` (`{change.address}`), which is protected{lost}",
        at=rules.at,
        hint=f"keep it with `--forget {change.address}`, or take its protection away in a change of its own",
        subject=change.address.partition("/")[0],
    )


def _over_budget(gone: list[ObjectChange], budget: int, target: str, rules: PruneRules) -> Diagnostic:
    shown = ", ".join(f"`{change.address}`" for change in gone[:5])
    more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
    return Diagnostic(
        codes.PRUNE_BUDGET,
        f"this deletes {len(gone)} objects in target `{target}`, whose budget is {budget}: {shown}{more}",
        at=rules.at,
        hint=f"check that all of them should go, then set spec.targets.{target}.prune.budget to {len(gone)} or more",
    )
