"""All rollouts of a change at once, on the nodes that there are: an event after the other, as the controllers do it.

Time is counted in seconds from the moment at which all of them are applied. Pods that leave hold their GPUs until they
are drained; pods that wait are placed in the order in which they were made, on the fullest node that fits.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct

from opsdecl.fleet.nodes import FreeGpus, Place
from opsdecl.fleet.strategy import fenceposts
from opsdecl.fleet.types import Course, Pods, Pool, Rollout

Pace = Literal["quickest", "slowest"]


@dataclass(slots=True)
class _Run:
    """One rollout under way. `old` are the places of pods of the version before that serve."""

    rollout: Rollout
    above: int
    below: int
    old: list[Place] = field(default_factory=list)
    leaving: int = 0
    pending: int = 0
    starting: int = 0
    serving: int = 0
    begun: bool = False
    lowest: int = 0
    ended: float | None = None
    waited: float = 0.0

    @property
    def made(self) -> int:
        return self.pending + self.starting + self.serving

    @property
    def is_done(self) -> bool:
        wanted = self.rollout.after.replicas
        return self.serving == wanted and not self.leaving and not self.old and not self.pending


class _Waiting(Struct, frozen=True):
    """A pod without a place; `number` counts pods in the order in which they were made."""

    number: int
    made_at: float
    run: _Run


Step = Callable[[], None]


def simulate(
    pools: Sequence[Pool],
    steady: Iterable[Pods],
    rollouts: Sequence[Rollout],
    *,
    pace: Pace = "slowest",
    one_by_one: bool = False,
) -> tuple[Course, ...]:
    """How each of the rollouts goes, in their order. `steady` are pods that stay as they are.

    `rollouts` begin at once, and queue for GPUs in their order; `one_by_one` begins each when the one before is done.
    """
    return _Simulation(pools, steady, rollouts, pace).run(one_by_one=one_by_one)


class _Simulation:
    def __init__(self, pools: Sequence[Pool], steady: Iterable[Pods], rollouts: Sequence[Rollout], pace: Pace) -> None:
        self.free = FreeGpus(pools)
        self.pace = 0 if pace == "quickest" else 1
        self.now = 0.0
        self.number = 0
        self.events: list[tuple[float, int, _Run, Step]] = []
        self.queues: dict[tuple[tuple[str, ...], int], deque[_Waiting]] = {}
        self.runs = [_Run(r, *fenceposts(r.way, r.after.replicas)) for r in rollouts]
        self._place_what_runs(list(steady))

    def _place_what_runs(self, steady: Sequence[Pods]) -> None:
        """The largest first. Where the plan is made nobody knows the nodes of the pods, so they are taken as packed."""
        there: list[tuple[Pods, _Run | None]] = [(pods, None) for pods in steady]
        there += [(run.rollout.before, run) for run in self.runs]
        for pods, run in sorted(there, key=lambda pair: -pair[0].gpus):
            for _ in range(pods.replicas):
                place = self.free.take(pods.pools, pods.gpus)
                if run is not None and place is not None:
                    run.old.append(place)

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
            for place in run.old[run.serving :]:
                self._let_go(run, place)
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
        for _ in range(count):
            run.pending += 1
            self.number += 1
            waiting = _Waiting(self.number, self.now, run)
            self.queues.setdefault((pods.pools, pods.gpus), deque()).append(waiting)

    def _retire(self, run: _Run, count: int) -> None:
        for _ in range(count):
            self._let_go(run, run.old.pop())

    def _let_go(self, run: _Run, place: Place) -> None:
        run.leaving += 1

        def gone() -> None:
            run.leaving -= 1
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
        """The oldest pods first. Pods that want the same share a queue: where one finds no place, none of them does."""
        stuck: set[tuple[tuple[str, ...], int]] = set()
        while heads := [(queue[0].number, key) for key, queue in self.queues.items() if queue and key not in stuck]:
            _, key = min(heads)
            place = self.free.take(*key)
            if place is None:
                stuck.add(key)
            else:
                self._start(self.queues[key].popleft())

    def _start(self, waiting: _Waiting) -> None:
        run = waiting.run
        run.pending, run.starting = run.pending - 1, run.starting + 1
        run.waited = max(run.waited, self.now - waiting.made_at)

        def serves() -> None:
            run.starting, run.serving = run.starting - 1, run.serving + 1

        self._at(self.now + run.rollout.load[self.pace], run, serves)

    def _course(self, run: _Run) -> Course:
        wanted = run.rollout.after
        missing = 0
        if run.ended is None and run.begun:
            missing = max(0, wanted.gpus - self.free.most_on_one_node(wanted.pools))
        return Course(run.rollout.name, run.lowest if run.begun else len(run.old), run.ended, run.waited, missing)
