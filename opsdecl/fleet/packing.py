"""Whether replicas fit on nodes, each on one node or on several different ones: yes, provably no, or not known."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

Size = tuple[int, int]
"""GPUs on each node of a replica, and how many different nodes of one pool it takes."""

Counts = tuple[int, ...]
"""How many replicas of each size are left, beside the sizes in falling order."""

STATES = 20_000
"""States that the exact search looks at before it gives up: some 50 ms."""


def holds_all(pools: Sequence[Sequence[int]], replicas: Mapping[Size, int]) -> bool | None:
    """Whether pools with so many free GPUs on each node hold so many replicas of each size. None: neither was proven.

    A replica over several nodes is first taken for as many small ones: what these cannot have, it cannot have either.
    What they can have is only as good for it where no two of them could share a node, and there is one pool.
    """
    wanted = {size: count for size, count in replicas.items() if size[0] > 0 and count > 0}
    pods: Counter[int] = Counter()
    for (gpus, nodes), count in wanted.items():
        pods[gpus] += count * nodes
    flat = [free for pool in pools for free in pool]
    answer = holds(flat, pods)
    spread = [size for size in wanted if size[1] > 1]
    if answer is False or not spread:
        return answer
    if any(all(sum(free >= gpus for free in pool) < nodes for pool in pools) for gpus, nodes in spread):
        return False
    if _place_sets(pools, wanted):
        return True
    return answer if len(pools) == 1 and all(2 * gpus > max(flat) for gpus, _ in spread) else None


def _place_sets(pools: Sequence[Sequence[int]], wanted: Mapping[Size, int]) -> bool:
    """The largest first, each on the fullest nodes that fit. A yes is a yes, a no may be wrong."""
    free = [list(pool) for pool in pools]
    for gpus, nodes in sorted(wanted, reverse=True):
        for _ in range(wanted[gpus, nodes]):
            fitting = [sorted((room, i) for i, room in enumerate(pool) if room >= gpus)[:nodes] for pool in free]
            possible = [(sum(room for room, _ in each), p) for p, each in enumerate(fitting) if len(each) == nodes]
            if not possible:
                return False
            chosen = min(possible)[1]
            for _, index in fitting[chosen]:
                free[chosen][index] -= gpus
    return True


def holds(nodes: Sequence[int], replicas: Mapping[int, int]) -> bool | None:
    """Whether nodes with so many free GPUs hold so many replicas of each size. None: neither was proven.

    First what is quick: a lower bound proves a no, placing the largest first on the fullest node a yes. First-fit is
    not optimal, so between the two every way to fill the nodes is tried, as far as `STATES` go.
    """
    wanted = {size: count for size, count in replicas.items() if size > 0 and count > 0}
    if not wanted:
        return True
    if _too_many(nodes, wanted):
        return False
    if place_largest_first(nodes, wanted):
        return True
    return _search(nodes, wanted)


def _too_many(nodes: Sequence[int], wanted: Mapping[int, int]) -> bool:
    """Whether a bound is broken: for each size, replicas at least as large against what a node can hold of them."""
    if sum(size * count for size, count in wanted.items()) > sum(nodes):
        return True
    for least in wanted:
        large = sum(count for size, count in wanted.items() if size >= least)
        if large > sum(free // least for free in nodes):
            return True
    return False


def place_largest_first(nodes: Sequence[int], wanted: Mapping[int, int]) -> bool:
    """Best fit in falling order of size. A yes is a yes, a no may be wrong."""
    free = list(nodes)
    for size in sorted(wanted, reverse=True):
        for _ in range(wanted[size]):
            fitting = [(room, index) for index, room in enumerate(free) if room >= size]
            if not fitting:
                return False
            free[min(fitting)[1]] -= size
    return True


def _search(nodes: Sequence[int], wanted: Mapping[int, int]) -> bool | None:
    """Fills node by node, the smallest first, with every filling that nothing can be added to."""
    sizes = tuple(sorted(wanted, reverse=True))
    rooms = sorted(nodes)
    left_behind = [sum(rooms[index:]) for index in range(len(rooms) + 1)]
    hopeless: set[tuple[int, Counts]] = set()
    stack: list[tuple[int, Counts]] = [(0, tuple(wanted[size] for size in sizes))]
    while stack:
        state = stack.pop()
        index, counts = state
        if not any(counts):
            return True
        needed = sum(size * count for size, count in zip(sizes, counts, strict=True))
        if state in hopeless or needed > left_behind[index]:
            continue
        if len(hopeless) >= STATES:
            return None
        hopeless.add(state)
        stack += [(index + 1, rest) for rest in fillings(sizes, counts, rooms[index])]
    return False


def fillings(sizes: Sequence[int], counts: Counts, room: int, position: int = 0) -> Iterator[Counts]:
    """What is left after each way to fill one node so full that nothing more of the smallest that is left goes in."""
    if position == len(sizes):
        if not any(count and size <= room for size, count in zip(sizes, counts, strict=True)):
            yield counts
        return
    for taken in range(min(counts[position], room // sizes[position]) + 1):
        rest = (*counts[:position], counts[position] - taken, *counts[position + 1 :])
        yield from fillings(sizes, rest, room - taken * sizes[position], position + 1)
