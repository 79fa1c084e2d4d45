"""How the pods of a document are exchanged: what it says itself, else what the reserve of its own pool allows.

Works on effective values, so that no document is compiled again for it.
"""

from collections.abc import Mapping

from opsdecl.fleet.strategy import choose_way
from opsdecl.fleet.types import RECREATE, Pool, Way
from opsdecl.spec.types import Json

ONE_NODE_AT_A_TIME = ("ReadWriteOnce", "ReadWriteOncePod")

Spec = Mapping[str, Json]
"""The effective `spec` of a document or of an environment."""


def way_of(spec: Spec, pools: Mapping[str, Spec]) -> Way:
    """`pools` are those of the environment. A way that a person chose is taken as it is: it is checked apart."""
    rollout = spec.get("rollout", {})
    if rollout.get("strategy") == "recreate":
        return RECREATE
    if rollout.get("strategy") == "rolling":
        return _rolling(rollout)
    accelerator = spec.get("accelerator")
    gpus, nodes = accelerator["count"] if accelerator else 0, nodes_of(accelerator)
    highest = replicas_of(spec.get("replicas", {}))[1]
    alone = _holds_volume_alone(spec)
    return choose_way(_own_pool(accelerator, pools), gpus, highest, exclusive=alone, nodes=nodes)


def nodes_of(accelerator: Spec | None) -> int:
    """Nodes that a replica spans."""
    return int((accelerator or {}).get("nodes") or 1)


def gpus_of(accelerator: Spec | None) -> int:
    """GPUs of a replica, over all its nodes."""
    return int(accelerator["count"]) * nodes_of(accelerator) if accelerator else 0


def replicas_of(replicas: Mapping[str, Json]) -> tuple[int, int]:
    """Fewest and most replicas; one where nothing is said."""
    lowest = replicas.get("min", replicas.get("count", 1))
    return lowest, max(lowest, replicas.get("max", lowest))


def _own_pool(accelerator: Spec | None, pools: Mapping[str, Spec]) -> Pool | None:
    """The pool that is named, else the only one with the GPU."""
    if not accelerator:
        return None
    fitting = [name for name, pool in pools.items() if pool.get("gpu") == accelerator["gpu"]]
    name = accelerator.get("pool") or (fitting[0] if len(fitting) == 1 else None)
    pool = pools.get(name) if name else None
    return Pool(str(name), pool["nodes"], pool["gpusPerNode"], pool["reserve"]) if pool is not None else None


def _holds_volume_alone(spec: Spec) -> bool:
    """Whether a pod on another node could not mount the cache until the one before has let it go."""
    cache = spec.get("weights", {}).get("cache", {})
    return cache.get("type") == "pvc" and not cache.get("claim") and cache.get("accessMode") in ONE_NODE_AT_A_TIME


def _rolling(rollout: Spec) -> Way:
    surge, missing = rollout.get("maxSurge"), rollout.get("maxUnavailable")
    # Kubernetes refuses zero for both, so the one that is not given makes room where the other gives none.
    return Way(
        surge=surge if surge is not None else int(not missing),
        unavailable=missing if missing is not None else int(surge == 0),
    )
