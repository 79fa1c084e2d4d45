"""Objects and fields of others -> what would change hands, and the take-over itself."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import digest_of, format_path
from opsdecl.apply.types import Adopted, Adoption, Taking
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.comparing import decorated, is_leaving
from opsdecl.targets.cluster.dryrun import refused
from opsdecl.targets.cluster.failures import FieldConflict, StatusError
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.keepers import Keeper, keeper_of
from opsdecl.targets.cluster.listing import path_of
from opsdecl.targets.cluster.migrating import takes, value_at, without
from opsdecl.targets.cluster.ownership import Holder, contains, holders, is_ours, leaves, print_leaf
from opsdecl.targets.cluster.reading import Reading, Scope
from opsdecl.targets.cluster.refusals import anothers_object, field_path, has_field
from opsdecl.targets.cluster.store import PART_OF, Store

Found = tuple[Adopted | None, tuple[Diagnostic, ...]]
_TRIES = 8
_LABEL = f".metadata.labels.{PART_OF}"


class Choice(Struct, frozen=True):
    """What somebody asks to take over: addresses of objects or documents (none: all), and names of other managers."""

    addresses: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()

    def has(self, manifest: Manifest) -> bool:
        names = (str(manifest.address), str(manifest.address.spec))
        return not self.addresses or any(name in self.addresses for name in names)


class Finder(Struct, frozen=True):
    """Looks at each wanted object that is there, by dry runs only."""

    client: Client
    store: Store
    scope: Scope
    reading: Reading
    choice: Choice

    async def find(self) -> tuple[Adoption, tuple[Diagnostic, ...]]:
        """Findings are objects that may not be taken, and why."""
        rows = [
            (manifest, live, self.reading.entries.get(identity))
            for identity, manifest in sorted(self.scope.manifests().items())
            if (live := self.reading.live.get(identity)) is not None and not is_leaving(live)
            if self.choice.has(manifest)
        ]
        looked = await each(rows, lambda row: self._look(*row))
        objects = tuple(sorted((one for one, _ in looked if one is not None), key=lambda one: one.address))
        digest = digest_of([str(self.scope.release), [one.digest for one in objects]])
        findings = tuple(finding for _, found in looked for finding in found)
        return Adoption(self.scope.release.target, objects, digest), findings

    async def _look(self, manifest: Manifest, live: Mapping[str, Any], entry: Entry | None) -> Found:
        keeper = keeper_of(live, self.store.applyset, self.scope.manager)
        if keeper is not None and not keeper.is_named(self.choice.named):
            return None, (anothers_object(manifest, live, keeper),)
        conflicts, findings = await self._conflicts(manifest)
        named = self.choice.named | (keeper.managers if keeper is not None else frozenset())
        findings += tuple(_not_named(manifest, c) for c in conflicts if not _may_go(c, live, named))
        if findings:
            return None, findings
        taken = [h for h in holders(live) if not is_ours(h, self.scope.manager) and _is_taken(h, named)]
        joins = entry is None or entry.applied is None
        if not (joins or taken or conflicts or keeper):
            return None, ()
        removed = await self._removed(manifest, live, taken)
        claimed = (_taking(manifest, live, c) for c in conflicts if c.path != _LABEL)
        # The server takes `1` and `"1"` of a GPU for two values, nobody else does.
        fields = (*(claim for claim in claimed if str(claim.before) != str(claim.after)), *removed)
        return _adopted(manifest, live, keeper, joins, taken, fields, tuple(c.path for c in conflicts)), ()

    async def _conflicts(self, manifest: Manifest) -> tuple[tuple[FieldConflict, ...], tuple[Diagnostic, ...]]:
        """Fields that others hold with another value, also where they were ours; refusals of the forced apply."""
        path, body = path_of(self.reading.kinds, manifest.key), decorated(manifest.data, self.store.applyset)
        params = {"fieldManager": self.scope.manager, "dryRun": "All", "fieldValidation": "Strict"}
        found: tuple[FieldConflict, ...] = ()
        try:
            try:
                await self.client.patch(path, body, {**params, "force": "false"})
            except StatusError as error:
                if not error.conflicts:
                    raise
                # The server names them in another order each time.
                found = tuple(sorted(error.conflicts, key=lambda c: (c.path, c.manager)))
                await self.client.patch(path, body, {**params, "force": "true"})
        except StatusError as error:
            return (), refused(self.client, error, manifest, self.scope.place_of)
        return found, ()

    async def _removed(
        self, manifest: Manifest, live: Mapping[str, Any], taken: Sequence[Holder]
    ) -> tuple[Taking, ...]:
        """Fields of those taken that nobody wants: without what the server would fill in again as it is."""
        stay = [holder.fields for holder in holders(live) if holder not in taken]
        gone = [
            (holder, leaf)
            for holder in taken
            for leaf in leaves(holder.fields)
            if leaf[-1] != "." and not has_field(manifest.data, _server_path(leaf))
            if not any(contains(fields, leaf) for fields in stay) and value_at(live, leaf) is not None
        ]
        if not gone:
            return ()
        after = await self._filled_again(manifest, without(live, [leaf for _, leaf in gone]))
        return tuple(
            Taking(print_leaf(leaf), holder.manager, holder.time, value_at(live, leaf), value_at(after, leaf))
            for holder, leaf in gone
            if value_at(after, leaf) != value_at(live, leaf)
        )

    async def _filled_again(self, manifest: Manifest, body: dict[str, Any]) -> Mapping[str, Any]:
        """What the server makes of it; `body` where it does not say, and then all is shown as going."""
        path = path_of(self.reading.kinds, manifest.key)
        for _ in range(_TRIES):
            try:
                return (await self.client.put(path, body, {"dryRun": "All"})).body
            except StatusError as error:
                now = await self.client.find(path) if error.code == 409 else None
                if now is None:
                    return body
                # Its status moved, which is no reason to show something else.
                version = now["metadata"]["resourceVersion"]
                body = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
        return body


def _is_taken(holder: Holder, named: Collection[str]) -> bool:
    entry = {"manager": holder.manager, "operation": holder.operation, "subresource": holder.subresource}
    return takes(entry, named)


def _may_go(found: FieldConflict, live: Mapping[str, Any], named: Collection[str]) -> bool:
    """What persons hold in their hands goes on their word; a program would take the field back."""
    holder = _holder(live, found.manager)
    return found.manager in named or (holder.sort == "person" and not found.manager.startswith("helm"))


def _holder(live: Mapping[str, Any], manager: str) -> Holder:
    found = next((holder for holder in holders(live) if holder.manager == manager), None)
    return found if found is not None else Holder(manager, "", "", "", {})


def _not_named(manifest: Manifest, found: FieldConflict) -> Diagnostic:
    shown = format_path(field_path(manifest.data, found.path)) or found.path.lstrip(".")
    return Diagnostic(
        codes.NOT_GIVEN_UP,
        f"`{shown}` of {manifest.key} is held by `{found.manager}`, a program that may set it again",
        hint=f"stop it from doing so, then name it: --from {found.manager}",
        subject=str(manifest.address.spec),
    )


def _taking(manifest: Manifest, live: Mapping[str, Any], found: FieldConflict) -> Taking:
    path = field_path(manifest.data, found.path)
    there = field_path(live, found.path)
    since = _holder(live, found.manager).time
    return Taking(format_path(path), found.manager, since, _at(live, there), _at(manifest.data, path))


def _at(tree: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _server_path(leaf: Sequence[str]) -> str:
    """As refusals spell it, which is how our objects are searched: `.spec.ports[port=80,protocol="TCP"].name`."""
    import json

    text = ""
    for part in leaf:
        sort, _, rest = part.partition(":")
        if sort == "k":
            text += "[" + ",".join(f"{n}={json.dumps(v)}" for n, v in json.loads(rest).items()) + "]"
        elif sort == "f":
            text += f".{rest}"
    return text


def _adopted(
    manifest: Manifest,
    live: Mapping[str, Any],
    keeper: Keeper | None,
    joins: bool,
    taken: Sequence[Holder],
    fields: tuple[Taking, ...],
    claims: tuple[str, ...],
) -> Adopted:
    words = keeper.words if keeper is not None else ""
    managers = tuple(sorted({holder.manager for holder in taken} | (keeper.managers if keeper else frozenset())))
    uid = str(live["metadata"]["uid"])
    told = [[f.path, f.manager, f.since, f.before, f.after] for f in fields]
    digest = digest_of([str(manifest.address), uid, joins, words, list(managers), told, list(claims), manifest.digest])
    return Adopted(str(manifest.address), str(manifest.key), uid, joins, words, managers, fields, claims, digest)
