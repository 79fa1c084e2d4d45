"""Desired objects -> the files and the record of the next commit, and the commit itself, by plumbing only."""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl.addr import ObjectKey, digest_of, is_run
from opsdecl.apply.ports import Record
from opsdecl.diff.records import StartedRun, StoredDocument, ledger_with
from opsdecl.diff.types import ObjectRef, ReleasePlan
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.git.companions import companions
from opsdecl.targets.git.inventory import Decoration, Entry, Inventory, encode_inventory
from opsdecl.targets.git.layout import decorate, files_of, kept_running, sync_wave, waves
from opsdecl.targets.git.message import Signature
from opsdecl.targets.git.run import Git
from opsdecl.targets.git.settings import APPLICATION, FLUX, GitSettings
from opsdecl.targets.git.snapshot import Snapshot, keep_of


class Change(Struct, frozen=True):
    """Files of the release by name, relative to its folder: new bytes, or None where the file goes."""

    files: Mapping[str, bytes | None]
    inventory: Inventory
    moved: Mapping[str, str | None] = field(default_factory=dict)
    """Files that get a blob which is there already, or None where they go."""

    @property
    def desired_digest(self) -> str:
        return self.inventory.desired_digest


class Planned(Struct, frozen=True):
    """The objects that a plan names, by what happens to them."""

    written: frozenset[ObjectKey]
    removed: frozenset[ObjectKey]
    forgotten: frozenset[ObjectKey]


def planned(plan: ReleasePlan) -> Planned:
    """Objects by key: addresses move when a document is renamed, objects do not."""
    by_action: dict[str, set[ObjectKey]] = {}
    for change in plan.changes:
        by_action.setdefault(change.action, set()).add(_key(change.object))
        if change.replaces:
            by_action.setdefault("delete", set()).add(_key(change.replaces))
    written = set[ObjectKey]().union(*(by_action.get(a, set()) for a in ("create", "update", "replace", "adopt")))
    removed = by_action.get("delete", set()) - written
    return Planned(frozenset(written), frozenset(removed), frozenset(by_action.get("forget", set())))


def _key(ref: ObjectRef) -> ObjectKey:
    return ObjectKey(ref.api_version, ref.kind, ref.namespace, ref.name)


def next_change(
    desired: ManifestSet,
    plan: ReleasePlan,
    snapshot: Snapshot,
    settings: GitSettings,
    record: Record,
    address: str,
    object_format: str,
) -> Change:
    """What to write so that the release holds `desired` wherever the plan names it; the rest stays as it is."""
    names = planned(plan)
    prior = {entry.key: entry for entry in snapshot.inventory.entries} if snapshot.inventory else {}
    files: dict[str, bytes | None] = {}
    entries = _written(desired, names, prior, snapshot, settings, files, object_format)
    entries += _left(desired, names, prior)
    kept = {entry.file for entry in entries}
    # Other partitions hold objects too, below the same folder.
    empty = not entries and not settings.partitioned
    gone = names.removed | {key for key in prior if key in desired.by_key}
    # Whoever syncs the branch leaves a run alone that is no longer there, and would start it anew from its file.
    gone |= {key for key in names.forgotten if key in prior and is_run(prior[key].address)}
    files |= {entry.file: None for key, entry in prior.items() if key in gone and entry.file not in kept}
    files |= {name: text.encode() for name, text in companions(settings, desired.release, address, empty=empty).items()}
    beside = {
        name: _blob_id(data, object_format) for name, data in files.items() if name in (APPLICATION, FLUX) and data
    }
    before = snapshot.inventory.companions if snapshot.inventory else {}
    files |= {name: None for name in before if name not in beside}
    files[keep_of(settings)] = None if entries else b""
    inventory = Inventory(
        release=str(desired.release),
        tool_version=record.tool_version,
        lock_digest=record.lock_digest,
        desired_digest=_desired_digest(desired, entries),
        entries=tuple(entries),
        documents=tuple(StoredDocument(d.address, d.effective, d.references) for d in desired.documents),
        companions=beside,
        runs=_ledger(desired, snapshot, entries, record),
    )
    files[settings.record] = encode_inventory(inventory)
    return Change(files, inventory)


def _ledger(
    desired: ManifestSet, snapshot: Snapshot, entries: Iterable[Entry], record: Record
) -> tuple[StartedRun, ...]:
    before = snapshot.inventory.runs if snapshot.inventory else ()
    begun = ((entry.address, entry.key) for entry in entries if is_run(entry.address))
    return ledger_with(before, begun, {d.address for d in desired.documents}, record.at)


def _written(
    desired: ManifestSet,
    names: Planned,
    prior: Mapping[ObjectKey, Entry],
    snapshot: Snapshot,
    settings: GitSettings,
    files: dict[str, bytes | None],
    object_format: str,
) -> list[Entry]:
    """Entries of the desired objects; the bytes of those that need writing go into `files`."""
    paths = files_of((m.key for m in desired.manifests), settings.manifests)
    wave = waves(desired.manifests) if settings.argocd is not None else {}
    entries = []
    for manifest in desired.manifests:
        before = prior.get(manifest.key)
        decorations = sync_wave(manifest.data, wave.get(str(manifest.address), 0))
        decorations += kept_running(manifest.data) if is_run(manifest.address) else ()
        entry = _entry(manifest, paths[manifest.key], decorations)
        if manifest.key in names.written or _only_dressed_anew(before, entry, snapshot):
            data = _bytes(manifest, decorations)
            files[entry.file] = data
            entries.append(replace(entry, blob=_blob_id(data, object_format)))
        elif before is not None and before.digest == entry.digest:
            entries.append(replace(entry, file=before.file, blob=before.blob, decorations=before.decorations))
        elif before is not None:
            entries.append(before)
    return entries


def _only_dressed_anew(before: Entry | None, entry: Entry, snapshot: Snapshot) -> bool:
    """The same object under another name or with other annotations of the target, in a file that nobody touched."""
    if (
        before is None
        or is_run(entry.address)
        or before.digest != entry.digest
        or snapshot.live.get(before.file) != before.blob
    ):
        return False
    return before.file != entry.file or before.decorations != entry.decorations


def _left(desired: ManifestSet, names: Planned, prior: Mapping[ObjectKey, Entry]) -> list[Entry]:
    """Objects that are no longer desired and that the plan does not name: they stay ours."""
    gone = names.removed | names.forgotten
    return [entry for key, entry in prior.items() if key not in desired.by_key and key not in gone]


def _entry(manifest: Manifest, file: str, decorations: tuple[Decoration, ...]) -> Entry:
    return Entry(
        address=str(manifest.address),
        key=manifest.key,
        file=file,
        blob="",
        digest=manifest.digest,
        token=manifest.token,
        depends_on=tuple(str(address) for address in manifest.depends_on),
        protect=manifest.protect,
        decorations=decorations,
    )


def _bytes(manifest: Manifest, decorations: Iterable[Decoration]) -> bytes:
    from opsdecl.render.canonical import to_yaml

    return to_yaml(decorate(manifest.data, decorations)).encode()


def _desired_digest(desired: ManifestSet, entries: list[Entry]) -> str:
    """The set's own digest where all of it is there, the same sum over what is there otherwise."""
    held = [[entry.address, entry.digest] for entry in entries]
    wanted = [[str(m.address), m.digest] for m in desired.manifests]
    return desired.digest if held == wanted else digest_of(held)


def _blob_id(data: bytes, object_format: str) -> str:
    """The id that git gives these bytes, as `addr.git_blob_digest` for either kind of repository."""
    return hashlib.new(object_format, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def write_blobs(git: Git, change: Change) -> None:
    """Adds the bytes to the repository, all through one git."""
    contents = [data for data in change.files.values() if data is not None]
    stream = b"".join(b"blob\ndata %d\n%b\n" % (len(data), data) for data in contents)
    git.run("fast-import", "--quiet", "--done", data=stream + b"done\n")


def write_tree(git: Git, change: Change, settings: GitSettings, parent: str, object_format: str) -> str:
    """The tree of `parent` with the change in it, through an index of its own. Other files stay as they are."""
    with tempfile.TemporaryDirectory(prefix="opsdecl-index-") as folder:
        apart = git.having(GIT_INDEX_FILE=str(Path(folder) / "index"))
        if parent:
            apart.run("read-tree", parent)
        blobs = {name: _blob_of(data, object_format) for name, data in change.files.items()} | dict(change.moved)
        lines = [_index_line(settings.path(name), blob, object_format) for name, blob in sorted(blobs.items())]
        apart.run("update-index", "--add", "--replace", "-z", "--index-info", data=b"".join(lines))
        return apart.text("write-tree")


def _blob_of(data: bytes | None, object_format: str) -> str | None:
    return None if data is None else _blob_id(data, object_format)


def _index_line(path: str, blob: str | None, object_format: str) -> bytes:
    name = path.encode("utf-8", "surrogateescape")
    if blob is None:
        nothing = "0" * 2 * hashlib.new(object_format, usedforsecurity=False).digest_size
        return b"0 %b\t%b\0" % (nothing.encode(), name)
    return b"100644 %b\t%b\0" % (blob.encode(), name)


def tree_of(git: Git, commit: str) -> str:
    """The tree of a commit; empty for no commit."""
    return git.text("rev-parse", "--verify", f"{commit}^{{tree}}") if commit else ""


def write_commit(git: Git, tree: str, parent: str, message: str, by: Signature) -> str:
    """A commit that no branch knows yet."""
    parents = ("-p", parent) if parent else ()
    return git.having(**by.variables()).text("commit-tree", tree, *parents, "-F", "-", data=message.encode())


def object_format_of(git: Git) -> str:
    return git.text("rev-parse", "--show-object-format")


def counts_of(plan: ReleasePlan) -> dict[str, int]:
    """How often each action comes, without the objects that stay."""
    actions = sorted(change.action for change in plan.changes if change.action != "noop")
    return {action: actions.count(action) for action in dict.fromkeys(actions)}
