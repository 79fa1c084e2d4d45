"""How the pods of a document are exchanged: what it says itself, else what the reserve of its own pool allows."""

from opsdecl.fleet.strategy import choose_way
from opsdecl.fleet.types import RECREATE, Pool, Way
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.environment import Capacity
from opsdecl.spec.kinds.scalars import Percentage
from opsdecl.spec.kinds.serving import Rollout
from opsdecl.spec.kinds.weights import PvcCache

ONE_NODE_AT_A_TIME = ("ReadWriteOnce", "ReadWriteOncePod")


def way_of(spec: ServedSpec, accelerator: Accelerator | None, capacity: Capacity) -> Way:
    """A way that was chosen by a person is taken as it is: whether it finishes is checked apart."""
    if spec.rollout.strategy == "recreate":
        return RECREATE
    if spec.rollout.strategy == "rolling":
        return _rolling(spec.rollout)
    gpus = accelerator.count if accelerator is not None else 0
    return choose_way(own_pool(accelerator, capacity), gpus, spec.replicas.highest, exclusive=holds_volume_alone(spec))


def own_pool(accelerator: Accelerator | None, capacity: Capacity) -> Pool | None:
    """The pool that is named, else the only one with the GPU."""
    name = own_pool_name(accelerator, capacity)
    pool = capacity.pools.get(name) if name else None
    return Pool(name or "", pool.nodes, pool.gpus_per_node, pool.reserve) if pool is not None else None


def own_pool_name(accelerator: Accelerator | None, capacity: Capacity) -> str | None:
    if accelerator is None or accelerator.pool:
        return accelerator.pool if accelerator else None
    fitting = [name for name, pool in capacity.pools.items() if pool.gpu == accelerator.gpu]
    return fitting[0] if len(fitting) == 1 else None


def holds_volume_alone(spec: ServedSpec) -> bool:
    """Whether a pod on another node could not mount the cache until the one before has let it go."""
    cache = getattr(getattr(spec, "weights", None), "cache", None)
    return isinstance(cache, PvcCache) and cache.claim is None and cache.access_mode in ONE_NODE_AT_A_TIME


def count_or_percent(value: int | Percentage) -> int | str:
    return value.text if isinstance(value, Percentage) else value


def _rolling(rollout: Rollout) -> Way:
    surge, missing = rollout.max_surge, rollout.max_unavailable
    # Kubernetes refuses zero for both, so the one that is not given makes room where the other gives none.
    return Way(
        surge=count_or_percent(surge) if surge is not None else int(not missing),
        unavailable=count_or_percent(missing) if missing is not None else int(surge == 0),
    )
