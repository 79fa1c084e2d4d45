"""State, records and live objects -> the release as the target holds it. Pure: all three arrive as data."""

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import Release, digest_of, is_run
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.diff.records import StoredObject, TargetState, tool_identity
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.cluster.comparing import GONE, Sight, adopted, is_leaving, landed, see, seen_of, stored_object
from opsdecl.targets.cluster.inventory import Entry, Seen
from opsdecl.targets.cluster.projection import respell
from opsdecl.targets.cluster.reading import Identity, same_object
from opsdecl.targets.cluster.running import observed
from opsdecl.targets.pulumi.decorations import undecorated
from opsdecl.targets.pulumi.live import Looked, file_of
from opsdecl.targets.pulumi.records import Records
from opsdecl.targets.pulumi.state import StackState, StateResource

OTHERS = "another update of the stack"


class Reading(Struct, frozen=True):
    """`entries` are what is ours, as it turned out; `state` is what the diff gets."""

    stack: StackState
    records: Records
    entries: Mapping[Identity, Entry]
    state: TargetState
    looked: Looked | None = None
    findings: tuple[Diagnostic, ...] = ()


class Sources(Struct, frozen=True):
    """What was read. `looked` None: the live objects were not asked for, and the state speaks for them."""

    stack: StackState
    records: Records
    looked: Looked | None


def read_release(sources: Sources, release: Release, manager: str, wanted: ManifestSet | None) -> Reading:
    stack, records, looked = sources.stack, sources.records, sources.looked
    known = {same_object(entry.key): entry for entry in _entries(stack, records)}
    entries = {i: entry for i, e in known.items() if (entry := _landed(e, i, sources, manager)) is not None}
    sights = {i: _sight(entry, i, sources, manager) for i, entry in entries.items()}
    manifests = {same_object(m.key): m for m in wanted.manifests} if wanted is not None else {}
    objects = [_stored(entry, sights[i], i, sources, manifests.get(i)) for i, entry in entries.items()]
    objects += _strangers(manifests, entries, looked, manager)
    inventory = records.inventory
    runs = frozenset(i for i, entry in entries.items() if is_run(entry.address))
    seen = looked.objects if looked is not None and not looked.rendered else {}
    state = TargetState(
        identity=_identity(release, sources, sights, runs)
        if not (stack.is_blank and records.is_blank)
        else digest_of(str(release)),
        revision=inventory.revision,
        desired_digest=inventory.desired_digest,
        objects=tuple(sorted(objects, key=lambda o: (o.address, o.key))),
        documents=inventory.documents,
        unowned=_lines(entries, {i: sight.by_persons for i, sight in sights.items()}),
        tool=tool_identity(inventory.tool_version, inventory.lock_digest) if records.exists else "",
        expected=_lines(entries, {i: sight.by_programs for i, sight in sights.items()}),
        runs=observed(inventory.runs, {e.key: seen[i] for i, e in entries.items() if i in seen}),
    )
    findings = (*(looked.findings if looked is not None else ()), *foreign(stack, release))
    return Reading(stack, records, entries, state, looked, findings)


def _entries(stack: StackState, records: Records) -> tuple[Entry, ...]:
    """What we remember; what only the state knows is ours as well."""
    remembered = records.inventory.entries
    addresses = {entry.address for entry in remembered}
    return (*remembered, *(_from_state(r) for a, r in stack.objects.items() if a not in addresses))


def _from_state(resource: StateResource) -> Entry:
    data = undecorated(resource.inputs)
    return Entry(
        address=resource.address,
        key=resource.key,
        digest=digest_of(data),
        applied=data,
        seen=seen_in(resource),
        token=resource.token,
        depends_on=resource.depends_on,
        protect=resource.protect,
    )


def seen_in(resource: StateResource) -> Seen:
    """The live object as the server answered it when it was applied."""
    outputs = resource.outputs
    manager = str(outputs.get("__fieldManager", ""))
    return seen_of(outputs, manager) if outputs.get("metadata", {}).get("uid") else Seen()


def _is_moved(entry: Entry, sources: Sources) -> bool:
    """Whether somebody else's update changed the resource in the state, or took it out."""
    held = sources.records.held.get(entry.address)
    return held is not None and held != sources.stack.digests.get(entry.address)


def _landed(entry: Entry, identity: Identity, sources: Sources, manager: str) -> Entry | None:
    """An entry whose last apply was stopped, as far as that got; None where the object never came to be, or went."""
    if entry.intended is None and not entry.leaving:
        return entry if entry.applied is not None else None
    if sources.looked is not None and not sources.looked.rendered:
        return landed(entry, sources.looked.objects.get(identity), manager)
    resource = sources.stack.objects.get(entry.address)
    there = sources.looked.objects.get(identity) if sources.looked is not None else None
    if entry.leaving and resource is None and there is None:
        return None
    if entry.intended is not None and _holds(entry, resource, there, sources):
        return replace(entry, digest=entry.intended_digest, applied=entry.intended).settled
    return entry.settled if entry.applied is not None else None


def _holds(entry: Entry, resource: StateResource | None, there: Mapping[str, Any] | None, sources: Sources) -> bool:
    """Whether what was intended was written, as far as state and folder tell. A file that was begun counts: it is
    written again with the same."""
    if there is not None and there == entry.intended:
        return True
    if _is_torn(entry, sources):
        return True
    return resource is not None and sources.records.held.get(entry.address) != resource.digest


def _is_torn(entry: Entry, sources: Sources) -> bool:
    return sources.looked is not None and file_of(entry.key) in sources.looked.torn


def _sight(entry: Entry, identity: Identity, sources: Sources, manager: str) -> Sight:
    resource, moved = sources.stack.objects.get(entry.address), _is_moved(entry, sources)
    assert entry.applied is not None
    if sources.looked is None:
        sight = _in_state(entry, resource, moved)
    elif sources.looked.rendered:
        begun = sources.records.is_unsettled and resource is None and _is_torn(entry, sources)
        there = entry.applied if begun else sources.looked.objects.get(identity)
        sight = _in_folder(entry, resource, moved, there)
    else:
        sight = see(entry, sources.looked.objects.get(identity), manager)
    return replace(sight, by=OTHERS) if moved and sight.digest != entry.digest else sight


def _in_state(entry: Entry, resource: StateResource | None, moved: bool) -> Sight:
    if resource is None:
        return GONE
    data = undecorated(resource.inputs) if moved else entry.applied
    return Sight(data, digest_of(data) if moved else entry.digest)


def _in_folder(entry: Entry, resource: StateResource | None, moved: bool, there: Mapping[str, Any] | None) -> Sight:
    if there is None:
        return GONE
    answered = undecorated(resource.inputs) if resource is not None and not moved else entry.applied
    data = respell(there, answered, entry.applied)
    if data == entry.applied:
        return Sight(entry.applied, entry.digest)
    return Sight(data, digest_of(data), by="whoever edited the file")


def _stored(
    entry: Entry, sight: Sight, identity: Identity, sources: Sources, manifest: Manifest | None
) -> StoredObject:
    live = None
    if sources.looked is not None and not sources.looked.rendered:
        found = sources.looked.objects.get(identity)
        live = dict(found) if found is not None else None
    return stored_object(entry, sight, live, manifest if live is not None else None)


def _strangers(
    manifests: Mapping[Identity, Manifest], entries: Mapping[Identity, Entry], looked: Looked | None, manager: str
) -> list[StoredObject]:
    """Objects that are wanted, and there already, made by somebody else."""
    found = []
    for identity, manifest in manifests.items():
        there = looked.objects.get(identity) if looked is not None and not looked.rendered else None
        if identity not in entries and there is not None and not is_leaving(there):
            data = adopted(there, manifest, manager)
            found.append(StoredObject(str(manifest.address), manifest.key, None, data, live_digest=digest_of(data)))
    return found


def _identity(release: Release, sources: Sources, sights: Mapping[Identity, Sight], runs: Collection[Identity]) -> str:
    """Moves with the records, with the state, and with every field that is ours; not with status."""
    rows = [[list(i), sight.digest] for i, sight in sorted(sights.items()) if i not in runs]
    return digest_of([str(release), sources.records.identity, sources.stack.digest, rows])


def _lines(entries: Mapping[Identity, Entry], found: Mapping[Identity, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(f"{entries[identity].key}: {line}" for identity, lines in sorted(found.items()) for line in lines)


def foreign(stack: StackState, release: Release) -> tuple[Diagnostic, ...]:
    if not stack.foreign:
        return ()
    shown = ", ".join(stack.foreign[:3]) + (f" and {len(stack.foreign) - 3} more" if len(stack.foreign) > 3 else "")
    said = f"the stack of {release} holds resources that another program made: {shown}"
    hint = "name a `stack` of its own, or move them: pulumi state move"
    return (Diagnostic(codes.FOREIGN_RESOURCES, said, hint=hint),)
