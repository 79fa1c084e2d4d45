"""How pods are exchanged: rounding as Kubernetes does it, and the choice for what a document leaves open."""

import pytest

from opsdecl.fleet.strategy import ONE_LESS, ONE_MORE, choose_way, fenceposts, lowest_serving, spare_replicas
from opsdecl.fleet.types import RECREATE, Pool, Way


@pytest.mark.parametrize(
    ("surge", "unavailable", "wanted", "expected"),
    [
        ("25%", "25%", 1, (1, 0)),
        ("25%", "25%", 4, (1, 1)),
        ("25%", "25%", 10, (3, 2)),
        ("25%", 0, 3, (1, 0)),
        (0, "25%", 3, (0, 1)),
        (0, "25%", 8, (0, 2)),
        ("0%", "0%", 5, (0, 1)),
        (0, 3, 2, (0, 2)),
        ("100%", 0, 7, (7, 0)),
        ("34%", 0, 50, (17, 0)),
    ],
)
def test_percentages_of_surge_go_up_and_of_missing_pods_down(
    surge: int | str, unavailable: int | str, wanted: int, expected: tuple[int, int]
) -> None:
    assert fenceposts(Way(surge, unavailable), wanted) == expected


def test_recreate_takes_all_pods_away() -> None:
    assert fenceposts(RECREATE, 3) == (0, 3)
    assert lowest_serving(RECREATE, 3) == 0


@pytest.mark.parametrize(
    ("reserve", "gpus", "replicas"),
    [(0, 1, 0), (3, 4, 0), (4, 4, 1), (8, 4, 2), (9, 5, 1), (10, 2, 5), (16, 5, 2), (12, 5, 1), (13, 5, 2)],
)
def test_a_reserve_holds_replicas_node_by_node(reserve: int, gpus: int, replicas: int) -> None:
    assert spare_replicas(Pool("h100", nodes=4, per_node=8, reserve=reserve), gpus) == replicas


def test_the_choice_looks_at_the_pools_reserve_and_at_nothing_else() -> None:
    tight, roomy = Pool("a", 1, 8, reserve=1), Pool("b", 1, 8, reserve=2)
    assert choose_way(tight, 2, 3) == ONE_LESS
    assert choose_way(roomy, 2, 3) == ONE_MORE
    assert choose_way(None, 2, 3) == ONE_LESS
    assert choose_way(None, 0, 3) == ONE_MORE


def test_a_volume_that_one_pod_holds_must_be_let_go_first() -> None:
    assert choose_way(Pool("b", 1, 8, reserve=8), 1, 1, exclusive=True) == RECREATE
    assert choose_way(Pool("b", 1, 8, reserve=8), 1, 2, exclusive=True) == ONE_MORE
