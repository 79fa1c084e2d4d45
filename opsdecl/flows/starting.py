"""What a plan starts: each run with its pods, its GPUs, the longest that it takes, and the most that it costs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from opsdecl.addr import Address, SpecAddress, is_run
from opsdecl.compile.costs import currency_of, price_of
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.running import accelerator_of
from opsdecl.diff.types import DocumentRuns, ObjectChange, StartingRun
from opsdecl.flows.build import Built
from opsdecl.flows.node_caches import caches_of
from opsdecl.flows.trainings import fit_of
from opsdecl.render.types import Manifest

_CLAIM = "PersistentVolumeClaim"


def starting_runs(built: Built, diffs: Sequence[ReleaseDiff]) -> tuple[DocumentRuns, ...]:
    """By document, in the order of addresses, those too whose copies on nodes become others. The same run on several
    targets is started on each, and shown once."""
    created = {c.address: c for diff in diffs for c in diff.release.changes if c.action == "create"}
    documents = {address.partition("/")[0] for address in created if is_run(address)}
    wanted = {str(m.address): m for m in _manifests(built, documents)}
    begun = sorted((a for a in created if is_run(a)), key=lambda address: (_depth(address, wanted), address))
    found: dict[str, list[StartingRun]] = {}
    for address in begun:
        if address in wanted:
            run = _run(built, created[address], wanted[address])
            found.setdefault(address.partition("/")[0], []).append(run)
    caches = caches_of(built, diffs)
    return tuple(
        DocumentRuns(
            address=name,
            runs=tuple(found.get(name, ())),
            volume=_volume(name, created, wanted),
            fit=fit_of(built.trainings.get(SpecAddress.parse(name))),
            cache=caches.get(name),
        )
        for name in sorted({*found, *caches})
    )


def _depth(address: str, wanted: Mapping[str, Manifest]) -> int:
    """How many runs come before it."""
    before = wanted[address].depends_on if address in wanted else ()
    return max((1 + _depth(str(need), wanted) for need in before if is_run(need)), default=0)


def _manifests(built: Built, documents: set[str]) -> Iterator[Manifest]:
    return (m for m in built.manifests.manifests if str(m.address.spec) in documents)


def _run(built: Built, change: ObjectChange, manifest: Manifest) -> StartingRun:
    extent = _extent(manifest.data, change.effects.pods[1])
    gpus = change.effects.gpus[1]
    price = _price(built, manifest) if gpus else None
    taken = extent.gpu_hours(gpus)
    return StartingRun(
        address=change.address,
        name=_name(manifest.address),
        pods=extent.pods,
        trials=manifest.address.spec.kind == "Tuning",
        at_once=change.effects.pods[1],
        gpus=gpus,
        gpu=change.effects.gpu,
        hours=round(extent.hours, 2) if extent.hours is not None else None,
        cost=round(price * taken, 2) if price is not None and taken is not None else None,
        currency=currency_of(built.environment.effective["spec"]),
    )


class _Extent(NamedTuple):
    """How much there is to do at most: pods, so many at a time, hours of all, and of each where that is bounded."""

    pods: int
    at_once: int
    hours: float | None
    each: float | None = None

    def gpu_hours(self, gpus: int) -> float | None:
        """`gpus` are those of all pods that run at a time."""
        if self.each is not None and self.at_once:
            return gpus / self.at_once * self.pods * self.each
        return gpus * self.hours if self.hours is not None else None


def _extent(data: Mapping[str, Any], at_once: int) -> _Extent:
    spec = data["spec"]
    if data["kind"] == "Experiment":
        trials, each = spec["maxTrialCount"], spec["trialTemplate"]["trialSpec"]["spec"]["activeDeadlineSeconds"] / 3600
        return _Extent(trials, at_once, math.ceil(trials / at_once) * each, each)
    if data["kind"] == "JobSet":
        # The limit is that of one attempt: each begins with a new Job.
        each = spec["replicatedJobs"][0]["template"]["spec"]["activeDeadlineSeconds"] / 3600
        return _Extent(at_once, at_once, each * (spec["failurePolicy"]["maxRestarts"] + 1))
    seconds, pods = spec.get("activeDeadlineSeconds"), spec.get("completions", at_once)
    if data["kind"] == "RayJob" and seconds:
        # KubeRay begins to count anew with each attempt: a retry resets `status.startTime`.
        seconds *= spec.get("backoffLimit", 0) + 1
    hours = seconds / 3600 if seconds else None
    if hours is not None and _is_search(data):
        return _Extent(pods, at_once, hours, hours / math.ceil(pods / at_once))
    return _Extent(pods, at_once, hours)


def _is_search(data: Mapping[str, Any]) -> bool:
    """Its deadline is that of its rounds, one after the other."""
    return bool(data["metadata"]["labels"].get("opsdecl.dev/kind") == "Tuning")


def _name(address: Address) -> str:
    """The step, or what stands for the whole where there is only one."""
    return address.role.removeprefix("run-").rpartition("-")[0] or "run"


def _price(built: Built, manifest: Manifest) -> float | None:
    """Of one GPU for an hour."""
    document = built.graph.document(manifest.address.spec)
    accelerator = accelerator_of(document.effective) if document is not None else None
    if not accelerator:
        return None
    price = price_of(accelerator, built.environment.effective["spec"], built.project.catalog)
    return price.amount if price is not None else None


def _volume(document: str, created: Mapping[str, ObjectChange], wanted: Mapping[str, Manifest]) -> str:
    """The size of the volume that is made for the document's runs; empty where it is there already."""
    for address, change in created.items():
        own = address.partition("/")[0] == document and not address.startswith(f"{document}/cache/")
        if own and change.object.kind == _CLAIM and address in wanted:
            return str(wanted[address].data["spec"]["resources"]["requests"]["storage"])
    return ""
