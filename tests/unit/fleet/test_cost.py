"""What GPUs cost: the mean over loads against the sum that it stands for, and prices that are not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdecl.fleet.cost import HOURS, cost_of, expected_replicas, price_for, total
from opsdecl.fleet.types import Cost, Price

DOLLARS = Price(2.0, "USD", "list", "2026-11-23")


@given(st.integers(0, 30), st.integers(1, 30))
def test_the_expected_number_is_the_mean_over_all_loads(lowest: int, highest: int) -> None:
    lowest = min(lowest, highest)
    mean = sum(max(lowest, needed) for needed in range(1, highest + 1)) / highest
    assert expected_replicas(lowest, highest) == pytest.approx(mean)
    assert lowest <= expected_replicas(lowest, highest) <= highest


def test_a_month_of_a_range() -> None:
    cost = cost_of(DOLLARS, 4, 2, 6)
    assert cost.floor == 2.0 * 4 * HOURS * 2
    assert cost.ceiling == 3 * cost.floor
    assert cost.expected == pytest.approx(2.0 * 4 * HOURS * 22 / 6)


def test_a_fixed_number_costs_the_same_in_all_three() -> None:
    assert cost_of(DOLLARS, 1, 3, 3) == Cost(4380.0, 4380.0, 4380.0, "USD")
    assert cost_of(DOLLARS, 1, 0, 0) == Cost(0.0, 0.0, 0.0, "USD")


def test_a_declared_price_wins_and_is_in_the_currency_of_the_budget() -> None:
    assert price_for(1.5, "EUR", DOLLARS, "h100") == Price(1.5, "EUR", "pool h100")
    assert price_for(None, "USD", DOLLARS) is DOLLARS


def test_a_price_in_another_currency_is_not_known_rather_than_wrong() -> None:
    assert price_for(None, "EUR", DOLLARS) is None
    assert price_for(None, "USD", None) is None


def test_totals() -> None:
    assert total([], "EUR") == Cost(0.0, 0.0, 0.0, "EUR")
    assert total([Cost(1, 2, 3, "USD"), Cost(1, 1, 1, "USD")], "USD") == Cost(2, 3, 4, "USD")
    with pytest.raises(ValueError, match="cannot be added"):
        total([Cost(1, 2, 3, "USD")], "EUR")
