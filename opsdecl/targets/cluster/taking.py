"""A take-over that was found -> what the writer of applies needs for it."""

from collections.abc import Mapping

from msgspec.structs import replace

from opsdecl.apply.types import Adopted, Adoption
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes.plan import STALE
from opsdecl.diff.types import DesiredRef, ObjectChange, ObjectRef, ReleasePlan
from opsdecl.render.types import DocumentView, ManifestSet
from opsdecl.targets.cluster.applying import Writer
from opsdecl.targets.cluster.reading import Reading


def plan_of(wanted: ManifestSet, found: Adoption) -> ReleasePlan:
    """One change of action `adopt` for each object."""
    keys = {str(manifest.address): manifest.key for manifest in wanted.manifests}
    changes = tuple(
        ObjectChange(
            address=one.address,
            object=ObjectRef(api_version=key.api_version, kind=key.kind, namespace=key.namespace, name=key.name),
            action="adopt",
        )
        for one in found.objects
        for key in (keys[one.address],)
    )
    return ReleasePlan(
        id=str(wanted.release),
        target=found.target,
        desired=DesiredRef(digest=wanted.digest),
        summary={"adopt": len(changes)},
        changes=changes,
    )


def taken_set(wanted: ManifestSet, reading: Reading, found: Adoption) -> ManifestSet:
    """What is wanted, with the documents that the records will name: all where every object is ours then; else those of
    before, and those of taken objects."""
    ours = {entry.address for entry in reading.entries.values() if entry.applied is not None}
    if {str(head.address) for head in wanted.heads} <= ours | {one.address for one in found.objects}:
        return wanted
    before: Mapping[str, DocumentView] = {
        str(d.address): DocumentView(d.address, d.effective, d.references, digest="")
        for d in reading.held.inventory.documents
    }
    taken = {one.address.partition("/")[0] for one in found.objects}
    now = {str(d.address): d for d in wanted.documents if str(d.address) in taken}
    return replace(wanted, documents=tuple(sorted({**before, **now}.values(), key=lambda d: d.address)))


def taking(writer: Writer, found: Adoption) -> Writer:
    """One that takes what was found, and from nobody else."""
    force = {f"{one.address} {path}" for one in found.objects for path in one.claims}
    managers = {one.address: frozenset(one.managers) for one in found.objects}
    return replace(writer, force=writer.force | force, taking=managers)


def moved(shown: Adoption, found: Adoption) -> Diagnostic:
    """Something is not as it was shown, and what."""
    before, now = _by_address(shown), _by_address(found)
    names = sorted(name for name in before.keys() | now.keys() if name not in now or before.get(name) != now[name])
    said = f"{', '.join(names[:3]) or 'an object'} moved since this take-over was shown"
    return Diagnostic(STALE, said, hint="look at it again: opsdecl adopt --dry-run")


def _by_address(adoption: Adoption) -> Mapping[str, Adopted]:
    return {one.address: one for one in adoption.objects}
