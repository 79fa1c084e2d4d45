"""A release plan -> objects in the cluster, wave by wave. What fails stays local: what needs it is left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import ObjectKey
from opsdecl.apply.types import Changed, Event, Started
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.diff.types import ObjectChange, ReleasePlan, Step
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.cluster.applying import Writer
from opsdecl.targets.cluster.client import each
from opsdecl.targets.cluster.deleting import delete_object, forget_object
from opsdecl.targets.cluster.inventory import Entry, Seen
from opsdecl.targets.cluster.reading import Identity, Reading, same_object
from opsdecl.targets.cluster.waiting import Watcher

_WRITTEN = frozenset({"create", "update", "replace", "adopt"})


@dataclass(slots=True)
class Progress:
    """What an apply has done so far. `entries` are what the records will say."""

    entries: dict[Identity, Entry]
    done: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Address -> why, for those that depend on it."""
    findings: list[Diagnostic] = field(default_factory=list)
    in_doubt: set[Identity] = field(default_factory=set)
    """Failed ones that the server may have written all the same: they stay intended, and the next apply looks."""

    @property
    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for action in self.done.values():
            found[action] = found.get(action, 0) + 1
        return dict(sorted(found.items()))


class Job(Struct, frozen=True):
    """An apply: what is wanted, what was planned, and what was there when it began."""

    desired: ManifestSet
    plan: ReleasePlan
    reading: Reading
    writer: Writer
    emit: Callable[[Event], None]
    save: Callable[[Progress], Any]
    """Writes the records as they are; awaited."""
    watcher: Watcher

    def manifests(self) -> Mapping[str, Manifest]:
        return {str(m.address): m for m in self.desired.manifests}


def intentions(desired: ManifestSet, plan: ReleasePlan, known: Mapping[Identity, Entry]) -> dict[Identity, Entry]:
    """Entries of all that the release owns and is about to own, with what is about to be written."""
    written = {same_object(_key(c.object)) for c in plan.changes if c.action in _WRITTEN}
    entries = dict(known)
    for manifest in desired.manifests:
        identity = same_object(manifest.key)
        before = entries.get(identity)
        named = Entry(
            address=str(manifest.address),
            key=manifest.key,
            digest=before.digest if before is not None else "",
            applied=before.applied if before is not None else None,
            answered=before.answered if before is not None else None,
            seen=before.seen if before is not None else Seen(),
            token=manifest.token,
            depends_on=tuple(str(address) for address in manifest.depends_on),
            protect=manifest.protect,
        )
        if identity in written:
            entries[identity] = replace(named, intended=dict(manifest.data), intended_digest=manifest.digest)
        elif before is not None and before.digest == manifest.digest:
            entries[identity] = named
    for identity in _leaving(plan):
        if identity in entries:
            entries[identity] = replace(entries[identity], leaving=True)
    return entries


def open_intentions(reading: Reading, desired: ManifestSet) -> tuple[ObjectKey, ...]:
    """What the last apply intended to make, had not made when this one began, and this one does not make: its holder
    may have been stopped, and go on."""
    wanted = {same_object(manifest.key) for manifest in desired.manifests}
    known = reading.entries.keys() | wanted
    stored = reading.held.inventory.entries
    return tuple(e.key for e in stored if e.intended is not None and same_object(e.key) not in known)


def awaited(reading: Reading) -> Mapping[Identity, str]:
    """Digests of what the last apply intended to make, and had not made when this one began."""
    stored = {same_object(entry.key): entry for entry in reading.held.inventory.entries}
    return {i: e.intended_digest for i, e in stored.items() if e.intended is not None and i not in reading.entries}


def _leaving(plan: ReleasePlan) -> set[Identity]:
    gone = {same_object(_key(c.object)) for c in plan.changes if c.action in ("delete", "forget")}
    return gone | {same_object(_key(c.replaces)) for c in plan.changes if c.replaces is not None}


def _key(ref: Any) -> ObjectKey:
    return ObjectKey(ref.api_version, ref.kind, ref.namespace, ref.name)


async def carry_out(job: Job, progress: Progress) -> None:
    """Step after step. What was written is in `progress`, also where an error ends it."""
    changes = {change.address: change for change in job.plan.changes}
    steps = _steps(job.plan)
    for number, step in enumerate(steps):
        present = [changes[a] for a in step.addresses if a in changes]
        if step.verb == "apply":
            job.emit(Started(f"apply wave {step.wave}", len(present)))
            await _apply_wave(job, present, progress)
        elif step.verb in ("prune", "forget"):
            await _remove_wave(job, present, step, progress)
        elif step.verb == "wait":
            await wait_for(job, present, progress)
        if step.verb != "wait" and number + 1 < len(steps):
            await job.save(progress)


def last_look(plan: ReleasePlan) -> tuple[ObjectChange, ...]:
    """Changes that are to be ready in the end, once all is recorded and others may apply again."""
    last = plan.steps[-1] if plan.steps else None
    addresses = set(last.addresses) if last is not None and last.verb == "wait" else set()
    return tuple(change for change in plan.changes if change.address in addresses)


def _steps(plan: ReleasePlan) -> tuple[Step, ...]:
    """The plan's own up to the record; where a plan has none, one wave for all that is written, then what goes."""
    recorded = next((at for at, step in enumerate(plan.steps) if step.verb == "record"), len(plan.steps))
    steps = plan.steps[:recorded]
    if steps or not plan.changes:
        return steps
    by_verb: tuple[tuple[Literal["apply", "prune", "forget"], frozenset[str]], ...] = (
        ("apply", _WRITTEN),
        ("prune", frozenset({"delete"})),
        ("forget", frozenset({"forget"})),
    )
    addresses = {verb: tuple(c.address for c in plan.changes if c.action in actions) for verb, actions in by_verb}
    return tuple(
        Step(verb=verb, wave=wave, addresses=addresses[verb])
        for wave, (verb, _) in enumerate(by_verb)
        if addresses[verb]
    )


async def wait_for(job: Job, changes: Sequence[ObjectChange], progress: Progress) -> None:
    """Until what was written is ready. What is not counts as failed for those that need it, and stays applied."""
    manifests = job.manifests()
    written = [manifests[c.address] for c in changes if c.address in progress.done and c.address in manifests]
    findings = await job.watcher.wait(written)
    for address, finding in findings.items():
        progress.failed[address] = finding.message
        progress.findings.append(finding)


async def _apply_wave(job: Job, changes: list[ObjectChange], progress: Progress) -> None:
    manifests = job.manifests()
    ready = [change for change in changes if not _is_held_up(manifests[change.address], progress)]

    async def one(change: ObjectChange) -> None:
        manifest = manifests[change.address]
        identity = same_object(manifest.key)
        entry, findings = await job.writer.write(manifest, progress.entries[identity], change)
        progress.findings += findings
        if entry is None or findings:
            progress.failed[change.address] = findings[0].message if findings else "it failed"
            progress.in_doubt |= {identity} if entry is not None else set()
            return
        progress.entries[identity] = entry
        progress.done[change.address] = change.action
        if change.replaces is not None:
            await _remove_former(job, change, progress)
        job.emit(Changed(change.address, change.action))

    await each(ready, one)


async def _remove_former(job: Job, change: ObjectChange, progress: Progress) -> None:
    """The object of another name that the new one takes the place of."""
    assert change.replaces is not None
    identity = same_object(_key(change.replaces))
    entry = progress.entries.get(identity)
    if entry is not None:
        findings = await delete_object(job.writer, entry)
        progress.findings += findings
        if not findings:
            del progress.entries[identity]


def _is_held_up(manifest: Manifest, progress: Progress) -> bool:
    """Says so, and that counts as a failure for what needs this object in turn."""
    cause = next((str(need) for need in manifest.depends_on if str(need) in progress.failed), None)
    if cause is None:
        return False
    address = str(manifest.address)
    said = f"`{address}` was left out: it needs `{cause}`, which could not be applied"
    progress.failed[address] = said
    subject = str(manifest.address.spec)
    hint = "mend that, and apply again"
    progress.findings.append(Diagnostic(codes.NOT_DONE, said, hint=hint, subject=subject))
    return True


async def _remove_wave(job: Job, changes: list[ObjectChange], step: Step, progress: Progress) -> None:
    """Nothing is removed where something failed: what runs may still be needed."""
    if progress.failed and step.verb == "prune":
        said = f"{len(changes)} objects were not deleted, since not everything could be applied"
        progress.findings.append(Diagnostic(codes.NOT_DONE, said, hint="mend the failures, and apply again"))
        return
    job.emit(Started(f"{step.verb} wave {step.wave}", len(changes)))

    async def one(change: ObjectChange) -> None:
        identity = same_object(_key(change.object))
        entry = progress.entries.get(identity)
        if entry is None:
            return
        work = delete_object if step.verb == "prune" else forget_object
        findings = await work(job.writer, entry)
        progress.findings += findings
        if findings:
            progress.failed[change.address] = findings[0].message
            return
        del progress.entries[identity]
        progress.done[change.address] = change.action
        job.emit(Changed(change.address, change.action))

    await each(changes, one)
