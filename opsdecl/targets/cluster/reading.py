"""A release as a cluster holds it now: records, live objects, and what the server says about what is wanted."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence, Set
from operator import attrgetter
from typing import Any

from msgspec import Struct, field

from opsdecl.addr import ObjectKey, Release, digest_of, digest_of_texts, is_run
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.diff.records import StartedRun, StoredObject, TargetState, tool_identity
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.comparing import GONE, Sight, adopted, is_leaving, landed, see, stored_object
from opsdecl.targets.cluster.dryrun import Applier, Tried, try_out
from opsdecl.targets.cluster.epochs import Row, late_creates
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.keepers import Keeper, applyset_of, keeper_of
from opsdecl.targets.cluster.kinds import Kinds, find_kinds
from opsdecl.targets.cluster.listing import Listing, Lists, list_live, list_selected, not_installed, part_of
from opsdecl.targets.cluster.live import header_of
from opsdecl.targets.cluster.moved import as_if_unmoved
from opsdecl.targets.cluster.ownership import manager_of
from opsdecl.targets.cluster.refusals import PlaceOf, anothers_object, nowhere
from opsdecl.targets.cluster.running import observed
from opsdecl.targets.cluster.scaling import scaled_counts
from opsdecl.targets.cluster.store import Held, Store

Identity = tuple[str, str, str, str]
_ADDRESS_AND_KEY = attrgetter("address", "key")


class Reading(Struct, frozen=True):
    """`entries` and `live` are by what the server takes for the same object."""

    held: Held
    kinds: Kinds
    entries: Mapping[Identity, Entry]
    live: Mapping[Identity, Mapping[str, Any]]
    state: TargetState
    findings: tuple[Diagnostic, ...] = ()


class Scope(Struct, frozen=True):
    """Whose release it is, what is wanted of it (None: nothing in particular), and whether the server may be asked."""

    release: Release
    wanted: ManifestSet | None = None
    ask: bool = False
    place_of: PlaceOf = field(default=nowhere)
    force: frozenset[str] = frozenset()
    """`ADDRESS PATH` of fields that are taken from others."""
    siblings: frozenset[str] = frozenset()
    """Applysets of the environment's other partitions: their objects are handed over, not refused."""

    @property
    def manager(self) -> str:
        return manager_of(self.release.project, self.release.environment, "/".join(self._parts))

    @property
    def _parts(self) -> tuple[str, ...]:
        release = self.release
        return (release.target, release.partition) if release.partition else (release.target,)

    def manifests(self) -> Mapping[Identity, Manifest]:
        return {same_object(m.key): m for m in self.wanted.manifests} if self.wanted is not None else {}


def same_object(key: ObjectKey) -> Identity:
    """The version of the API does not count."""
    api_version, kind, namespace, name = key
    return api_version.rpartition("/")[0], kind, namespace, name


async def read_release(client: Client, store: Store, scope: Scope) -> Reading:
    """Raises ClusterError or StatusError: what cannot be read is never left out."""
    wanted, manager = scope.manifests(), scope.manager
    held, (kinds, lists) = await _load(client, store, [manifest.key for manifest in wanted.values()])
    stored = {same_object(entry.key): entry for entry in held.inventory.entries}
    keys = {same_object(key): key for key in held.inventory.watched}
    keys |= {identity: entry.key for identity, entry in stored.items()} | {i: m.key for i, m in wanted.items()}
    more = [key for key in keys.values() if (key.api_version, key.kind) not in kinds]
    kinds = {**kinds, **await find_kinds(client, more)}
    listing = await list_live(client, kinds, tuple(keys.values()), part_of(store.applyset), lists)
    live = {same_object(key): found for key, found in listing.objects.items()}
    inventory = held.inventory
    entries = _landed(stored, live, manager, inventory.epoch)
    sights = {
        i: see(entry, as_if_unmoved(live.get(i), entry.applied, wanted.get(i)), manager) for i, entry in entries.items()
    }
    tried = await _ask(client, store, scope, wanted, kinds, entries, sights, live, inventory.runs)
    objects = tuple(_objects(scope, wanted, entries, sights, live, tried))
    watched = {same_object(key) for key in inventory.watched} - entries.keys() - wanted.keys()
    state = TargetState(
        identity=_identity(held, scope.release, entries, sights, live),
        revision=inventory.revision,
        desired_digest=inventory.desired_digest,
        objects=tuple(sorted(objects, key=_ADDRESS_AND_KEY)),
        documents=inventory.documents,
        unowned=(
            *_strays(listing, watched, store.applyset),
            *_lines(entries, {i: s.by_persons for i, s in sights.items() if s.by_persons}),
        ),
        tool=tool_identity(inventory.tool_version, inventory.lock_digest) if held.parent is not None else "",
        expected=(
            *scaled_counts(live[i] for i in entries if i in live),
            *_lines(entries, {i: s.by_programs for i, s in sights.items() if s.by_programs}),
        ),
        runs=observed(inventory.runs, _of_entries(entries, live) if inventory.runs else {}),
    )
    findings = (
        *_missing_kinds(kinds, wanted, entries),
        *tried.findings,
        *late_creates(_rows(listing, entries, wanted), manager, inventory.epoch),
        *_others_objects(store, scope, wanted, entries, live),
    )
    return Reading(held, kinds, entries, live, state, findings)


async def _load(client: Client, store: Store, keys: Sequence[ObjectKey]) -> tuple[Held, tuple[Kinds, Lists]]:
    """The records, and meanwhile kinds and lists of what is wanted, which need not wait for them."""

    async def look_ahead() -> tuple[Kinds, Lists]:
        kinds = await find_kinds(client, keys)
        return kinds, await list_selected(client, kinds, keys, part_of(store.applyset))

    records = asyncio.ensure_future(store.load())
    try:
        ahead = await look_ahead()
        return await records, ahead
    finally:
        records.cancel()
        await asyncio.gather(records, return_exceptions=True)


def _of_entries(
    entries: Mapping[Identity, Entry], live: Mapping[Identity, Mapping[str, Any]]
) -> Mapping[ObjectKey, Mapping[str, Any]]:
    return {entries[identity].key: found for identity, found in live.items() if identity in entries}


def _landed(
    stored: Mapping[Identity, Entry], live: Mapping[Identity, Mapping[str, Any]], manager: str, epoch: int
) -> dict[Identity, Entry]:
    """Entries as they turned out; what was intended and never made is not ours."""
    found = {identity: landed(entry, live.get(identity), manager, epoch) for identity, entry in stored.items()}
    return {identity: entry for identity, entry in found.items() if entry is not None}


def _rows(listing: Listing, entries: Mapping[Identity, Entry], wanted: Mapping[Identity, Manifest]) -> Iterator[Row]:
    for key, live in (*listing.objects.items(), *listing.strays.items()):
        identity = same_object(key)
        yield key, live, entries.get(identity), wanted.get(identity)


def _strays(listing: Listing, watched: Set[Identity], applyset: str) -> list[str]:
    """With our label, though nobody asked for them, or only because somebody may still have made them."""
    looked_for = ((key, o) for key, o in listing.objects.items() if same_object(key) in watched) if watched else ()
    found = {key for key, o in looked_for if applyset_of(o) == applyset}
    return [str(key) for key in sorted(found | listing.strays.keys())]


def _identity(
    held: Held,
    release: Release,
    entries: Mapping[Identity, Entry],
    sights: Mapping[Identity, Sight],
    live: Mapping[Identity, Mapping[str, Any]],
) -> str:
    """Moves with the records, and with every field that is ours; not with status, nor where a run ends and goes."""
    told = [str(release), held.identity]
    # Records are sorted, and sights with them.
    for identity, sight in sights.items():
        if not is_run(entries[identity].address):
            told += (*identity, _uid(live.get(identity)), sight.digest)
    return digest_of_texts(told)


def _uid(live: Mapping[str, Any] | None) -> str:
    return header_of(live).uid if live is not None and not is_leaving(live) else ""


async def _ask(
    client: Client,
    store: Store,
    scope: Scope,
    wanted: Mapping[Identity, Manifest],
    kinds: Kinds,
    entries: Mapping[Identity, Entry],
    sights: Mapping[Identity, Sight],
    live: Mapping[Identity, Mapping[str, Any]],
    runs: Sequence[StartedRun],
) -> Tried:
    """Dry runs of what differs from what is there; where none may be made, a note says what stays unknown."""
    begun = entries.keys() | {same_object(run.key) for run in runs}
    differing = [
        (manifest, entries.get(identity), live.get(identity))
        for identity, manifest in wanted.items()
        if (manifest.key.api_version, manifest.key.kind) in kinds
        and sights.get(identity, GONE).digest != manifest.digest
        and (identity in entries or not _is_kept(store, scope, live.get(identity)))
        and not (is_run(manifest.address) and identity in begun)
    ]
    if scope.ask:
        who = Applier(scope.manager, store.applyset, scope.force)
        return await try_out(client, kinds, who, differing, scope.place_of)
    if scope.wanted is None or not differing:
        return Tried()
    said = f"{len(differing)} objects differ, and the server was not asked what it would make of them"
    return Tried(findings=(Diagnostic(codes.NOT_ASKED, said, hint="set `plans: dry-run` of the target to know"),))


def _objects(
    scope: Scope,
    wanted: Mapping[Identity, Manifest],
    entries: Mapping[Identity, Entry],
    sights: Mapping[Identity, Sight],
    live: Mapping[Identity, Mapping[str, Any]],
    tried: Tried,
) -> list[StoredObject]:
    found = []
    for identity, entry in entries.items():
        manifest = wanted.get(identity)
        if manifest is not None and manifest.key in tried.unchanged:
            sight = Sight(manifest.data, manifest.digest)
            found.append(stored_object(entry, sight, live.get(identity), None))
        else:
            found.append(stored_object(entry, sights[identity], live.get(identity), manifest))
    for identity, manifest in wanted.items():
        there = live.get(identity)
        if identity not in entries and there is not None and not is_leaving(there) and not _of_sibling(scope, there):
            data = adopted(there, manifest, scope.manager)
            found.append(StoredObject(str(manifest.address), manifest.key, None, data, live_digest=digest_of(data)))
    return found


def _lines(entries: Mapping[Identity, Entry], found: Mapping[Identity, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(f"{entries[identity].key}: {line}" for identity, lines in sorted(found.items()) for line in lines)


def _missing_kinds(
    kinds: Kinds, wanted: Mapping[Identity, Manifest], entries: Mapping[Identity, Entry]
) -> tuple[Diagnostic, ...]:
    """One finding for each kind, at the first document that needs it."""
    found: dict[tuple[str, str], Diagnostic] = {}
    for key, address in (
        *((m.key, m.address) for m in wanted.values()),
        *((e.key, e.address) for e in entries.values()),
    ):
        kind = key.api_version, key.kind
        if kind not in kinds and kind not in found:
            found[kind] = not_installed(key, str(address).partition("/")[0])
    return tuple(found.values())


def _others_objects(
    store: Store,
    scope: Scope,
    wanted: Mapping[Identity, Manifest],
    entries: Mapping[Identity, Entry],
    live: Mapping[Identity, Mapping[str, Any]],
) -> tuple[Diagnostic, ...]:
    """Wanted objects that another release or tool applies."""
    return tuple(
        anothers_object(manifest, live[identity], keeper)
        for identity, manifest in wanted.items()
        if identity not in entries and (keeper := _keeper(store, scope, live.get(identity))) is not None
    )


def _keeper(store: Store, scope: Scope, live: Mapping[str, Any] | None) -> Keeper | None:
    if live is None or _of_sibling(scope, live):
        return None
    return keeper_of(live, store.applyset, scope.manager)


def _is_kept(store: Store, scope: Scope, live: Mapping[str, Any] | None) -> bool:
    """By another tool or release, or by a partition that will hand it over."""
    return _of_sibling(scope, live) or _keeper(store, scope, live) is not None


def _of_sibling(scope: Scope, live: Mapping[str, Any] | None) -> bool:
    return live is not None and applyset_of(live) in scope.siblings
