"""A dataset on plain Kubernetes: a volume, and a chain of runs that fetch and prepare."""

from typing import Any

from msgspec.structs import replace

from opsdecl.addr import Address
from opsdecl.compile.lower.kuberay.run import Workers, ray_run
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.dataset_fetch import SOURCE_PATH, fetch_of, mounted
from opsdecl.compile.lower.native.dataset_keys import Chain, Stage
from opsdecl.compile.lower.native.guard import RUNS, guarded, waiting
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import Work, amounts, run_job
from opsdecl.compile.lower.native.variables import declared, literal
from opsdecl.compile.lower.native.volumes import scratch
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.spec.kinds.dataset import DatasetSpec, DataStorage, RayWorkers, Step
from opsdecl.spec.kinds.scalars import CpuQuantity, Duration, Quantity
from opsdecl.spec.kinds.serving import Resources

DATA = "/data"
RAY_WORKERS = "workers"
_FETCH = Resources(cpu=CpuQuantity.parse("1"), memory=Quantity.parse("2Gi"))
_FETCH_LIMIT = Duration.parse("24h")
_FETCH_RETRIES = 3


def preparation(subject: Subject, spec: DatasetSpec, chain: Chain) -> list[Resource]:
    """The volume and the runs that fetch and prepare. None where the data is mounted as it is."""
    made: list[Resource | None] = [_claim(subject, spec.storage)]
    made += [_fetch(subject, spec, chain.fetch)] if chain.fetch is not None else []
    before = chain.fetch
    for index, (step, stage) in enumerate(zip(spec.prepare, chain.steps, strict=True)):
        made.append(_step(subject, spec, index, step, stage, before))
        before = stage
    return [resource for resource in made if resource is not None]


def claim_name(base: str, storage: DataStorage) -> str:
    """Of the volume with fetched and prepared data."""
    return storage.claim or object_name(base, "data")


def marker(stage: Stage, root: str = DATA) -> str:
    return f"{root}/{RUNS}/{stage.folder}"


def _claim(subject: Subject, storage: DataStorage | None) -> Resource | None:
    if storage is None or storage.claim is not None:
        return None
    path = ("spec", "storage")
    spec = {
        "accessModes": [traced(storage.access_mode, *path, "accessMode")],
        "storageClassName": traced(storage.storage_class, *path, "storageClass"),
        "resources": {"requests": {"storage": traced(storage.size.text if storage.size else None, *path, "size")}},
    }
    name = claim_name(subject.base, storage)
    return make_resource(subject, "data", "v1", "PersistentVolumeClaim", {"spec": spec}, name=name, protect=True)


def mounted_volume(subject: Subject, storage: DataStorage | None) -> PodParts:
    """The whole volume at `DATA`."""
    if storage is None:
        return PodParts()
    name = claim_name(subject.base, storage)
    claim = {"claimName": traced(name, "spec", "storage", "claim") if storage.claim else name}
    needs = () if storage.claim else (subject.address("data"),)
    volume = {"name": "data", "persistentVolumeClaim": claim}
    return PodParts(volumes=(volume,), mounts=({"name": "data", "mountPath": DATA},), depends_on=needs)


def _fetch(subject: Subject, spec: DatasetSpec, stage: Stage) -> Resource | None:
    fetch = fetch_of(subject, spec.source, f"{DATA}/{stage.folder}")
    if fetch is None:
        return None
    work = Work(
        key=stage.key,
        step=stage.name,
        image=fetch.image,
        command=guarded(marker(stage), fetch.command),
        parts=join((mounted_volume(subject, spec.storage), scratch(), fetch.parts)),
        env_from=fetch.env_from,
        resources=amounts(_FETCH, ("spec", "source")),
        time_limit=_FETCH_LIMIT,
        retries=_FETCH_RETRIES,
        path=("spec", "source"),
    )
    return run_job(subject, spec, work)


def _step(subject: Subject, spec: DatasetSpec, index: int, step: Step, stage: Stage, before: Stage | None) -> Resource:
    path = ("spec", "prepare", index)
    image = Traced(subject.image(step.image), (*path, "image"))
    told = {
        "DATA_INPUT": literal(input_folder(before)),
        "DATA_OUTPUT": literal(f"{DATA}/{stage.folder}"),
        "SHARDS": literal(str(step.shards)),
        "SHARD": _shard(step.shards),
    }
    command = [Traced(text, (*path, "command", at)) for at, text in enumerate(step.command)]
    command += [Traced(text, (*path, "args", at)) for at, text in enumerate(step.args)]
    own = PodParts(env={**declared(step.env, (*path, "env")), **told})
    work = Work(
        key=stage.key,
        step=stage.name,
        image=image,
        command=guarded(marker(stage), command),
        parts=join((inputs(subject, spec, before, image), scratch(), own)),
        resources=amounts(step.resources, (*path, "resources")),
        time_limit=step.time_limit,
        retries=step.retries,
        path=path,
        pods=step.shards,
        parallel=step.parallel,
        depends_on=after(subject, before),
    )
    if step.ray is None:
        return run_job(subject, spec, work)
    return ray_run(subject, spec, work, _ray_workers(step.ray, work))


def _ray_workers(ray: RayWorkers, head: Work) -> Workers:
    path = (*head.path, "ray")
    own = amounts(ray.resources, (*path, "resources")) if ray.resources is not None else head.resources
    return Workers(RAY_WORKERS, Traced(ray.workers, (*path, "workers")), replace(head, resources=own))


def _shard(shards: int) -> dict[str, Any]:
    if shards == 1:
        return literal("0")
    index = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    return {"valueFrom": {"fieldRef": {"fieldPath": index}}}


def input_folder(before: Stage | None) -> str:
    return f"{DATA}/{before.folder}" if before is not None else SOURCE_PATH


def after(subject: Subject, before: Stage | None) -> tuple[Address, ...]:
    return (subject.address(f"run-{before.name}-{before.key}"),) if before is not None else ()


def inputs(subject: Subject, spec: DatasetSpec, before: Stage | None, image: Any) -> PodParts:
    """The volume, the source where it is mounted as it is, and a wait for the run before."""
    parts = [mounted_volume(subject, spec.storage), mounted(subject, spec.source)]
    if before is not None:
        parts.append(PodParts(init_containers=(wait_for("data", DATA, before, image),)))
    return join(parts)


def wait_for(volume: str, root: str, stage: Stage, image: Any, name: str = "wait") -> dict[str, Any]:
    """An init container that ends once a run is done. It reads the whole volume, where the markers are."""
    from opsdecl.compile.lower.native.security import container_security

    return {
        "name": name,
        "image": image,
        "command": waiting(marker(stage, root), stage.shards),
        "volumeMounts": [{"name": volume, "mountPath": root, "readOnly": True}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": container_security(read_only_root=True),
    }
