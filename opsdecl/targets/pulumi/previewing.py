"""A plan beside Pulumi's own preview of it: each action paired with the engine's, differences said with both sides."""

from collections import Counter
from collections.abc import Iterator, Mapping

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster.refusals import PlaceOf
from opsdecl.targets.pulumi.composing import Way, compose, made_anew
from opsdecl.targets.pulumi.failures import PulumiError
from opsdecl.targets.pulumi.program import Program
from opsdecl.targets.pulumi.refusals import not_removed, refused
from opsdecl.targets.pulumi.state import StackState
from opsdecl.targets.pulumi.store import Store
from opsdecl.targets.pulumi.telling import Listener

_SAME = "same"
_PULUMIS: Mapping[str, frozenset[str]] = {
    "create": frozenset({"create"}),
    "adopt": frozenset({"create", "import"}),
    "update": frozenset({"update"}),
    "replace": frozenset({"replace"}),
    "delete": frozenset({"delete"}),
    "forget": frozenset({"delete"}),
    "noop": frozenset({_SAME, "refresh"}),
}
"""What the engine calls our actions. It is never asked to forget: a resource is taken off the state beforehand."""


def preview(
    store: Store, way: Way, desired: ManifestSet, plan: ReleasePlan, stack: StackState, place_of: PlaceOf
) -> tuple[Diagnostic, ...]:
    """Empty where there is no stack yet, since making one would be writing. Raises PulumiError where the engine fails
    and does not say about which object."""
    if not stack.exists:
        return ()
    live = way.settings.directory is None
    drift = live and any(change.cause in ("drift", "both") for change in plan.changes)
    program, listener = compose(desired, plan, stack, way), Listener(lambda event: None)
    try:
        store.engine.preview(store.stack, lambda: _declare(program), listener.hear, refresh=drift)
    except PulumiError:
        if not any(listener.said):
            raise
    refusals = tuple(_refused(desired, listener, place_of))
    found = tuple(_differences(plan, listener, program))
    if refusals or found:
        return (*refusals, *found)
    counted = ", ".join(f"{number} {step}" for step, number in sorted(Counter(listener.steps.values()).items()))
    said = f"Pulumi's preview of stack `{store.stack}` names the same actions: {counted or 'nothing to do'}"
    return (Diagnostic(codes.PREVIEW_AGREES, said),)


def _declare(program: Program) -> None:
    from opsdecl.targets.pulumi.resources import declare

    declare(program)


def _differences(plan: ReleasePlan, listener: Listener, program: Program) -> Iterator[Diagnostic]:
    changes = {change.address: change for change in plan.changes}
    rewritten = made_anew(program)
    for address in sorted(changes.keys() | listener.steps.keys()):
        change, step = changes.get(address), listener.steps.get(address, _SAME)
        action = change.action if change is not None else "noop"
        if step not in _PULUMIS[action] and address not in listener.said and address not in rewritten:
            said = f"`{address}`: the plan says {action}, Pulumi's preview says {step}"
            hint = "look at the object with `pulumi preview --diff`; what the engine says is what would happen"
            yield Diagnostic(codes.PREVIEW_DIFFERS, said, hint=hint, subject=address.partition("/")[0])


def _refused(desired: ManifestSet, listener: Listener, place_of: PlaceOf) -> Iterator[Diagnostic]:
    manifests = {str(manifest.address): manifest for manifest in desired.manifests}
    for address, words in sorted(listener.said.items()):
        if address in manifests:
            yield refused(manifests[address], words, place_of)
        elif address:
            yield not_removed(address, words)
