"""Objects that go from one partition's folder to another's: two commits in a row, published together or not at all."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import ObjectKey, Release
from opsdecl.apply.ports import Record
from opsdecl.targets.git import writing
from opsdecl.targets.git.inventory import Entry, Inventory, encode_inventory
from opsdecl.targets.git.message import compose, signature
from opsdecl.targets.git.run import Git
from opsdecl.targets.git.settings import GitSettings
from opsdecl.targets.git.snapshot import Snapshot, keep_of


class Side(Struct, frozen=True):
    """A partition as it stands."""

    settings: GitSettings
    release: Release
    snapshot: Snapshot

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.snapshot.inventory.entries if self.snapshot.inventory is not None else ()

    def inventory(self, entries: Iterable[Entry], record: Record) -> Inventory:
        before = self.snapshot.inventory or Inventory(str(self.release), record.tool_version, record.lock_digest, "")
        return replace(before, entries=tuple(entries))


def moving_entries(giver: Side, keys: Sequence[ObjectKey]) -> tuple[Entry, ...]:
    wanted = set(keys)
    return tuple(entry for entry in giver.entries if entry.key in wanted)


def write_commits(git: Git, taker: Side, giver: Side, moving: Sequence[Entry], record: Record) -> str:
    """The second of the two commits: the taker's comes first, so that no commit holds an object that nobody owns. Files
    that somebody edited move as they are."""
    taken = [replace(entry, file=_moved(entry.file, giver.settings, taker.settings)) for entry in moving]
    live = giver.snapshot.live
    come: dict[str, str | None] = {
        new.file: live[old.file] for old, new in zip(moving, taken, strict=True) if old.file in live
    }
    come[keep_of(taker.settings)] = None
    ours = taker.inventory((*taker.entries, *taken), record)
    first = _commit(git, taker, come, ours, taker.snapshot.head, record, {"adopt": len(taken)})
    left = [entry for entry in giver.entries if entry not in moving]
    gone: dict[str, str | None] = {entry.file: None for entry in moving}
    theirs = giver.inventory(left, record)
    return _commit(git, giver, gone, theirs, first, record, {"forget": len(taken)}, keep=not left)


def _moved(file: str, source: GitSettings, to: GitSettings) -> str:
    return f"{to.manifests}/{file.removeprefix(f'{source.manifests}/')}"


def _commit(
    git: Git,
    side: Side,
    blobs: Mapping[str, str | None],
    inventory: Inventory,
    parent: str,
    record: Record,
    counts: Mapping[str, int],
    *,
    keep: bool = False,
) -> str:
    format_name = writing.object_format_of(git)
    files = {side.settings.record: encode_inventory(inventory), **({keep_of(side.settings): b""} if keep else {})}
    change = writing.Change(files, inventory, blobs)
    writing.write_blobs(git, change)
    tree = writing.write_tree(git, change, side.settings, parent, format_name)
    by = signature(record.who, record.at)
    message = compose(record, side.release, inventory.desired_digest, counts)
    return writing.write_commit(git, tree, parent, message, by)
