"""GPUs that are free, node by node, while pods come and go."""

from collections.abc import Iterable, Sequence

from opsdecl.fleet.types import Pool

Place = tuple[str, int]
"""Pool, and number of the node in it."""

NOWHERE: Place = ("", 0)
"""Where pods without GPUs are: nodes are not counted for them."""


class FreeGpus:
    """Nodes of pools, kept by how much is free on them, so that the fullest node that still fits is found at once."""

    def __init__(self, pools: Iterable[Pool]) -> None:
        self._free: dict[Place, int] = {}
        self._by_room: dict[str, list[dict[Place, None]]] = {}
        for pool in pools:
            rooms: list[dict[Place, None]] = [{} for _ in range(pool.per_node + 1)]
            rooms[pool.per_node] = {(pool.name, index): None for index in range(pool.nodes)}
            self._by_room[pool.name] = rooms
            self._free.update(dict.fromkeys(rooms[pool.per_node], pool.per_node))

    def take(self, pools: Sequence[str], gpus: int) -> Place | None:
        """`gpus` on one node of one of the pools: the one on which least is free, as a scheduler that packs does."""
        if gpus == 0:
            return NOWHERE
        best: Place | None = None
        for name in pools:
            for room in self._by_room.get(name, ())[gpus:]:
                if room:
                    place = next(iter(room))
                    if best is None or self._free[place] < self._free[best]:
                        best = place
                    break
        if best is not None:
            self._move(best, -gpus)
        return best

    def give_back(self, place: Place, gpus: int) -> None:
        if gpus:
            self._move(place, gpus)

    def most_on_one_node(self, pools: Sequence[str]) -> int:
        """The most GPUs that are free together."""
        found = 0
        for name in pools:
            rooms = self._by_room.get(name, [])
            found = max(found, next((free for free in range(len(rooms) - 1, 0, -1) if rooms[free]), 0))
        return found

    def _move(self, place: Place, gpus: int) -> None:
        rooms, free = self._by_room[place[0]], self._free[place]
        del rooms[free][place]
        self._free[place] = free + gpus
        rooms[free + gpus][place] = None
