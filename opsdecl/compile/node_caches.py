"""Caches of datasets on the disks of nodes: who reads which, and what an environment has no place for."""

from collections.abc import Iterable, Iterator, Sequence

from opsdecl.addr import SpecAddress
from opsdecl.compile.lower.subject import pool_name
from opsdecl.compile.runs import runs
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related, SpecPath
from opsdecl.diag.codes import preparing as codes
from opsdecl.spec.kinds.dataset import DatasetSpec, NodeCache
from opsdecl.spec.kinds.dataset_source import OciData
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.environment import EnvironmentSpec, Pool

POOLS: SpecPath = ("spec", "capacity", "pools")
CACHE: SpecPath = ("spec", "cache")
_WITHOUT_WAITS = "kubeflow-trainer"
"""Makes pods without init containers, which would mount the copy before it is there."""


def pool_of_cache(cache: NodeCache | None, environment: EnvironmentSpec) -> Pool | None:
    """The pool whose nodes keep the copies; None where there is no cache, or no place for one."""
    pool = environment.capacity.pools.get(cache.pool) if cache is not None else None
    has_place = pool is not None and pool.disk is not None and pool.labels and environment.owns_cluster_scope
    return pool if has_place else None


def why_passed_by(kind: str, accelerator: Accelerator | None, cache: NodeCache, environment: EnvironmentSpec) -> str:
    """Why a run of this kind and with these GPUs does not read the copies; empty where it does."""
    pool = pool_name(accelerator, environment.capacity.pools)
    if kind == "Training" and environment.platform.training == _WITHOUT_WAITS:
        return f"platform.training is `{_WITHOUT_WAITS}`, whose pods would mount the copy before it is there"
    if accelerator is None:
        return "it has no accelerator, which would say on which nodes it runs"
    if pool is None:
        return "several pools have its GPU, and it names none"
    return f"it runs on pool `{pool}`" if pool != cache.pool else ""


def most_on_a_node(pool: str, datasets: Iterable[CompiledDocument]) -> int:
    """Bytes that all caches of a pool may take on one of its nodes."""
    caches = (document.model.spec.cache for document in datasets)
    return sum(cache.most_bytes for cache in caches if cache is not None and cache.pool == pool)


def node_caches(scene: Scene) -> Iterator[Diagnostic]:
    spec: EnvironmentSpec = scene.environment.model.spec
    cached = [d for d in runs(scene) if d.address.kind == "Dataset" and d.model.spec.cache is not None]
    for document in cached:
        for path, message, hint in _misplaced(scene, spec, document.model.spec):
            yield Diagnostic(
                codes.NO_PLACE_FOR_CACHE,
                message,
                at=scene.place(document.address, path),
                hint=hint,
                related=(Related("the pool", scene.in_environment((*POOLS, document.model.spec.cache.pool))),),
                subject=str(document.address),
            )
    for name, pool in spec.capacity.pools.items():
        yield from _too_large(scene, name, pool, [d for d in cached if d.model.spec.cache.pool == name])
    for document in runs(scene):
        yield from _passing_by(scene, spec, document)


def _misplaced(scene: Scene, spec: EnvironmentSpec, dataset: DatasetSpec) -> Iterator[tuple[SpecPath, str, str]]:
    """Field of the dataset, what is wrong, and what to do."""
    cache, name = dataset.cache, scene.environment.address.name
    assert cache is not None
    pool = spec.capacity.pools.get(cache.pool)
    if pool is None:
        return
    if pool.disk is None:
        hint = f"add `disk: {{path: …, size: …}}` to the pool `{cache.pool}` of the Environment"
        yield (*CACHE, "pool"), f"the nodes of pool `{cache.pool}` have no disk for caches", hint
    if not pool.labels:
        hint = f"add `labels` to the pool `{cache.pool}` of the Environment"
        yield (*CACHE, "pool"), f"nothing says which nodes are of pool `{cache.pool}`", hint
    if not spec.owns_cluster_scope:
        message = f"the volume of a cache lies outside namespaces, where environment `{name}` owns nothing"
        yield CACHE, message, "set `ownsClusterScope: true` of the Environment, or remove `cache`"
    yield from _uncopied(dataset, pool)


def _uncopied(dataset: DatasetSpec, pool: Pool) -> Iterator[tuple[SpecPath, str, str]]:
    """What the copies cannot come from, or need not."""
    volume, works = dataset.storage, dataset.prepare or dataset.source.type not in ("pvc", "oci")
    if isinstance(dataset.source, OciData) and not works:
        yield CACHE, "nodes keep the image that the data is in by themselves", "remove `cache`"
    alone = volume is not None and volume.claim is None and volume.access_mode != "ReadWriteMany"
    if works and alone and pool.nodes > 1:
        message = f"copies are made on {pool.nodes} nodes, of a volume that one node mounts at a time"
        yield ("spec", "storage", "accessMode"), message, "set `accessMode: ReadWriteMany`, or remove `cache`"


def _too_large(scene: Scene, name: str, pool: Pool, cached: Sequence[CompiledDocument]) -> Iterator[Diagnostic]:
    """All caches of one pool, against the disk that they share."""
    most = most_on_a_node(name, cached)
    if pool.disk is None or most <= pool.disk.size.bytes:
        return
    largest = max(cached, key=lambda document: document.model.spec.cache.most_bytes)
    others = [document.address for document in cached if document is not largest]
    yield Diagnostic(
        codes.CACHES_TOO_LARGE,
        f"caches may take {most / 2**30:,.0f} GiB on each node of pool `{name}`, whose disk has {pool.disk.size.text}",
        at=scene.place(largest.address, (*CACHE, "size")),
        hint="lower `size` or `keep`, or move a cache to another pool",
        related=(
            *(Related(f"{other} has a cache there too", scene.place(other, CACHE)) for other in others),
            Related("the disk", scene.in_environment((*POOLS, name, "disk"))),
        ),
        subject=str(largest.address),
    )


def _passing_by(scene: Scene, spec: EnvironmentSpec, document: CompiledDocument) -> Iterator[Diagnostic]:
    for path, name in _read(document):
        used = scene.documents.get(SpecAddress("Dataset", name))
        cache = used.model.spec.cache if used is not None else None
        if used is None or cache is None or pool_of_cache(cache, spec) is None:
            continue
        if why := why_passed_by(document.address.kind, getattr(document.model.spec, "accelerator", None), cache, spec):
            yield Diagnostic(
                codes.CACHE_PASSED_BY,
                f"{document.address} reads the volume of {used.address}, not its copies on pool `{cache.pool}`: {why}",
                at=scene.place(document.address, path),
                related=(Related("the cache", scene.place(used.address, CACHE)),),
                subject=str(document.address),
            )


def _read(document: CompiledDocument) -> Iterator[tuple[SpecPath, str]]:
    spec = document.effective["spec"]
    for index, name in enumerate(spec.get("datasets") or ()):
        yield ("spec", "datasets", index), name
    if "dataset" in spec:
        yield ("spec", "dataset"), spec["dataset"]
