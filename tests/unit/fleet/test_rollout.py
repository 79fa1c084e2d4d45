"""Rollouts that go on together: never more GPUs than there are, never fewer pods than was said, and they finish."""

from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from opsdecl.fleet.nodes import FreeGpus, Place
from opsdecl.fleet.rollout import simulate
from opsdecl.fleet.strategy import ONE_LESS, ONE_MORE, choose_way, lowest_serving
from opsdecl.fleet.types import RECREATE, Course, Pods, Pool, Rollout, Way
from opsdecl.fleet.verdict import foresee, waves

LOAD, DRAIN = (60.0, 120.0), (0.0, 100.0)


def rollout(name: str, replicas: int, gpus: int, way: Way, pool: str = "a", before: Pods | None = None) -> Rollout:
    pods = Pods((pool,), gpus, replicas)
    return Rollout(name, before or pods, pods, way, load=LOAD, drain=DRAIN)


def named(courses: Sequence[Course]) -> dict[str, Course]:
    return {course.name: course for course in courses}


def test_one_pod_more_keeps_everything_serving() -> None:
    (course,) = simulate([Pool("a", 1, 4, reserve=1)], [], [rollout("chat", 3, 1, ONE_MORE)])
    # The next pod takes the GPU of the old one, once that is drained.
    assert course == Course("chat", lowest=3, ended=3 * (120 + 100), waited=100, began=0)


def test_one_pod_less_takes_the_gpus_of_the_one_before() -> None:
    (course,) = simulate([Pool("a", 1, 3)], [], [rollout("chat", 3, 1, ONE_LESS)])
    assert course.lowest == 2
    assert course.ended == 3 * (100 + 120)
    assert course.waited == 100


def test_a_rollout_that_waits_for_another_is_of_a_later_wave() -> None:
    """Both add a pod of two GPUs first, and there is room for one: the second gets it when the first is done."""
    pool, small = Pool("a", 1, 7, reserve=2), Pods(("a",), 1, 1)
    both = [rollout(name, 1, 2, ONE_MORE) for name in ("chat", "draft")]
    courses = simulate([pool], [small], [*both, replace(rollout("free", 1, 0, ONE_MORE), load=(1.0, 1.0))])
    assert [course.began for course in courses] == [0, 120 + 100, 0]
    assert waves(courses) == (1, 2, 1)
    assert waves([Course("stuck", 1, None, began=0.0), *courses]) == (0, 1, 2, 1)


def test_recreate_serves_nothing_meanwhile() -> None:
    (course,) = simulate([Pool("a", 1, 3)], [], [rollout("chat", 3, 1, RECREATE)])
    assert (course.lowest, course.ended) == (0, 220)


def test_one_pod_more_on_a_full_pool_never_ends() -> None:
    (course,) = simulate([Pool("a", 1, 4)], [Pods(("a",), 2, 1)], [rollout("chat", 1, 2, ONE_MORE)])
    assert (course.ended, course.lowest, course.missing) == (None, 1, 2)


def test_pods_that_only_change_in_number_are_not_exchanged() -> None:
    before = Pods(("a",), 1, 2)
    more = replace(rollout("chat", 4, 1, ONE_MORE, before=before), restarts=False)
    fewer = replace(rollout("chat", 1, 1, ONE_MORE, before=before), restarts=False)
    pool = Pool("a", 1, 4)
    assert simulate([pool], [], [more]) == (Course("chat", 2, 120, began=0),)
    assert simulate([pool], [], [fewer]) == (Course("chat", 1, 100, began=0),)


def test_those_that_come_later_wait_for_the_reserve() -> None:
    pool = Pool("a", 1, 4, reserve=1)
    courses = named(simulate([pool], [], [rollout(name, 1, 1, ONE_MORE) for name in ("one", "two", "three")]))
    assert [courses[name].waited for name in ("one", "two", "three")] == [0, 220, 440]


def test_six_models_that_each_finish_alone_can_stop_each_other() -> None:
    """There are GPUs enough, but those that finish first leave one free GPU on each of two nodes."""
    pool = Pool("a", 3, 4, reserve=2)
    drawn = [(2, 120), (1, 120), (1, 120), (1, 300), (2, 120), (2, 600)]
    models = [
        replace(rollout(f"m{index}", 1, gpus, choose_way(pool, gpus, 1)), load=(60.0, load))
        for index, (gpus, load) in enumerate(drawn)
    ]
    for one in models:
        steady = [other.before for other in models if other is not one]
        assert foresee([pool], steady, [one])[0].outcome == "finishes"
    together = foresee([pool], [], models)[0]
    assert together.outcome == "may-stop"
    assert [(course.name, course.missing) for course in together.stopped] == [("m4", 1), ("m5", 1)]
    assert together.remedy == "one-at-a-time"
    assert together.order == ("m1", "m2", "m3", "m0", "m4", "m5")


def test_what_cannot_finish_in_any_order_is_proven() -> None:
    found = foresee([Pool("a", 1, 8)], [], [rollout(name, 1, 2, ONE_MORE) for name in "abcd"])[0]
    assert (found.outcome, found.remedy) == ("cannot-finish", "stop-one-first")
    assert len(found.stopped) == 4


def test_replicas_that_grow_beyond_the_pool_need_a_node() -> None:
    before = Pods(("a",), 2, 2)
    found = foresee([Pool("a", 1, 6)], [], [rollout("chat", 2, 4, RECREATE, before=before)])[0]
    assert (found.outcome, found.remedy) == ("cannot-finish", "one-node-more")


def test_a_neighbour_that_leaves_makes_room() -> None:
    leaving = rollout("old", 0, 4, ONE_LESS, before=Pods(("a",), 4, 1))
    coming = rollout("new", 1, 4, ONE_LESS, before=Pods(("a",), 4, 0))
    found = foresee([Pool("a", 1, 4)], [], [coming, leaving])[0]
    assert found.outcome == "finishes"
    assert named(found.slowest)["new"].waited == 100


def test_pools_that_share_nothing_are_looked_at_apart() -> None:
    rollouts = [rollout("a", 1, 1, ONE_MORE), rollout("b", 1, 1, ONE_MORE, pool="b")]
    found = foresee([Pool("a", 1, 1), Pool("b", 1, 2)], [], rollouts)
    assert [(each.pools, each.outcome) for each in found] == [(("a",), "cannot-finish"), (("b",), "finishes")]


def test_pods_without_gpus_never_wait() -> None:
    pods = Pods((), 0, 2)
    assert foresee([], [], [Rollout("cpu", pods, pods, ONE_MORE)])[0].outcome == "finishes"


WAYS = st.sampled_from([ONE_MORE, ONE_LESS, RECREATE, Way("25%", "25%"), Way(2, 1), Way("50%", 0)])
SIZES = st.sampled_from([1, 2, 3, 4])
ROLLOUTS = st.lists(
    st.tuples(st.integers(0, 3), SIZES, st.integers(0, 3), SIZES, WAYS, st.booleans()), min_size=1, max_size=5
)


@given(st.integers(1, 3), st.integers(1, 8), ROLLOUTS)
@settings(max_examples=200)
def test_no_node_ever_gives_more_than_it_has(
    nodes: int, per_node: int, drawn: list[tuple[int, int, int, int, Way, bool]]
) -> None:
    used: dict[Place, int] = {}
    move = FreeGpus._move

    def watch(free: FreeGpus, place: Place, gpus: int) -> None:
        used[place] = used.get(place, 0) - gpus
        assert 0 <= used[place] <= per_node
        move(free, place, gpus)

    rollouts = [
        Rollout(f"m{index}", Pods(("a",), old_gpus, old), Pods(("a",), new_gpus, new), way, restarts, LOAD, DRAIN)
        for index, (old, old_gpus, new, new_gpus, way, restarts) in enumerate(drawn)
    ]
    with patch.object(FreeGpus, "_move", watch):
        simulate([Pool("a", nodes, per_node)], [], rollouts)
    assert all(0 <= count <= per_node for count in used.values())


@given(st.integers(1, 4), st.integers(1, 8), st.integers(0, 16), st.integers(1, 6), SIZES)
@settings(max_examples=200)
def test_what_is_chosen_finishes_and_loses_no_more_than_was_said(
    nodes: int, per_node: int, reserve: int, replicas: int, gpus: int
) -> None:
    """In a pool that keeps its reserve; the reserve of a pool may be larger than what models leave."""
    pool = Pool("a", nodes, per_node, reserve)
    room = sum((per_node // gpus) for _ in range(nodes))
    free_for_it = room - (1 if reserve >= gpus and per_node >= gpus else 0)
    replicas = min(replicas, free_for_it)
    if replicas < 1:
        return
    way = choose_way(pool, gpus, replicas)
    (course,) = simulate([pool], [], [rollout("chat", replicas, gpus, way)])
    assert course.ended is not None
    assert course.lowest >= lowest_serving(way, replicas)


ALL_WAYS = [Way(surge, missing) for surge in range(3) for missing in range(4) if surge or missing] + [RECREATE]


@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 4), SIZES)
@settings(max_examples=150)
def test_no_other_way_keeps_more_serving(nodes: int, per_node: int, replicas: int, gpus: int) -> None:
    """Against every way that there is, in a pool that holds the replicas and exactly the reserve that it declares."""
    if nodes * (per_node // gpus) < replicas or per_node < gpus:
        return
    # What is free once the replicas are packed, as far as a replica can use it: that, the pool declares.
    spare = (nodes * (per_node // gpus) - replicas) * gpus
    pool = Pool("a", nodes, per_node, spare)
    best = max(
        course.lowest
        for way in ALL_WAYS
        for course in simulate([pool], [], [rollout("chat", replicas, gpus, way)])
        if course.ended is not None
    )
    chosen = choose_way(pool, gpus, replicas)
    (course,) = simulate([pool], [], [rollout("chat", replicas, gpus, chosen)])
    assert course.ended is not None
    assert course.lowest == best


@pytest.mark.parametrize("pace", ["quickest", "slowest"])
def test_times_are_a_range(pace: str) -> None:
    (found,) = foresee([Pool("a", 1, 2)], [], [rollout("chat", 2, 1, ONE_LESS)])
    courses = found.quickest if pace == "quickest" else found.slowest
    assert courses[0].ended == (120 if pace == "quickest" else 440)
