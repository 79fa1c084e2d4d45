"""A commit of the branch -> what the release holds there: our last own commit beside what is there now."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import ObjectKey, Release, digest_of
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import targets as codes
from opsdecl.diff.records import LazyObject, StoredObject, TargetState, tool_identity
from opsdecl.spec.types import SourceEntry
from opsdecl.targets.git.blobs import BlobReader
from opsdecl.targets.git.inventory import Entry, Inventory, NewerFormat, decode_inventory
from opsdecl.targets.git.layout import undecorate
from opsdecl.targets.git.message import LOG_FORMAT, RELEASE, revisions, trailers_of
from opsdecl.targets.git.objects import list_tree
from opsdecl.targets.git.reading import NotAnObject, parse_object
from opsdecl.targets.git.run import Git, GitError
from opsdecl.targets.git.settings import PARTITIONS, GitSettings

_CANDIDATES = 50


class Snapshot(Struct, frozen=True):
    """`live` maps each file of the release's territory, relative to its folder, to its blob.

    `own` is the last commit that this release made, empty before the first; `inventory` is its record.
    """

    head: str
    own: str
    inventory: Inventory | None
    live: Mapping[str, str]
    identity: str
    partitions: tuple[str, ...] = ()
    """Other partitions that have files, as far as this one sees them: the unnamed one does."""


def take_snapshot(git: Git, settings: GitSettings, release: Release, head: str) -> Snapshot:
    """What a commit holds; `head` empty means that there is no branch. Raises GitError."""
    if not head:
        return Snapshot("", "", None, {}, digest_of([str(release), digest_of([]), ""]))
    start = len(settings.path(""))
    seen = list_tree(git, head, settings.territory)
    files = [entry for entry in seen if settings.is_ours(entry.path[start:])]
    live = {entry.path[start:]: entry.digest for entry in files}
    own = _last_own_commit(git, settings, release, head)
    # At our own commit the record is the one that was just listed.
    record = live.get(settings.record, "") if own == head else ""
    record = record or (_record_blob(git, settings, own) if own else "")
    _refuse_other_release(git, release, live.get(settings.record, ""), record)
    inventory = _inventory(git, own, record) if own else None
    modes = [[entry.path, entry.mode, entry.digest] for entry in files]
    identity = digest_of([str(release), digest_of(modes), record])
    return Snapshot(head, own, inventory, live, identity, _partitions(settings, seen))


def _partitions(settings: GitSettings, seen: Sequence[SourceEntry]) -> tuple[str, ...]:
    below = f"{settings.path(PARTITIONS)}/"
    files = (entry.path.removeprefix(below) for entry in seen if entry.path.startswith(below))
    names = {file.partition("/")[0] for file in files if not file.endswith("/.gitkeep")}
    return () if settings.partition else tuple(sorted(names))


def _last_own_commit(git: Git, settings: GitSettings, release: Release, head: str) -> str:
    """Found by its trailer, among commits that wrote the record of this folder."""
    search = ("--fixed-strings", f"--grep={RELEASE}: {release}", f"--max-count={_CANDIDATES}")
    log = git.run("log", *search, "--format=%H%x00%B%x00", head, "--", settings.path(settings.record))
    fields = log.decode("utf-8", "replace").split("\0")
    for commit, message in zip(fields[::2], fields[1::2], strict=False):
        if trailers_of(message).get(RELEASE) == str(release):
            return commit.strip()
    return ""


def _record_blob(git: Git, settings: GitSettings, commit: str) -> str:
    found = list_tree(git, commit, [settings.path(settings.record)])
    if not found:
        said = f"commit {commit[:12]} has no {settings.path(settings.record)}"
        raise GitError(Diagnostic(codes.RECORD_UNREADABLE, said, hint="restore the file from an earlier commit"))
    return found[0].digest


def _inventory(git: Git, commit: str, blob: str) -> Inventory:
    data = git.run("cat-file", "blob", blob)
    try:
        return decode_inventory(data)
    except NewerFormat as newer:
        said = f"the release was last written by opsdecl {newer}"
        raise GitError(Diagnostic(codes.RECORD_NEWER, said, hint="update opsdecl")) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = f"the record of commit {commit[:12]} is damaged: {type(error).__name__} {error}"
        hint = f"look at it with: git show {commit[:12]}"
        raise GitError(Diagnostic(codes.RECORD_UNREADABLE, said[:300], hint=hint)) from None


def _refuse_other_release(git: Git, release: Release, live: str, own: str) -> None:
    """A record at the head that is not ours may be somebody's damage, or another release in the same folder."""
    if not live or live == own:
        return
    try:
        other = decode_inventory(git.run("cat-file", "blob", live)).release
    except NewerFormat:
        return
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
    if other != str(release):
        said = f"this folder of the branch holds the release `{other}`, not `{release}`"
        raise GitError(Diagnostic(codes.OTHER_RELEASE, said, hint="give each target its own `branch` or `folder`"))


def state_of(git: Git, settings: GitSettings, snapshot: Snapshot) -> tuple[TargetState, tuple[Diagnostic, ...]]:
    """The snapshot as a base for plans. Files equal to what we wrote are parsed only when looked at."""
    inventory = snapshot.inventory
    if inventory is None:
        unowned = tuple(settings.path(file) for file in sorted(_unowned(settings, snapshot.live, ())))
        return TargetState(snapshot.identity, "", "", (), unowned=unowned, partitions=snapshot.partitions), ()
    blobs = BlobReader(git)
    moved = any(snapshot.live.get(entry.file) != entry.blob for entry in inventory.entries)
    editors = _editors(git, settings, snapshot) if moved else {}
    findings: list[Diagnostic] = []
    objects = tuple(_stored(entry, snapshot.live, blobs, editors, findings) for entry in inventory.entries)
    findings += [_edited(name) for name, blob in inventory.companions.items() if snapshot.live.get(name) != blob]
    unowned = tuple(settings.path(file) for file in sorted(_unowned(settings, snapshot.live, inventory.entries)))
    state = TargetState(
        snapshot.identity,
        snapshot.own,
        inventory.desired_digest,
        objects,
        inventory.documents,
        unowned,
        tool_identity(inventory.tool_version, inventory.lock_digest),
        partitions=snapshot.partitions,
        runs=inventory.runs,
    )
    return state, tuple(findings)


def keep_of(settings: GitSettings) -> str:
    """What keeps the folder of a release without objects."""
    return f"{settings.manifests}/.gitkeep"


def _unowned(settings: GitSettings, live: Mapping[str, str], entries: tuple[Entry, ...]) -> set[str]:
    below = {file for file in live if file.startswith(f"{settings.manifests}/") and file != keep_of(settings)}
    return below - {entry.file for entry in entries}


def _stored(
    entry: Entry, live: Mapping[str, str], blobs: BlobReader, editors: Mapping[str, str], findings: list[Diagnostic]
) -> StoredObject:
    def load() -> dict[str, Any]:
        return undecorate(parse_object(blobs.read(entry.blob)), entry.decorations)

    applied = LazyObject(load)
    blob = live.get(entry.file)
    found: Mapping[str, Any] | None = applied
    digest = entry.digest
    if blob is None:
        found, digest = None, ""
    elif blob != entry.blob:
        found = _live_object(entry, blobs.read(blob), findings)
        digest = digest_of(found) if found is not None else ""
        found = applied if digest == entry.digest else found
    return StoredObject(
        address=entry.address,
        key=entry.key,
        applied=applied,
        live=found,
        protect=entry.protect,
        changed_by="" if digest == entry.digest else editors.get(entry.file, ""),
        applied_digest=entry.digest,
        live_digest=digest,
        token=entry.token,
        depends_on=entry.depends_on,
    )


def _live_object(entry: Entry, data: bytes, findings: list[Diagnostic]) -> dict[str, Any] | None:
    """What somebody made of the object; None where the file does not hold it any more."""
    try:
        found = parse_object(data)
        _refuse_other_object(entry, found)
        return undecorate(found, entry.decorations)
    except NotAnObject as problem:
        said = f"`{entry.file}` no longer holds {entry.key}: {problem}"
        subject = entry.address.partition("/")[0]
        findings.append(Diagnostic(codes.NOT_AN_OBJECT, said, hint="apply restores it", subject=subject))
        return None


def _refuse_other_object(entry: Entry, found: Mapping[str, Any]) -> None:
    metadata = found["metadata"]
    key = ObjectKey(found["apiVersion"], found["kind"], str(metadata.get("namespace") or ""), metadata["name"])
    if key != entry.key:
        raise NotAnObject(f"it holds {key} of {key.api_version}")


def _edited(name: str) -> Diagnostic:
    return Diagnostic(codes.COMPANION_EDITED, f"`{name}` was edited on the branch", hint="apply restores it")


def _editors(git: Git, settings: GitSettings, snapshot: Snapshot) -> dict[str, str]:
    """File -> who touched it last since our own commit: name, time, commit."""
    if snapshot.own == snapshot.head:
        return {}
    since = f"{snapshot.own}..{snapshot.head}"
    options = ("--no-renames", "--name-only", "-z", "--format=%x01%an, %aI, %h", "-m", "--first-parent")
    log = git.run("log", *options, since, "--", *settings.territory).decode("utf-8", "replace")
    start, found = len(settings.path("")), dict[str, str]()
    for commit in log.split("\x01")[1:]:
        who, *files = (field.strip("\n") for field in commit.split("\0"))
        for file in files:
            found.setdefault(file[start:], who)
    return found


def mover(git: Git, settings: GitSettings, release: Release, head: str) -> str:
    """Who moved the release last, for people: name, time, commit, subject. Empty where nobody did."""
    if not head:
        return ""
    log = git.run("log", "-20", LOG_FORMAT, head, "--", *settings.territory)
    last = next(iter(revisions(log, release)), None)
    return f"{last.who} at {last.at} ({last.id[:12]}: {last.summary})" if last else ""
