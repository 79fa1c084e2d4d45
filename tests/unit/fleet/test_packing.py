"""Whether replicas fit on nodes, against every way to put them there."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdecl.fleet.packing import holds, place_largest_first


def fits_somehow(nodes: tuple[int, ...], replicas: Sequence[int]) -> bool:
    """Tries every node for every replica."""
    if not replicas:
        return True
    first, rest = replicas[0], replicas[1:]
    return any(
        free >= first and fits_somehow((*nodes[:index], free - first, *nodes[index + 1 :]), rest)
        for index, free in enumerate(nodes)
    )


@given(st.lists(st.integers(0, 8), max_size=4), st.lists(st.integers(1, 8), max_size=7))
def test_an_answer_is_right(nodes: list[int], replicas: list[int]) -> None:
    assert holds(nodes, Counter(replicas)) is fits_somehow(tuple(nodes), tuple(sorted(replicas, reverse=True)))


def test_largest_first_is_not_optimal_and_the_search_is() -> None:
    nodes, replicas = [12, 12], {6: 1, 5: 1, 4: 2, 3: 1, 2: 1}
    assert place_largest_first(nodes, replicas) is False
    assert holds(nodes, replicas) is True


@pytest.mark.parametrize(
    ("nodes", "replicas"),
    [
        ([4, 4], {3: 2, 2: 1}),
        ([8] * 100, {5: 101}),
        ([8] * 1000, {4: 2001}),
        ([], {1: 1}),
    ],
)
def test_what_cannot_fit_is_proven(nodes: list[int], replicas: dict[int, int]) -> None:
    assert holds(nodes, replicas) is False


def test_nothing_fits_everywhere() -> None:
    assert holds([], {}) is True
    assert holds([], {0: 5, 4: 0}) is True


def test_a_search_that_would_take_too_long_says_that_it_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsdecl.fleet.packing.STATES", 1)
    assert holds([12, 12], {6: 1, 5: 1, 4: 2, 3: 1, 2: 1}) is None
