"""All rollouts of a change at once, on the nodes that there are: an event after the other, as the controllers do it.

Time is counted in seconds from the moment at which all of them are applied. Replicas that leave hold their GPUs until
they are drained; those that wait are placed in the order in which they were made, on the fullest nodes that fit. One
that spans several nodes takes them all at once, unless its pods are placed `piecemeal`: then each holds what it has
while the others wait, as under a scheduler that knows nothing of groups.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from opsdecl.fleet.nodes import FreeGpus, Places
from opsdecl.fleet.strategy import fenceposts
from opsdecl.fleet.types import Course, Pods, Pool, Rollout

Pace = Literal["quickest", "slowest"]


@dataclass(slots=True)
class _Run:
    """One rollout under way. `old` are the places of replicas of the version before that serve."""

    rollout: Rollout
    above: int
    below: int
    old: list[Places] = field(default_factory=list)
    leaving: int = 0
    pending: int = 0
    starting: int = 0
    serving: int = 0
    begun: bool = False
    lowest: int = 0
    ended: float | None = None
    waited: float = 0.0
    placed: float | None = None
    left: float | None = None

    @property
    def made(self) -> int:
        return self.pending + self.starting + self.serving

    @property
    def is_done(self) -> bool:
        wanted = self.rollout.after.replicas
        return self.serving == wanted and not self.leaving and not self.old and not self.pending


@dataclass(slots=True)
class _Replica:
    """One that is made; `places` are the nodes that it has."""

    made_at: float
    run: _Run
    places: Places = ()


class _Waiting(Struct, frozen=True):
    """A replica, or a pod of one, without a place; `number` puts them in the order in which they were made. Of pods
    that are placed one by one, the first ones of all replicas come before the others."""

    number: tuple[float, int, int]
    replica: _Replica


Step = Callable[[], None]
Key = tuple[tuple[str, ...], int, int, int]
"""Pools, GPUs, nodes, and the replica's own number where its pods are placed one by one: what waits for the same."""


def simulate(
    pools: Sequence[Pool],
    steady: Iterable[Pods],
    rollouts: Sequence[Rollout],
    *,
    pace: Pace = "slowest",
    one_by_one: bool = False,
    piecemeal: bool = False,
) -> tuple[Course, ...]:
    """How each of the rollouts goes, in their order. `steady` are pods that stay as they are.

    `rollouts` begin at once, and queue for GPUs in their order; `one_by_one` begins each when the one before is done.
    """
    simulation = _Simulation(pools, steady, rollouts, pace, piecemeal=piecemeal)
    return simulation.run(one_by_one=one_by_one)


class _Simulation:
    def __init__(
        self,
        pools: Sequence[Pool],
        steady: Iterable[Pods],
        rollouts: Sequence[Rollout],
        pace: Pace,
        *,
        piecemeal: bool = False,
    ) -> None:
        self.free = FreeGpus(pools)
        self.piecemeal = piecemeal
        self.pace = 0 if pace == "quickest" else 1
        self.now = 0.0
        self.number = 0
        self.events: list[tuple[float, int, _Run, Step]] = []
        self.queues: dict[Key, deque[_Waiting]] = {}
        self.runs = [_Run(r, *fenceposts(r.way, r.after.replicas)) for r in rollouts]
        self._place_what_runs(list(steady))

    def _place_what_runs(self, steady: Sequence[Pods]) -> None:
        """The largest first. Where the plan is made nobody knows the nodes of the pods, so they are taken as packed."""
        there: list[tuple[Pods, _Run | None]] = [(pods, None) for pods in steady]
        there += [(run.rollout.before, run) for run in self.runs]
        for pods, run in sorted(there, key=lambda pair: (-pair[0].gpus, -pair[0].nodes)):
            for _ in range(pods.replicas):
                places = self.free.take_set(pods.pools, pods.gpus, pods.nodes)
                if run is not None and places is not None:
                    run.old.append(places)

    def run(self, *, one_by_one: bool) -> tuple[Course, ...]:
        queue = deque(self.runs)
        while queue:
            batch = [queue.popleft()] if one_by_one else list(queue)
            if not one_by_one:
                queue.clear()
            for run in batch:
                self._begin(run)
            self._schedule()
            self._work_off_events()
            if any(run.ended is None for run in batch):
                break
        return tuple(self._course(run) for run in self.runs)

    def _begin(self, run: _Run) -> None:
        run.begun, run.lowest = True, len(run.old)
        if not run.rollout.restarts:
            run.serving, kept = min(len(run.old), run.rollout.after.replicas), len(run.old)
            for places in run.old[run.serving :]:
                self._let_go(run, places)
            run.old.clear()
            run.lowest = min(kept, run.serving)
        self._control(run)

    def _control(self, run: _Run) -> None:
        """One look of the Deployment controller, until it changes nothing more."""
        wanted = run.rollout.after.replicas
        if run.rollout.way.recreate and run.rollout.restarts:
            self._retire(run, len(run.old))
            if not run.leaving:
                self._make(run, wanted - run.made)
        else:
            busy = True
            while busy:
                new = min(wanted + run.above - len(run.old) - run.made, wanted - run.made)
                gone = min(len(run.old), len(run.old) + run.serving - (wanted - run.below))
                busy = new > 0 or gone > 0
                self._make(run, new)
                self._retire(run, gone)
        run.lowest = min(run.lowest, len(run.old) + run.serving)
        if run.ended is None and run.is_done:
            run.ended = self.now

    def _make(self, run: _Run, count: int) -> None:
        pods = run.rollout.after
        made = [_Replica(self.now, run) for _ in range(count)]
        run.pending += len(made)
        first = self.number + 1
        for member in range(pods.nodes if self.piecemeal else 1):
            for index, replica in enumerate(made):
                self.number += 1
                own = first + index if self.piecemeal and pods.nodes > 1 else 0
                key = (pods.pools, pods.gpus, 1 if own else pods.nodes, own)
                self.queues.setdefault(key, deque()).append(_Waiting((self.now, member, self.number), replica))

    def _retire(self, run: _Run, count: int) -> None:
        for _ in range(count):
            self._let_go(run, run.old.pop())

    def _let_go(self, run: _Run, places: Places) -> None:
        run.leaving += 1
        run.left = self.now if run.left is None else run.left

        def gone() -> None:
            run.leaving -= 1
            for place in places:
                self.free.give_back(place, run.rollout.before.gpus)

        self._at(self.now + run.rollout.drain[self.pace], run, gone)

    def _at(self, when: float, run: _Run, step: Step) -> None:
        self.number += 1
        heapq.heappush(self.events, (when, self.number, run, step))

    def _work_off_events(self) -> None:
        while self.events:
            self.now = self.events[0][0]
            while self.events and self.events[0][0] == self.now:
                _, _, run, step = heapq.heappop(self.events)
                step()
                self._control(run)
            self._schedule()

    def _schedule(self) -> None:
        """The oldest first. Those that want the same share a queue: where one finds no place, none of them does."""
        stuck: set[Key] = set()
        while heads := [(queue[0].number, key) for key, queue in self.queues.items() if queue and key not in stuck]:
            _, key = min(heads)
            replica = self.queues[key][0].replica
            places = self._places(key, replica)
            if places is None:
                stuck.add(key)
                continue
            self.queues[key].popleft()
            replica.places += places
            if len(replica.places) == replica.run.rollout.after.nodes:
                self._start(replica)

    def _places(self, key: Key, replica: _Replica) -> Places | None:
        pools, gpus, nodes, alone = key
        if not alone:
            return self.free.take_set(pools, gpus, nodes)
        place = self.free.take_beside(pools, gpus, replica.places)
        return (place,) if place is not None else None

    def _start(self, replica: _Replica) -> None:
        run = replica.run
        run.pending, run.starting = run.pending - 1, run.starting + 1
        run.waited = max(run.waited, self.now - replica.made_at)
        run.placed = self.now if run.placed is None else run.placed

        def serves() -> None:
            run.starting, run.serving = run.starting - 1, run.serving + 1

        self._at(self.now + run.rollout.load[self.pace], run, serves)

    def _course(self, run: _Run) -> Course:
        wanted = run.rollout.after
        missing = 0
        if run.ended is None and run.begun:
            missing = self.free.missing(wanted.pools, wanted.gpus, wanted.nodes)
        began = run.left if run.placed is None else run.placed
        lowest = run.lowest if run.begun else len(run.old)
        return Course(run.rollout.name, lowest, run.ended, run.waited, missing, wanted.nodes, began)
