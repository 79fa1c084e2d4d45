"""How the pods of a document are exchanged: what it says itself, else what the reserve of its own pool allows.

Works on effective values, so that no document is compiled again for it.
"""

from collections.abc import Mapping
from itertools import pairwise

from opsdecl.fleet.strategy import choose_way, rounded, spare_replicas
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
    if rollout.get("strategy") == "canary":
        return _canary(spec, pools)
    gpus, nodes = accelerator["count"] if accelerator else 0, nodes_of(accelerator)
    highest = replicas_of(spec.get("replicas", {}))[1]
    alone = holds_volume_alone(spec)
    return choose_way(_own_pool(accelerator, pools), gpus, highest, exclusive=alone, nodes=nodes)


def canary_weights(rollout: Spec) -> tuple[int, ...]:
    """Shares in percent that the new version gets before it gets all requests."""
    steps = tuple(int(step["weight"]) for step in rollout.get("steps", ()))
    return steps or tuple(filter(None, (rollout.get("trafficPercent"),)))


def pods_of_canary(spec: Spec, pools: Mapping[str, Spec]) -> int:
    """Pods that may run beside the most replicas for as long as a canary takes; 0 for all other ways, which end with
    the rollout."""
    if spec.get("rollout", {}).get("strategy") != "canary":
        return 0
    return rounded(_canary(spec, pools), replicas_of(spec.get("replicas", {}))[1])[0]


def keeps_stable(spec: Spec, pools: Mapping[str, Spec]) -> bool:
    """Whether all pods of the version before run until a canary has all requests: as the document says, else where the
    reserve of its pool holds as many."""
    said = spec["rollout"].get("keepStable")
    accelerator = spec.get("accelerator")
    if said is not None or not accelerator:
        return bool(said if said is not None else True)
    pool, highest = _own_pool(accelerator, pools), replicas_of(spec.get("replicas", {}))[1]
    return pool is not None and spare_replicas(pool, accelerator["count"], nodes_of(accelerator)) >= highest


def _canary(spec: Spec, pools: Mapping[str, Spec]) -> Way:
    """Pods of the new version come by its share, and before requests move; those before go with their requests, or at
    the very end."""
    if keeps_stable(spec, pools):
        return Way(surge="100%")
    replicas, weights = replicas_of(spec.get("replicas", {}))[1], canary_weights(spec["rollout"])
    moves = pairwise((0, *weights, 100))
    above = (_part(replicas, after) + _part(replicas, 100 - before) - replicas for before, after in moves)
    return Way(surge=max(1, *above))


def _part(replicas: int, percent: int) -> int:
    return -(-replicas * percent // 100)


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


def holds_volume_alone(spec: Spec) -> bool:
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
