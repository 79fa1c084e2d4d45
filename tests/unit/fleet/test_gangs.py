"""Replicas over several nodes: whole on different nodes of one pool, or not at all."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from opsdecl.fleet.nodes import FreeGpus, Place
from opsdecl.fleet.packing import Size, holds_all
from opsdecl.fleet.rollout import simulate
from opsdecl.fleet.strategy import ONE_LESS, ONE_MORE, choose_way, spare_replicas
from opsdecl.fleet.types import RECREATE, Pods, Pool, Rollout, Way
from opsdecl.fleet.verdict import foresee

LOAD, DRAIN = (60.0, 120.0), (0.0, 100.0)
Nodes = tuple[tuple[int, ...], ...]


def rollout(name: str, replicas: int, gpus: int, nodes: int, way: Way, pools: tuple[str, ...] = ("a",)) -> Rollout:
    pods = Pods(pools, gpus, replicas, nodes)
    return Rollout(name, pods, pods, way, load=LOAD, drain=DRAIN)


def fits_somehow(pools: Nodes, replicas: Sequence[Size]) -> bool:
    """Tries every set of nodes of every pool for every replica."""
    if not replicas:
        return True
    (gpus, nodes), rest = replicas[0], replicas[1:]
    for p, pool in enumerate(pools):
        for chosen in combinations([i for i, free in enumerate(pool) if free >= gpus], nodes):
            left = tuple(free - gpus * (i in chosen) for i, free in enumerate(pool))
            if fits_somehow((*pools[:p], left, *pools[p + 1 :]), rest):
                return True
    return False


POOLS = st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=4), min_size=1, max_size=2)
REPLICAS = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 3)), max_size=5)


@given(POOLS, REPLICAS)
def test_an_answer_is_right(pools: list[list[int]], replicas: list[Size]) -> None:
    answer = holds_all(pools, Counter(replicas))
    truth = fits_somehow(tuple(map(tuple, pools)), sorted(replicas, reverse=True))
    assert answer in (truth, None)


@given(
    st.lists(st.just(8), min_size=1, max_size=4), st.lists(st.tuples(st.integers(5, 8), st.integers(1, 3)), max_size=4)
)
def test_whole_nodes_of_one_pool_are_always_decided(pool: list[int], replicas: list[Size]) -> None:
    truth = fits_somehow((tuple(pool),), sorted(replicas, reverse=True))
    assert holds_all([pool], Counter(replicas)) is truth


def test_a_replica_lies_in_one_pool_and_on_different_nodes() -> None:
    assert holds_all([[8], [8]], {(8, 2): 1}) is False
    assert holds_all([[8, 8]], {(8, 2): 1}) is True
    assert holds_all([[16]], {(8, 2): 1}) is False
    assert holds_all([[8, 8], [8, 8]], {(8, 2): 2}) is True


@pytest.mark.parametrize(
    ("reserve", "gpus", "nodes", "replicas"),
    [
        (15, 8, 2, 0),
        (16, 8, 2, 1),
        (24, 8, 2, 1),
        (32, 8, 2, 2),
        (16, 4, 2, 2),
        (12, 4, 2, 1),
        (8, 4, 2, 0),
        (24, 4, 3, 2),
    ],
)
def test_a_reserve_holds_replicas_on_different_nodes(reserve: int, gpus: int, nodes: int, replicas: int) -> None:
    assert spare_replicas(Pool("h100", nodes=4, per_node=8, reserve=reserve), gpus, nodes) == replicas


def test_the_choice_asks_for_room_for_a_whole_replica() -> None:
    assert choose_way(Pool("a", 6, 8, reserve=8), 8, 2, nodes=2) == ONE_LESS
    assert choose_way(Pool("a", 6, 8, reserve=16), 8, 2, nodes=2) == ONE_MORE


def test_one_replica_less_takes_the_nodes_of_the_one_before() -> None:
    (course,) = simulate([Pool("a", 4, 8)], [], [rollout("large", 2, 8, 2, ONE_LESS)])
    assert (course.lowest, course.ended, course.waited, course.nodes) == (1, 2 * (100 + 120), 100, 2)


def test_one_replica_more_waits_for_all_its_nodes() -> None:
    (course,) = simulate([Pool("a", 6, 8)], [], [rollout("large", 2, 8, 2, ONE_MORE)])
    assert (course.lowest, course.ended) == (2, 2 * (120 + 100))
    (stuck,) = simulate([Pool("a", 5, 8)], [], [rollout("large", 2, 8, 2, ONE_MORE)])
    assert (stuck.lowest, stuck.ended, stuck.missing) == (2, None, 8)


def test_free_gpus_in_another_pool_or_on_the_same_node_do_not_help() -> None:
    apart = [Pool("a", 1, 8), Pool("b", 1, 8)]
    (course,) = simulate(apart, [], [rollout("large", 1, 8, 2, ONE_LESS, ("a", "b"))])
    assert (course.ended, course.missing) == (None, 8)
    (course,) = simulate([Pool("a", 1, 16)], [], [rollout("large", 1, 8, 2, ONE_LESS)])
    assert (course.ended, course.missing) == (None, 8)


def test_pods_that_are_placed_one_by_one_keep_to_different_nodes_of_one_pool() -> None:
    large = rollout("large", 1, 8, 2, ONE_LESS, ("a", "b"))
    (apart,) = simulate([Pool("a", 1, 8), Pool("b", 1, 8)], [], [large], piecemeal=True)
    (together,) = simulate([Pool("a", 1, 16)], [], [rollout("large", 1, 8, 2, ONE_LESS)], piecemeal=True)
    assert (apart.ended, together.ended) == (None, None)
    (fine,) = simulate([Pool("a", 2, 8)], [], [rollout("large", 1, 8, 2, ONE_LESS)], piecemeal=True)
    assert fine.ended is not None


def test_gpus_enough_on_too_few_nodes_are_no_proof_by_count() -> None:
    change = Rollout("large", Pods(("a",), 8, 1), Pods(("a",), 4, 1, nodes=2), ONE_LESS, load=LOAD, drain=DRAIN)
    found = foresee([Pool("a", 1, 8)], [], [change])[0]
    assert (found.outcome, found.remedy) == ("stops", "one-node-more")


def test_recreate_frees_all_nodes_first() -> None:
    (course,) = simulate([Pool("a", 4, 8)], [], [rollout("large", 2, 8, 2, RECREATE)])
    assert (course.lowest, course.ended) == (0, 220)


def test_what_cannot_finish_is_proven_and_the_remedy_was_tried() -> None:
    found = foresee([Pool("a", 4, 8)], [], [rollout("large", 2, 8, 2, ONE_MORE)])[0]
    assert (found.outcome, found.remedy) == ("cannot-finish", "stop-one-first")
    assert found.stopped[0].missing == 16


def test_two_replicas_may_each_hold_what_the_other_lacks() -> None:
    """Two nodes are free. Placed whole, one goes after the other; pod by pod, each takes one and waits for ever."""
    pool, both = Pool("a", 6, 8, reserve=16), [rollout(name, 1, 8, 2, ONE_MORE) for name in ("one", "two")]
    assert all(course.ended for course in simulate([pool], [], both))
    apart = simulate([pool], [], both, piecemeal=True)
    assert [(course.ended, course.lowest) for course in apart] == [(None, 1), (None, 1)]
    for one in both:
        steady = [other.before for other in both if other is not one]
        assert foresee([pool], steady, [one])[0].outcome == "finishes"
    found = foresee([pool], [], both)[0]
    assert (found.outcome, found.remedy, found.order) == ("may-stop", "one-at-a-time", ("one", "two"))
    assert [course.missing for course in found.stopped] == [16, 16]


def test_pods_that_want_one_node_go_on_beside() -> None:
    small = replace(rollout("small", 2, 1, 1, ONE_MORE))
    found = foresee([Pool("a", 5, 8)], [], [rollout("large", 2, 8, 2, ONE_MORE), small])[0]
    ended = {course.name: course.ended is not None for course in found.slowest}
    assert ended == {"large": False, "small": True}


SIZES = st.sampled_from([1, 2, 4, 8])
WAYS = st.sampled_from([ONE_MORE, ONE_LESS, RECREATE, Way(2, 1), Way("50%", 0)])
DRAWN = st.lists(st.tuples(st.integers(0, 3), SIZES, st.integers(1, 3), WAYS, st.booleans()), min_size=1, max_size=4)


@given(st.integers(1, 5), DRAWN, st.booleans())
@settings(max_examples=150)
def test_no_node_ever_gives_more_than_it_has_and_all_are_given_back(
    nodes: int, drawn: list[tuple[int, int, int, Way, bool]], piecemeal: bool
) -> None:
    used: dict[Place, int] = {}
    move = FreeGpus._move

    def watch(free: FreeGpus, place: Place, gpus: int) -> None:
        used[place] = used.get(place, 0) - gpus
        assert 0 <= used[place] <= 8
        move(free, place, gpus)

    rollouts = [
        replace(rollout(f"m{index}", count, gpus, spans, way), restarts=restarts)
        for index, (count, gpus, spans, way, restarts) in enumerate(drawn)
    ]
    with patch.object(FreeGpus, "_move", watch):
        courses = simulate([Pool("a", nodes, 8)], [], rollouts, piecemeal=piecemeal)
    if all(course.ended is not None for course in courses):
        assert sum(used.values()) == sum(r.after.whole * r.after.replicas for r in rollouts)
