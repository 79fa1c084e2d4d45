"""A plan beside Pulumi's own preview of it: each action paired with the engine's, differences said with both sides."""

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster.refusals import PlaceOf
from opsdecl.targets.pulumi.composing import Way, compose, made_anew, rewritten
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
    guarded = _guarded(plan, stack)
    desired, plan = _asked(desired, plan, guarded)
    live = way.settings.directory is None
    drift = live and any(change.cause in ("drift", "both") for change in plan.changes)
    program, listener = compose(desired, plan, stack, way), Listener(lambda event: None)
    anew = rewritten(program, stack)
    shown = _with_old_inputs(program, stack) if live else program
    try:
        store.engine.preview(store.stack, lambda: _declare(shown), listener.hear, refresh=drift, replaced=anew)
    except PulumiError:
        if not any(listener.said):
            raise
    refusals = tuple(_refused(desired, listener, place_of))
    found = tuple(_differences(plan, listener, program))
    if refusals or found:
        return (*refusals, *found)
    counted = ", ".join(f"{number} {step}" for step, number in sorted(Counter(listener.steps.values()).items()))
    said = f"Pulumi's preview of stack `{store.stack}` names the same actions: {counted or 'nothing to do'}"
    said += f"; not asked of {len(guarded)} protected, which an apply frees first" if guarded else ""
    return (Diagnostic(codes.PREVIEW_AGREES, said),)


def _with_old_inputs(program: Program, stack: StackState) -> Program:
    """A preview asks the server to create what is to be replaced while the old one still stands in the way."""
    children = tuple(
        replace(child, inputs=dict(stack.objects[child.name].inputs))
        if child.delete_first and not child.former_token and child.name in stack.objects
        else child
        for child in program.children
    )
    return replace(program, children=children)


def _guarded(plan: ReleasePlan, stack: StackState) -> frozenset[str]:
    """Addresses of what the plan takes away and the state protects: an apply lifts that first, a preview ends there."""
    protected = {address for address, resource in stack.objects.items() if resource.protect}
    return frozenset(c.address for c in plan.changes if c.action in ("delete", "replace") and c.address in protected)


def _asked(desired: ManifestSet, plan: ReleasePlan, guarded: frozenset[str]) -> tuple[ManifestSet, ReleasePlan]:
    """What the engine can have an opinion about. What is guarded is declared as it is held, and objects that change
    their partition go from state to state before the engine sees any of them."""
    moving = {change.address for change in plan.changes if change.other_partition}
    if not moving and not guarded:
        return desired, plan
    manifests = tuple(m for m in desired.manifests if str(m.address) not in moving)
    changes = tuple(change for change in plan.changes if change.address not in moving | guarded)
    return replace(desired, manifests=manifests), plan.model_copy(update={"changes": changes})


def _declare(program: Program) -> None:
    from opsdecl.targets.pulumi.resources import declare

    declare(program)


def _differences(plan: ReleasePlan, listener: Listener, program: Program) -> Iterator[Diagnostic]:
    changes = {change.address: change for change in plan.changes}
    touched = made_anew(program) - {change.address for change in plan.changes if change.action == "replace"}
    for address in sorted(changes.keys() | listener.steps.keys()):
        change, step = changes.get(address), listener.steps.get(address, _SAME)
        action = change.action if change is not None else "noop"
        if step not in _PULUMIS[action] and address not in listener.said and address not in touched:
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
