"""Whether the rollouts of a change finish together: the order of events is tried, what cannot be is proven."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.fleet.rollout import simulate
from opsdecl.fleet.strategy import ONE_LESS, fenceposts
from opsdecl.fleet.types import RECREATE, Course, Pods, Pool, Rollout

Outcome = Literal["finishes", "may-stop", "stops", "cannot-finish"]
"""`may-stop`: some orders of events finish. `stops`: none that was tried. `cannot-finish`: none, by count of GPUs."""

Remedy = Literal["", "one-at-a-time", "stop-one-first", "one-node-more", "recreate"]

TRIED_PODS = 2_000
"""Pods of a group beyond which only the order of names is simulated: more orders would cost more than they tell."""


class Foreseen(Struct, frozen=True):
    """The rollouts that share pools, and how they go at the slowest and at the quickest.

    `remedy` was simulated and finishes; `order` is the one in which rollouts go for `one-at-a-time`.
    """

    pools: tuple[str, ...]
    outcome: Outcome
    slowest: tuple[Course, ...]
    quickest: tuple[Course, ...]
    remedy: Remedy = ""
    order: tuple[str, ...] = ()

    @property
    def stopped(self) -> tuple[Course, ...]:
        return tuple(course for course in self.slowest if course.ended is None)


class _Group(Struct, frozen=True):
    """Everything that competes for the same nodes."""

    pools: tuple[Pool, ...]
    steady: tuple[Pods, ...]
    rollouts: tuple[Rollout, ...]


def foresee(pools: Sequence[Pool], steady: Iterable[Pods], rollouts: Sequence[Rollout]) -> tuple[Foreseen, ...]:
    """One answer for each group of pools that the rollouts share; rollouts without GPUs are a group of their own."""
    return tuple(_foresee(group) for group in _groups(pools, tuple(steady), rollouts))


def _groups(pools: Sequence[Pool], steady: tuple[Pods, ...], rollouts: Sequence[Rollout]) -> Iterator[_Group]:
    leader = {pool.name: pool.name for pool in pools}

    def lead(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for pods in (*steady, *(side for r in rollouts for side in (r.before, r.after)), *_both_sides(rollouts)):
        for other in pods.pools[1:]:
            leader[lead(other)] = lead(pods.pools[0])
    parts: dict[str, list[Rollout]] = {}
    for rollout in rollouts:
        names = rollout.after.pools or rollout.before.pools
        parts.setdefault(lead(names[0]) if names else "", []).append(rollout)
    beside: dict[str, list[Pods]] = {}
    for pods in steady:
        if pods.pools:
            beside.setdefault(lead(pods.pools[0]), []).append(pods)
    for name, members in parts.items():
        inside = tuple(pool for pool in pools if name and lead(pool.name) == name)
        yield _Group(inside, tuple(beside.get(name, ())), tuple(members))


def _both_sides(rollouts: Sequence[Rollout]) -> Iterator[Pods]:
    """A move from one pool to another ties the two together."""
    for rollout in rollouts:
        yield Pods((*rollout.before.pools, *rollout.after.pools), 0, 0)


def _foresee(group: _Group) -> Foreseen:
    slowest = _at_once(group, group.rollouts)
    quickest = simulate(group.pools, group.steady, group.rollouts, pace="quickest")
    names = tuple(pool.name for pool in group.pools)
    if _all_end(slowest) and _all_end(quickest):
        apart = _piecemeal(group)
        if _all_end(apart):
            return Foreseen(names, "finishes", slowest, quickest)
        remedy, order = _remedy(group, {course.name for course in apart if course.ended is None})
        return Foreseen(names, "may-stop", apart, quickest, remedy, order)
    outcome: Outcome = "may-stop"
    if not any(_all_end(each) for each in (slowest, quickest, *_other_orders(group))):
        outcome = "cannot-finish" if _is_proven(group) else "stops"
    stopped = slowest if not _all_end(slowest) else quickest
    remedy, order = _remedy(group, {course.name for course in stopped if course.ended is None})
    return Foreseen(names, outcome, stopped, quickest, remedy, order)


def _piecemeal(group: _Group) -> tuple[Course, ...]:
    """With the pods of each replica placed one by one: two replicas may hold what each other lacks."""
    if not _spans_nodes(group.rollouts):
        return ()
    return simulate(group.pools, group.steady, group.rollouts, piecemeal=True)


def _at_once(group: _Group, rollouts: Sequence[Rollout]) -> tuple[Course, ...]:
    return simulate(group.pools, group.steady, rollouts)


def _all_end(courses: Iterable[Course]) -> bool:
    return all(course.ended is not None for course in courses)


def _other_orders(group: _Group) -> Iterator[tuple[Course, ...]]:
    """The smallest and the largest replicas first, and the reverse of the order of names."""
    if sum(rollout.after.replicas for rollout in group.rollouts) > TRIED_PODS:
        return
    keys: tuple[Callable[[Rollout], int], ...] = (lambda r: r.after.whole, lambda r: -r.after.whole)
    yield _at_once(group, tuple(reversed(group.rollouts)))
    for key in keys:
        yield _at_once(group, sorted(group.rollouts, key=key))


def safest_order(rollouts: Sequence[Rollout]) -> tuple[Rollout, ...]:
    """The order in which rollouts finish one at a time if any order does, as far as counting GPUs can tell.

    First those that give back at least what they take, the most modest first; then those that keep some, the one that
    leaves the next the most room last. Exchanging two neighbours of that order never helps (the banker's algorithm).
    """
    return tuple(sorted(rollouts, key=_need_and_gain))


def _need_and_gain(rollout: Rollout) -> tuple[int, int, str]:
    """By one step of the rollout: GPUs that must be free for it, and GPUs that are free more after it."""
    before, after = rollout.before, rollout.after
    all_at_once = rollout.way.recreate and before.replicas > 0
    old = before.whole * (before.replicas if all_at_once else min(before.replicas, 1))
    new = after.whole * (after.replicas if all_at_once else min(after.replicas, 1))
    gives_first = all_at_once or fenceposts(rollout.way, after.replicas)[1] > 0
    need = max(0, new - old) if gives_first else new
    return (0, need, rollout.name) if old >= new else (1, -(need + old - new), rollout.name)


def _is_proven(group: _Group) -> bool:
    """Whether GPUs are too few even if each pool were one large node, in the best order, one rollout at a time."""
    if len(group.pools) != 1 or not all(_has_equal_steps(rollout) for rollout in group.rollouts):
        return False
    one_node = tuple(replace(pool, nodes=1, per_node=pool.gpus) for pool in group.pools)
    order = [replace(r, before=_joined(r.before), after=_joined(r.after)) for r in safest_order(group.rollouts)]
    return not _all_end(simulate(one_node, [_joined(pods) for pods in group.steady], order, one_by_one=True))


def _joined(pods: Pods) -> Pods:
    """As if the nodes of a replica were one."""
    return replace(pods, gpus=pods.whole, nodes=1)


def _has_equal_steps(rollout: Rollout) -> bool:
    """The order is only known to be the best where each rollout is one step, over and over."""
    before, after = rollout.before, rollout.after
    return not before.replicas or not after.replicas or before.replicas == after.replicas


def _remedy(group: _Group, stopped: set[str]) -> tuple[Remedy, tuple[str, ...]]:
    """The first that finishes, the one that costs least capacity before the others."""
    order = safest_order(group.rollouts)
    if len(order) > 1 and _finish(group, order, one_by_one=True):
        return "one-at-a-time", tuple(rollout.name for rollout in order)
    for remedy, way in (("stop-one-first", ONE_LESS), ("recreate", RECREATE)):
        other = [replace(r, way=way) if r.name in stopped else r for r in group.rollouts]
        if _finish(group, other):
            return ("stop-one-first" if remedy == "stop-one-first" else "recreate"), ()
    if _finish(replace(group, pools=_one_node_more(group)), group.rollouts):
        return "one-node-more", ()
    return "", ()


def _finish(group: _Group, rollouts: Sequence[Rollout], *, one_by_one: bool = False) -> bool:
    """Whether they end, also where pods of a replica are placed one by one."""
    ways = (False, True) if _spans_nodes(rollouts) else (False,)
    return all(
        _all_end(simulate(group.pools, group.steady, rollouts, one_by_one=one_by_one, piecemeal=way)) for way in ways
    )


def _spans_nodes(rollouts: Iterable[Rollout]) -> bool:
    return any(rollout.after.nodes > 1 for rollout in rollouts)


def _one_node_more(group: _Group) -> tuple[Pool, ...]:
    return tuple(replace(pool, nodes=pool.nodes + 1) for pool in group.pools)


def waves(courses: Sequence[Course]) -> tuple[int, ...]:
    """The order that the simulation found, counted from 1: a rollout is one wave after the last of those that had ended
    when its first pod got its GPUs. 0 where it stops, or where no pod of it comes or goes."""
    every = ((course.began, course.ended, index) for index, course in enumerate(courses))
    timed = sorted((b, e, index) for b, e, index in every if b is not None and e is not None)
    found = [0] * len(courses)
    under_way: list[tuple[float, int]] = []
    last = 0
    for began, ended, index in timed:
        while under_way and under_way[0][0] <= began:
            last = max(last, heapq.heappop(under_way)[1])
        found[index] = last + 1
        heapq.heappush(under_way, (ended, found[index]))
    return tuple(found)


def by_name(courses: Iterable[Course]) -> Mapping[str, Course]:
    return {course.name: course for course in courses}
