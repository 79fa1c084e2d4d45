"""A plan, and the state that it was made against -> the program that does just that: what the plan does not name is
declared as the state has it, so that the engine leaves it alone."""

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import Address, Release, format_path, is_run
from opsdecl.apply.readiness.patience import patience_s
from opsdecl.diff.types import ObjectChange, ReleasePlan
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.pulumi.decorations import decorated, decorations
from opsdecl.targets.pulumi.program import Child, Program, components_of, stack_name
from opsdecl.targets.pulumi.settings import PulumiSettings
from opsdecl.targets.pulumi.state import StackState, StateResource

WRITTEN = frozenset({"create", "update", "replace", "adopt"})
_GONE = frozenset({"delete", "forget"})
_IN_PLACE = {"enableConfigMapMutable": "true", "enableSecretMutable": "true"}
"""Unasked, the provider deletes a ConfigMap whose data changes, and pods that mount it find none meanwhile."""


class Way(Struct, frozen=True):
    """Whose program it is, under which field manager, and where its provider leads."""

    release: Release
    manager: str
    settings: PulumiSettings

    @property
    def provider(self) -> dict[str, str]:
        """Inputs of the explicit provider. The kubeconfig stays outside of the state: it may hold credentials."""
        settings = self.settings
        where = (
            {"renderYamlToDirectory": str(settings.directory)}
            if settings.directory is not None
            else {"context": settings.context, "enableServerSideApply": "true"}
        )
        return {**_IN_PLACE, **where, **({"namespace": settings.namespace} if settings.namespace else {})}

    def is_rewritten(self, change: ObjectChange | None, former_token: str) -> bool:
        """What is made anew although the provider would not: an object of the same name that the plan replaces, since
        the API server refuses the change; a file that somebody touched, as the provider reads none, and one whose name
        holds another version. An old one that goes last would take the new one along where they are the same."""
        if change is not None and change.action == "replace" and change.replaces is None:
            return True
        moved = change is not None and change.cause in ("drift", "both")
        return self.settings.directory is not None and (moved or bool(former_token))


def compose(desired: ManifestSet, plan: ReleasePlan, stack: StackState, way: Way) -> Program:
    """Everything of the release: what the plan changes as it is wanted, the rest as it is held."""
    changes = {change.address: change for change in plan.changes}
    needed = {str(need) for manifest in desired.manifests for need in manifest.depends_on if not is_run(need)}
    held = dict(stack.objects)
    children: list[tuple[Child, tuple[Address, ...]]] = []
    for manifest in desired.manifests:
        before = _held(held, manifest)
        change = changes.get(str(manifest.address))
        if before is None and change is None and is_run(manifest.address):
            continue  # It was started once, and whoever refreshed the stack saw that it is gone.
        if before is None or (change is not None and change.action in WRITTEN):
            inputs = sent(manifest, change, way, needed=str(manifest.address) in needed)
            child = _made(_child(manifest, inputs), before, change, way)
        else:
            child = replace(_child(manifest, before.inputs), token=before.token)
        children.append((child, manifest.aliases))
    for address, resource in held.items():
        if address not in changes or changes[address].action not in _GONE:
            children.append((_kept(resource), ()))
    return _program(children, way)


def _made(child: Child, before: StateResource | None, change: ObjectChange | None, way: Way) -> Child:
    former = before.token if before is not None and before.token != child.token else ""
    return replace(child, former_token=former, delete_first=way.is_rewritten(change, former))


def sent(manifest: Manifest, change: ObjectChange | None, way: Way, *, needed: bool) -> dict[str, Any]:
    """What the engine gets of an object: its canonical data, and decorations."""
    told = decorations(
        manifest.key.kind,
        way.manager,
        needed=needed,
        force=change is not None and change.cause in ("drift", "both"),
        rendered=way.settings.directory is not None,
    )
    return decorated(manifest.data, told)


def compose_held(stack: StackState, landed: Iterable[Manifest], way: Way) -> Program:
    """What the state has, with objects that are known to be there otherwise than it says."""
    there = {str(m.address): m for m in landed}
    children = [
        (_child(manifest, sent(manifest, None, way, needed=False)), manifest.aliases) for manifest in there.values()
    ]
    children += [(_kept(resource), ()) for address, resource in stack.objects.items() if address not in there]
    return _program(children, way)


def without(program: Program, names: Iterable[str]) -> Program:
    """The same program without some children."""
    gone = set(names)
    left = tuple(
        replace(child, depends_on=tuple(name for name in child.depends_on if name not in gone))
        for child in program.children
        if child.name not in gone
    )
    return replace(program, children=left)


def rewritten(program: Program, stack: StackState) -> tuple[str, ...]:
    """URNs of what the engine must make anew although it may see no reason to."""
    names = {child.name for child in program.children if child.delete_first and not child.former_token}
    return tuple(resource.urn for address, resource in stack.objects.items() if address in names)


def made_anew(program: Program) -> set[str]:
    """Names of what goes and comes again, whatever the plan calls it."""
    return {child.name for child in program.children if child.delete_first}


def _held(held: dict[str, StateResource], manifest: Manifest) -> StateResource | None:
    """Takes the resource out of `held`, by its address or an earlier one."""
    names = (str(manifest.address), *map(str, manifest.aliases))
    found = next((name for name in names if name in held and _is_same_type(held[name].token, manifest.token)), None)
    return held.pop(found) if found is not None else None


def _is_same_type(one: str, other: str) -> bool:
    """In whatever version of its API: `kubernetes:autoscaling/v1:…` and `kubernetes:autoscaling/v2:…`."""
    (group, _, _), (others, _, _) = one.partition("/"), other.partition("/")
    return (group, one.rpartition(":")[2]) == (others, other.rpartition(":")[2])


def _child(manifest: Manifest, inputs: Mapping[str, Any]) -> Child:
    return Child(
        name=str(manifest.address),
        token=manifest.token,
        component=manifest.address.spec,
        inputs=inputs,
        depends_on=tuple(str(address) for address in manifest.depends_on),
        protect=manifest.protect,
        aliases=tuple(str(address) for address in manifest.aliases),
        ignore_changes=tuple(format_path(path) for path in manifest.ignore_changes),
        timeout_s=patience_s(manifest.data) if manifest.key.kind == "Job" else None,
    )


def _kept(resource: StateResource) -> Child:
    return Child(
        name=resource.address,
        token=resource.token,
        component=Address.parse(resource.address).spec,
        inputs=dict(resource.inputs),
        depends_on=resource.depends_on,
        protect=resource.protect,
        aliases=(),
        ignore_changes=(),
    )


def _program(children: list[tuple[Child, tuple[Address, ...]]], way: Way) -> Program:
    by_name = {child.name: child for child, _ in children}
    order: TopologicalSorter[str] = TopologicalSorter()
    for name, child in sorted(by_name.items()):
        order.add(name, *(need for need in child.depends_on if need in by_name))
    ordered = (by_name[name] for name in order.static_order())
    return Program(
        project=way.release.project,
        stack=stack_name(way.release),
        components=components_of((child.component, aliases) for child, aliases in children),
        children=tuple(
            replace(child, depends_on=tuple(need for need in child.depends_on if need in by_name)) for child in ordered
        ),
        provider=way.provider if by_name else None,
    )
