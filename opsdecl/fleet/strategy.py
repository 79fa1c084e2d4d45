"""How a Deployment exchanges its pods, so that the rollout finishes and as many as possible serve meanwhile.

The choice looks at the model's own document and at the declared reserve of its own pool, and at nothing else: a
neighbour that grows must not rewrite another model's Deployment. What happens together is `fleet.rollout`'s.
"""

import math
from fractions import Fraction

from opsdecl.fleet.types import RECREATE, Pool, Way

ONE_MORE = Way(surge=1, unavailable=0)
ONE_LESS = Way(surge=0, unavailable=1)


def fenceposts(way: Way, wanted: int) -> tuple[int, int]:
    """Most pods above and most pods below the wanted number, as the Deployment controller works them out.

    A percentage of surge is rounded up, one of unavailable pods down; where both come out as 0, one pod may be missing
    (`ResolveFenceposts` of Kubernetes). Recreate takes all of them away.
    """
    if way.recreate:
        return 0, wanted
    above, below = rounded(way, wanted)
    if above == below == 0:
        below = 1
    return above, min(below, wanted)


def rounded(way: Way, wanted: int) -> tuple[int, int]:
    """Bounds in replicas: what may come on top rounded up, what may be missing rounded down."""
    return math.ceil(share(way.surge, wanted)), math.floor(share(way.unavailable, wanted))


def share(bound: int | str, wanted: int) -> Fraction:
    """A bound as pods, not rounded yet."""
    if isinstance(bound, int):
        return Fraction(bound)
    return Fraction(bound.removesuffix("%")) * wanted / 100


def lowest_serving(way: Way, wanted: int) -> int:
    """Replicas that still serve at the worst moment of a rollout that finishes."""
    return max(0, wanted - fenceposts(way, wanted)[1])


def spare_replicas(pool: Pool, gpus: int, nodes: int = 1) -> int:
    """Replicas of `gpus` on each of `nodes` nodes that the reserve holds, where it lies on as few nodes as possible."""
    if gpus == 0 or pool.per_node == 0:
        return 0
    whole, rest = divmod(pool.reserve, pool.per_node)
    slots = [pool.per_node // gpus] * whole + [rest // gpus]
    # `count` replicas find room if their pods do and no node has two pods of one replica.
    possible = range(sum(slots) // nodes, 0, -1)
    return next((count for count in possible if sum(min(slot, count) for slot in slots) >= count * nodes), 0)


def choose_way(pool: Pool | None, gpus: int, highest: int, *, exclusive: bool = False, nodes: int = 1) -> Way:
    """For a model whose document leaves it open; `gpus` are those on each of its `nodes` nodes.

    `pool` is None where no single pool has the GPUs; `exclusive` says that two pods cannot hold the volume at a time.
    One pod more, where the reserve of the pool holds one: nothing is lost, and neighbours that share the reserve are
    left as much of it as can be. Else one pod less, whose GPUs the next one takes: that finishes in any pool.
    Recreate is never better than that, but for a volume that the old pod must let go first.
    """
    if exclusive and highest <= 1:
        return RECREATE
    if gpus == 0 or (pool is not None and spare_replicas(pool, gpus, nodes) >= 1):
        return ONE_MORE
    return ONE_LESS
