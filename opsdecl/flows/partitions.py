"""An environment cut into its releases: for each target the partitions, what others need first."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import Address, Release, SpecAddress
from opsdecl.compile.partitions import (
    NAME,
    REST,
    REST_NAME,
    Needs,
    is_partitioned,
    needs_of,
    order_partitions,
    partition_of,
    reach,
    shown_partition,
)
from opsdecl.diag import Checked, Diagnostic, Severity
from opsdecl.diag.codes.compile import UNKNOWN_PARTITION
from opsdecl.diag.nearest import did_you_mean
from opsdecl.diff.handover import Move, find_moves
from opsdecl.diff.records import TargetState
from opsdecl.flows.build import Built, for_target
from opsdecl.flows.targets import BlamingTarget, held_partitions, open_target, targets_of
from opsdecl.render.types import Manifest, ManifestsByDocument, ManifestSet

_OF_ALL = frozenset({"Environment", "Project", "Policy"})
"""Kinds whose findings are about more than themselves."""


class Part(Struct, frozen=True):
    """One release of an environment: what it is to hold, where it goes, and what is there (None: unknown)."""

    built: Built
    state: TargetState | None
    target: BlamingTarget | None = None

    @property
    def release(self) -> Release:
        return self.built.graph.release

    @property
    def name(self) -> str:
        """`main`, or `main/team-a` where the environment has partitions."""
        release = self.release
        if not release.partition and not is_partitioned(self.built.environment.effective["spec"]):
            return release.target
        return f"{release.target}/{shown_partition(release.partition)}"


def partitions_of(built: Built) -> Mapping[SpecAddress, str]:
    """Of each document."""
    settings = built.environment.effective["spec"]
    return {document.address: partition_of(document, settings) for document in built.graph.documents}


def partition_needs(built: Built, partitions: Mapping[SpecAddress, str]) -> Needs:
    """By references between documents, and by objects that wait for others."""
    return needs_of(partitions, _edges(built))


def _edges(built: Built) -> Iterator[tuple[SpecAddress, SpecAddress]]:
    for document in built.graph.documents:
        yield from ((document.address, other) for other in document.references.values())
    for head in built.manifests.heads:
        for needed in head.depends_on:
            yield Address.parse(head.address).spec, Address.parse(needed).spec


def divide(built: Built, held: Iterable[str] = ()) -> tuple[Built, ...]:
    """The releases of the built target, in the order in which they are applied: of what is declared, and of what the
    target holds from before. An environment that is not cut is one release."""
    partitions = partitions_of(built)
    names = {*partitions.values(), *held}
    if names <= {REST}:
        return (built,)
    if _writes_beside_objects(built):
        names.add(REST)
    needs = partition_needs(built, partitions)
    ordered = order_partitions({name: needs.get(name, set()) for name in names})
    return tuple(_part(built, partitions, name) for name in ordered)


def rest_of(built: Built) -> Built:
    """The unnamed partition, which there is always: the whole environment where it is not cut."""
    return _part(built, partitions_of(built), REST)


def _writes_beside_objects(built: Built) -> bool:
    """Files for Argo CD and Flux belong to the whole target; the rest keeps them."""
    settings = built.environment.effective["spec"]["targets"].get(built.graph.release.target, {})
    return bool(settings.get("argocd") or settings.get("flux"))


def _part(built: Built, partitions: Mapping[SpecAddress, str], name: str) -> Built:
    release = built.graph.release._replace(partition=name)
    own = {address for address, partition in partitions.items() if partition == name}
    return replace(built, graph=replace(built.graph, release=release), manifests=_only(built.manifests, own, release))


def _only(manifests: ManifestSet, documents: Collection[SpecAddress], release: Release) -> ManifestSet:
    given = manifests.manifests
    kept: Sequence[Manifest]
    if isinstance(given, ManifestsByDocument):
        kept = ManifestsByDocument({a: part for a, part in given.parts.items() if a in documents})
    else:
        kept = tuple(m for m in given if m.address.spec in documents)
    views = tuple(view for view in manifests.documents if view.address in documents)
    return replace(manifests, release=release, manifests=kept, documents=views)


def open_parts(built: Built, root: Path, target: str | None, partition: str | None = None) -> Checked[tuple[Part, ...]]:
    """The releases that a command is about, without a look at what they hold. Nothing is contacted but what lists the
    partitions that a target holds."""
    found: list[Part] = []
    findings: list[Diagnostic] = []
    for name in (target,) if target else targets_of(built):
        side = for_target(built, name)
        held = held_partitions(side, root)
        findings += held.diagnostics
        parts = divide(side, held.value or ()) if held.value is not None else ()
        if parts and partition and not any(is_chosen(part.graph.release, partition) for part in parts):
            parts = (*parts, *_former(side, root, partition))
        for part in parts:
            opened = open_target(part, root)
            findings += opened.diagnostics
            found.append(Part(part, None, opened.value))
    chosen = tuple(part for part in found if is_chosen(part.release, partition))
    if partition is not None and not chosen and not findings:
        return Checked(None, (unknown_partition(partition, [part.release.partition for part in found]),))
    return Checked(chosen, tuple(findings))


def _former(built: Built, root: Path, name: str) -> tuple[Built, ...]:
    """A partition that holds nothing any more, and has a history all the same."""
    side = _part(built, partitions_of(built), REST if name == REST_NAME else name)
    target = open_target(side, root).value if NAME.fullmatch(name) else None
    return (side,) if target is not None and target.history(1).value else ()


def is_chosen(release: Release, partition: str | None) -> bool:
    return partition is None or shown_partition(release.partition) == partition


def unknown_partition(wanted: str, known: Iterable[str]) -> Diagnostic:
    names = sorted({shown_partition(name) for name in known})
    hint = did_you_mean(wanted, names) or f"partitions: {', '.join(names)}"
    if names == [REST_NAME]:
        hint = "the environment has no partitions: set `partitionBy`"
    return Diagnostic(UNKNOWN_PARTITION, f"there is no partition `{wanted[:80]}`", hint=hint)


def read_parts(built: Built, root: Path) -> tuple[tuple[Part, ...], Mapping[Release, tuple[Diagnostic, ...]]]:
    """The releases of the built target with what they hold, and what was found of each while reading. The unnamed
    partition sees which others there are."""
    rest = rest_of(built)
    first, found = _read(rest, root, ())
    held = first.state.partitions if first.state is not None else ()
    parts: list[Part] = []
    findings = {rest.graph.release: found}
    for side in divide(built, held):
        if side.graph.release == rest.graph.release:
            parts.append(first)
        else:
            part, findings[side.graph.release] = _read(side, root, held)
            parts.append(part)
    if first not in parts and (first.state is None or any(o.applied is not None for o in first.state.objects)):
        parts.insert(0, first)
    return tuple(parts), findings


def _read(side: Built, root: Path, held: Collection[str]) -> tuple[Part, tuple[Diagnostic, ...]]:
    target = open_target(side, root, held)
    read: Checked[TargetState] = target.value.read() if target.value is not None else Checked(None)
    return Part(side, read.value, target.value), target.diagnostics + read.diagnostics


def settle(parts: tuple[Part, ...], wanted: str | None) -> tuple[tuple[Move, ...], tuple[Part, ...]]:
    """Moves between partitions, and the chosen releases as if those were made. What leaves a chosen release for another
    stays until that one takes it."""
    if len({part.release.target for part in parts}) == len(parts):
        return (), tuple(part for part in parts if is_chosen(part.release, wanted))
    states = {part.release: part.state for part in parts if part.state is not None}
    moves, moved = find_moves(states, {part.release: part.built.manifests for part in parts})
    chosen = tuple(replace(part, state=moved.get(part.release)) for part in parts if is_chosen(part.release, wanted))
    names = {part.release for part in chosen}
    return tuple(move for move in moves if move.destination in names), chosen


class Blocked(Struct, frozen=True):
    """Partitions that errors reach, and whether an error is about the whole environment."""

    partitions: frozenset[str] = frozenset()
    all: bool = False


def blocked_by(built: Built, findings: Iterable[Diagnostic], states: Iterable[TargetState | None] = ()) -> Blocked:
    """Which partitions may not be applied for these findings. A document that does not compile is looked up in what
    its files say, and in what was applied."""
    partitions = dict(partitions_of(built))
    needs = partition_needs(built, partitions)
    settings = built.environment.effective["spec"]
    stored = {d.address: d.effective for state in states if state is not None for d in state.documents}
    wrong = set[str]()
    for subject in {f.subject for f in findings if f.severity is Severity.ERROR}:
        address = _address(subject)
        if not is_partitioned(settings) or address is None or address.kind in _OF_ALL:
            return Blocked(all=True)
        found = partitions.get(address)
        if found is None:
            found = _partition_of_broken(built, address, stored)
        if found is None:
            return Blocked(all=True)
        wrong.add(found)
    return Blocked(reach(wrong, needs))


def concerning(
    built: Built, findings: tuple[Diagnostic, ...], parts: Sequence[Part], wanted: str | None
) -> tuple[Diagnostic, ...]:
    """Without what is only about partitions that nobody asked for, and that none of the chosen needs."""
    if wanted is None:
        return findings
    chosen = {part.release.partition for part in parts}
    states = [part.state for part in parts]

    def concerns(finding: Diagnostic) -> bool:
        blocked = blocked_by(built, [replace(finding, severity_override=Severity.ERROR)], states)
        return blocked.all or bool(blocked.partitions & chosen)

    return tuple(finding for finding in findings if concerns(finding))


def _address(subject: str) -> SpecAddress | None:
    try:
        return SpecAddress.parse(subject)
    except ValueError:
        return None


def _partition_of_broken(
    built: Built, address: SpecAddress, stored: Mapping[SpecAddress, Mapping[str, object]]
) -> str | None:
    """None where nobody can tell."""
    from opsdecl.compile.partitions import partition_of_value

    settings = built.environment.effective["spec"]
    if address in stored:
        return partition_of_value(stored[address], settings)
    layers = (*built.environment.effective["spec"]["extends"], built.environment.address.name)
    written = [
        document.value
        for folder, documents in built.project.specs.folders.items()
        if folder in layers
        for document in documents
        if (document.kind, document.name) == address
    ]
    names = {partition_of_value(value, settings) for value in written} - {REST}
    return names.pop() if len(names) == 1 else None
