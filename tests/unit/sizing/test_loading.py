"""Times until a pod serves: ranges that probes and rollouts are made from."""

import pytest

from opsdecl.sizing.loading import READ_MB_S, load_time, load_time_of


@pytest.mark.parametrize("source", READ_MB_S)
def test_larger_weights_take_longer_and_the_range_is_one(source: str) -> None:
    small, large = load_time(10, source), load_time(100, source)
    assert small[0] < small[1]
    assert small[0] < large[0]
    assert small[1] < large[1]


def test_a_cache_helps_the_quickest_start_and_not_the_slowest() -> None:
    cold, warm = load_time(15, "hub"), load_time(15, "hub", cached=True)
    assert warm[0] < cold[0]
    assert warm[1] == cold[1]


def test_70_billion_parameters_from_a_shared_link_take_half_an_hour() -> None:
    assert 20 * 60 < load_time(131, "hub")[1] < 30 * 60


def test_a_document_says_where_its_weights_are() -> None:
    spec = {"weights": {"source": {"type": "pvc"}, "cache": {"type": "none"}}}
    assert load_time_of({"spec": spec, "model": {"weightsGiB": 15.0}}) == load_time(15.0, "pvc")
    cached = {"weights": {"source": {"type": "hub"}, "cache": {"type": "pvc"}}}
    assert load_time_of({"spec": cached, "model": {"weightsGiB": 15.0}}) == load_time(15.0, "hub", cached=True)
    assert load_time_of({"spec": spec, "model": {}}) is None
