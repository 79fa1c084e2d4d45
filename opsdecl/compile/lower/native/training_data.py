"""Datasets as a training reads them: each below /datasets/<name>, once they are prepared and checked."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from opsdecl.addr import MAIN, Address, SpecAddress, run_role
from opsdecl.compile.lower.native.dataset import claim_name, wait_for
from opsdecl.compile.lower.native.dataset_copy import cached_parts, copy_of, disk_of
from opsdecl.compile.lower.native.dataset_keys import Stage, chain_of, checks_of
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.subject import Subject, UsedDataset
from opsdecl.compile.node_caches import pool_of_cache, why_passed_by
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.dataset_source import ClaimData, OciData
from opsdecl.spec.kinds.engine import Accelerator

ROOT = "/datasets"
_WAITING = "/waiting"


class Used(Struct, frozen=True):
    """What the datasets add to a pod, and the runs that come before it."""

    parts: PodParts
    after: tuple[Address, ...]


def used_data(subject: Subject, image: Any, accelerator: Accelerator | None) -> Used:
    """From the copies on the nodes that `accelerator` is on, where there are any; else from the datasets' volumes."""
    parts = [_cached(subject, used, image, accelerator) or parts_of(subject, used, image) for used in subject.datasets]
    return Used(join(parts), runs_before(subject.datasets))


def runs_before(datasets: Iterable[UsedDataset]) -> tuple[Address, ...]:
    """The runs after which these datasets may be used."""
    last = [(used.name, stage) for used in datasets for stage in _last(used)]
    return tuple(Address(SpecAddress("Dataset", name), MAIN, run_role(s.key, s.name)) for name, s in last)


def _last(used: UsedDataset) -> Iterator[Stage]:
    """The run after which the data may be used."""
    last = checks_of(used.spec, used.compared) or chain_of(used.spec).output
    if last is not None:
        yield last


def _cached(subject: Subject, used: UsedDataset, image: Any, accelerator: Accelerator | None) -> PodParts | None:
    cache, environment = used.spec.cache, subject.environment
    pool = pool_of_cache(cache, environment)
    if cache is None or pool is None:
        return None
    if why_passed_by(subject.document.address.kind, accelerator, cache, environment):
        return None
    copy = copy_of(subject.namespace, used.base, chain_of(used.spec), next(_last(used), None))
    return cached_parts(used, copy, disk_of(used.base, pool), _volume_name(used), f"{ROOT}/{used.name}", image)


def _volume_name(used: UsedDataset) -> str:
    return f"dataset-{used.name}"[:63].rstrip("-")


def parts_of(subject: Subject, used: UsedDataset, image: Any) -> PodParts:
    """A dataset below `ROOT`, and a wait until it is ready."""
    name, output = _volume_name(used), chain_of(used.spec).output
    waits = tuple(
        wait_for(name, f"{_WAITING}/{used.name}", stage, image, f"wait-{used.name}"[:63]) for stage in _last(used)
    )
    if output is None:
        return _mounted(subject, used, name, waits)
    # What is prepared has a volume: a rule of datasets demands it.
    assert used.spec.storage is not None
    claim = {"claimName": Traced(claim_name(used.base, used.spec.storage), (used.root, "storage"))}
    mount = {"name": name, "mountPath": f"{ROOT}/{used.name}", "subPath": output.folder, "readOnly": True}
    return PodParts(volumes=({"name": name, "persistentVolumeClaim": claim},), mounts=(mount,), init_containers=waits)


def _mounted(subject: Subject, used: UsedDataset, name: str, waits: tuple[dict[str, Any], ...]) -> PodParts:
    """Data that is used where it lies; a wait for its checks looks at the volume where those leave their marker."""
    source, volumes = used.spec.source, []
    match source:
        case ClaimData():
            claim = Traced(source.claim, (used.root, "source", "claim"))
            volumes.append({"name": name, "persistentVolumeClaim": {"claimName": claim, "readOnly": True}})
        case OciData():
            image = Traced(subject.image(source.image), (used.root, "source", "image"))
            volumes.append({"name": name, "image": {"reference": image, "pullPolicy": "IfNotPresent"}})
    if waits and used.spec.storage is not None:
        marks = f"{name}-marks"[-63:].lstrip("-")
        volumes.append(
            {"name": marks, "persistentVolumeClaim": {"claimName": claim_name(used.base, used.spec.storage)}}
        )
        waits = tuple({**w, "volumeMounts": [{**w["volumeMounts"][0], "name": marks}]} for w in waits)
    path = getattr(source, "path", "").strip("/")
    mount = {"name": name, "mountPath": f"{ROOT}/{used.name}", "subPath": path or None, "readOnly": True}
    return PodParts(volumes=tuple(volumes), mounts=(mount,), init_containers=waits)
