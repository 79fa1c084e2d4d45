"""Queues that an environment owns: what Kueue must be told of each quota, and that work names queues that are there."""

from collections.abc import Iterator, Mapping

from opsdecl.compile.scene import Scene
from opsdecl.diag import Diagnostic, Related, SpecPath
from opsdecl.diag.codes import spec as spec_codes
from opsdecl.diag.codes import work as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.environment import EnvironmentSpec, Quota
from opsdecl.spec.types import Json

QUOTAS: SpecPath = ("spec", "capacity", "quotas")


def owns_queues(spec: EnvironmentSpec) -> bool:
    return spec.platform.queueing == "kueue" and spec.owns_cluster_scope and bool(spec.capacity.quotas)


def gpus_by_pool(spec: EnvironmentSpec, quota: Quota) -> tuple[str, ...]:
    """Pools whose GPUs the quota counts: those that it names, else the one that has any."""
    with_gpus = [name for name, pool in spec.capacity.pools.items() if pool.gpu]
    return tuple(name for name in with_gpus if name in quota.pools or not quota.pools)


def owned_queues(scene: Scene) -> Iterator[Diagnostic]:
    spec: EnvironmentSpec = scene.environment.model.spec
    if owns_queues(spec):
        for namespace, quota in spec.capacity.quotas.items():
            yield from _not_said(scene, spec, namespace, quota)
        yield from _unknown(scene, spec)
    else:
        yield from _of_queues_alone(scene, spec)


def _of_queues_alone(scene: Scene, spec: EnvironmentSpec) -> Iterator[Diagnostic]:
    """Fields of quotas that are about queues, where the environment makes none. Inherited ones may be there for
    others."""
    queueing, own = spec.platform.queueing, scene.environment.layers[-1]
    reason = "ownsClusterScope is false" if queueing == "kueue" else f"platform.queueing is `{queueing}`"
    written = ((own.value.get("spec") or {}).get("capacity") or {}).get("quotas") or {}
    for namespace, quota in written.items():
        for name in ("pools", "queue"):
            if name in (quota or {}):
                field = f"capacity.quotas.{namespace}.{name}"
                yield Diagnostic(
                    spec_codes.NO_EFFECT,
                    f"`{field}` has no effect here: {reason}, so the environment makes no queues",
                    at=own.place((*QUOTAS, namespace, name), key=True),
                    hint="set platform.queueing to kueue and ownsClusterScope to true, or remove the field",
                    subject=str(scene.environment.address),
                )


def _not_said(scene: Scene, spec: EnvironmentSpec, namespace: str, quota: Quota) -> Iterator[Diagnostic]:
    """What is not counted is never let in, and GPUs are counted pool by pool."""
    for name in ("cpu", "memory"):
        if getattr(quota, name) is None:
            message = f"Kueue lets nothing in whose {name} it does not count, and the quota of `{namespace}` has none"
            yield _quota(scene, (namespace,), message, f"add `{name}: …`")
    with_gpus = [name for name, pool in spec.capacity.pools.items() if pool.gpu]
    for name in quota.pools:
        if name not in with_gpus:
            message = f"the environment has no pool `{name}` with GPUs"
            hint = did_you_mean(name, with_gpus) or f"use one of: {', '.join(with_gpus)}"
            yield _quota(scene, (namespace, "pools", name), message, hint)
    total = sum(quota.pools.values())
    if quota.pools and quota.gpus is not None and total != quota.gpus:
        message = f"the pools have {total} GPUs together, and the quota of `{namespace}` is {quota.gpus}"
        yield _quota(scene, (namespace, "gpus"), message, f"set `gpus: {total}`")
    if quota.gpus and not quota.pools and len(with_gpus) > 1:
        message = f"Kueue counts GPUs of each pool, and {quota.gpus} of `{namespace}` may be of any of {len(with_gpus)}"
        yield _quota(scene, (namespace, "gpus"), message, f"add `pools: {{{with_gpus[0]}: {quota.gpus}}}`")


def _quota(scene: Scene, path: SpecPath, message: str, hint: str) -> Diagnostic:
    at, subject = scene.in_environment((*QUOTAS, *path)), str(scene.environment.address)
    return Diagnostic(codes.QUOTA_NOT_COUNTED, message, at=at, hint=hint, subject=subject)


def _unknown(scene: Scene, spec: EnvironmentSpec) -> Iterator[Diagnostic]:
    for document in scene.served():
        queue, namespace = _queue_of(document.effective), document.effective["metadata"]["namespace"]
        quota = spec.capacity.quotas.get(namespace)
        known = [quota.queue] if quota is not None else []
        if queue is not None and queue not in known:
            yield Diagnostic(
                codes.UNKNOWN_QUEUE,
                f"the environment has no queue `{queue}` in namespace `{namespace}`",
                at=scene.place(document.address, ("spec", "queue")),
                hint=f"use `{known[0]}`" if known else f"give the namespace a quota: `quotas: {{{namespace}: …}}`",
                related=(Related("the quotas", scene.in_environment(QUOTAS)),),
                subject=str(document.address),
            )


def _queue_of(effective: Mapping[str, Json]) -> str | None:
    found = effective["spec"].get("queue")
    return found if isinstance(found, str) else None
