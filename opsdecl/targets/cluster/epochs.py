"""What a hold of the lock still makes after another one has followed it: known by the stamp of who made an object.

Kubernetes has no fencing token that holds across objects. A process that stood still may therefore land the one create
that was past its look at the lock; it carries the epoch of its hold, and the records that of the last one that wrote.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from opsdecl.addr import ObjectKey
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.comparing import epoch_of, is_leaving
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.live import header_of
from opsdecl.targets.cluster.ownership import holders, own

Row = tuple[ObjectKey, Mapping[str, Any], Entry | None, Manifest | None]
"""A live object, what the records say of it, and what is wanted of it."""


def late_creates(rows: Iterable[Row], manager: str, epoch: int) -> tuple[Diagnostic, ...]:
    """One finding for each object that an earlier hold than the records' has made, and that they do not know."""
    late = sorted((row for row in rows if _is_late(row[1], row[2], manager, epoch)), key=lambda row: row[0])
    return tuple(_late(key, live, manifest, epoch) for key, live, _, manifest in late)


def _is_late(live: Mapping[str, Any], entry: Entry | None, manager: str, epoch: int) -> bool:
    if entry is not None and entry.seen.uid == header_of(live).uid:
        return False
    made = epoch_of(live)
    return made is not None and made < epoch and not is_leaving(live) and own(holders(live), manager) is not None


def _late(key: ObjectKey, live: Mapping[str, Any], manifest: Manifest | None, epoch: int) -> Diagnostic:
    said = (
        f"{key} was made at {live['metadata'].get('creationTimestamp')} by an apply that had lost the lock "
        f"(hold {epoch_of(live)} of the release, where {epoch} had written since)"
    )
    if manifest is not None:
        hint = "the next apply takes it over and makes it as the specs say"
        return Diagnostic(codes.LATE_CREATE, said, hint=hint, subject=str(manifest.address.spec))
    where = f" -n {key.namespace}" if key.namespace else ""
    hint = f"nothing wants it: kubectl delete {key.kind.lower()} {key.name}{where}"
    return Diagnostic(codes.LATE_CREATE, said, hint=hint)
