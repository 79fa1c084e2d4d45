"""GPUs that are free, node by node, while pods come and go."""

from collections.abc import Iterable, Sequence
from itertools import islice

from opsdecl.fleet.types import Pool

Place = tuple[str, int]
"""Pool, and number of the node in it."""

Places = tuple[Place, ...]
"""Of one replica, a node each."""

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

    def take_set(self, pools: Sequence[str], gpus: int, nodes: int) -> Places | None:
        """`gpus` on each of so many different nodes of one pool, all at once or none: the fullest that fit."""
        if nodes == 1 or gpus == 0:
            place = self.take(pools, gpus)
            return (place,) * nodes if place is not None else None
        found = [places for name in pools if len(places := self._fullest(name, gpus, nodes)) == nodes]
        best = min(found, key=lambda places: sum(self._free[place] for place in places), default=None)
        for place in best or ():
            self._move(place, -gpus)
        return best

    def take_beside(self, pools: Sequence[str], gpus: int, others: Places) -> Place | None:
        """One more node for a replica that has some already: of the same pool, and none of those."""
        names = [others[0][0]] if others else pools
        found = [place for name in names for place in self._fullest(name, gpus, len(others) + 1, without=others)]
        best = min(found, key=lambda place: self._free[place], default=None)
        if best is not None:
            self._move(best, -gpus)
        return best

    def give_back(self, place: Place, gpus: int) -> None:
        if gpus:
            self._move(place, gpus)

    def missing(self, pools: Sequence[str], gpus: int, nodes: int = 1) -> int:
        """GPUs that are not free on the best nodes of the best pool."""
        return min((gpus * nodes - self._usable(name, gpus, nodes) for name in pools), default=gpus * nodes)

    def _usable(self, name: str, gpus: int, nodes: int) -> int:
        """Free GPUs on the emptiest nodes, as far as a replica can use them."""
        rooms = self._by_room.get(name, [])
        emptiest = (min(free, gpus) for free in range(len(rooms) - 1, 0, -1) for _ in rooms[free])
        return sum(islice(emptiest, nodes))

    def _fullest(self, name: str, gpus: int, nodes: int, without: Places = ()) -> Places:
        """The fullest nodes with so many free GPUs, as many as are wanted or there are."""
        fitting = (place for room in self._by_room.get(name, ())[gpus:] for place in room if place not in without)
        return tuple(islice(fitting, nodes))

    def _move(self, place: Place, gpus: int) -> None:
        rooms, free = self._by_room[place[0]], self._free[place]
        del rooms[free][place]
        self._free[place] = free + gpus
        rooms[free + gpus][place] = None
