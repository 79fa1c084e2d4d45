"""GPUs: how many a container takes, and on which nodes they are."""

from typing import Any

from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.scheduling import Scheduling, Toleration

DEFAULT_RESOURCE = "nvidia.com/gpu"
PRODUCT = "nvidia.com/gpu.product"
"""Label of GPU Feature Discovery."""


def gpu_limits(subject: Subject, accelerator: Accelerator | None) -> dict[str, Any]:
    if accelerator is None:
        return {}
    return {resource_name(subject, accelerator): traced(accelerator.count, "spec", "accelerator", "count")}


def resource_name(subject: Subject, accelerator: Accelerator) -> str:
    gpu = subject.gpu(accelerator)
    return accelerator.resource or (gpu.resource if gpu else DEFAULT_RESOURCE)


def node_selector(subject: Subject, accelerator: Accelerator | None, scheduling: Scheduling) -> dict[str, Any]:
    """The pool's labels, without one pool the product that the catalogue knows; what the document adds wins."""
    own = {key: traced(value, "spec", "scheduling", "nodeSelector", key) for key, value in _items(scheduling)}
    pool, gpu = subject.pool(accelerator), subject.gpu(accelerator)
    if pool is not None:
        return {key: traced(value, "spec", "accelerator", "pool") for key, value in pool.labels.items()} | own
    if gpu is not None and gpu.product_label:
        return {PRODUCT: traced(gpu.product_label, "spec", "accelerator", "gpu")} | own
    return own


def tolerations(subject: Subject, accelerator: Accelerator | None, scheduling: Scheduling) -> list[Any]:
    """The pool's, or the usual taint of GPU nodes where no pool is named; then the document's own, each once."""
    found: list[Any] = []
    seen: set[Toleration] = set()
    for toleration, path in (*_from_pool(subject, accelerator), *_own(scheduling)):
        if toleration not in seen:
            seen.add(toleration)
            found.append(Traced(_toleration(toleration), path))
    return found


def _from_pool(subject: Subject, accelerator: Accelerator | None) -> list[tuple[Toleration, tuple[str | int, ...]]]:
    if accelerator is None:
        return []
    pool = subject.pool(accelerator)
    if pool is not None:
        return [(toleration, ("spec", "accelerator", "pool")) for toleration in pool.tolerations]
    usual = Toleration(key=resource_name(subject, accelerator), operator="Exists", effect="NoSchedule")
    return [(usual, ("spec", "accelerator"))]


def _own(scheduling: Scheduling) -> list[tuple[Toleration, tuple[str | int, ...]]]:
    return [(item, ("spec", "scheduling", "tolerations", i)) for i, item in enumerate(scheduling.tolerations)]


def _items(scheduling: Scheduling) -> list[tuple[str, str]]:
    return list(scheduling.node_selector.items())


def _toleration(item: Toleration) -> dict[str, Any]:
    return {"key": item.key, "operator": item.operator, "value": item.value, "effect": item.effect}
