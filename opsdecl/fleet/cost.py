"""What GPUs cost in a month: fewest replicas, the mean over loads, most replicas."""

from collections.abc import Iterable

from opsdecl.fleet.types import Cost, Price

HOURS = 730
"""Of a month: 365 * 24 / 12."""

CATALOGUE_CURRENCY = "USD"


def cost_of(price: Price, gpus: float, lowest: int, highest: int, beside: int = 0) -> Cost:
    """Per month. `gpus` are those of one replica; a slice of a GPU is a fraction. `beside`: replicas that may run for
    long beside the most, which the ceiling counts."""
    replica = price.amount * gpus * HOURS
    expected = replica * expected_replicas(lowest, highest)
    return Cost(replica * lowest, expected, replica * (highest + beside), price.currency)


def expected_replicas(lowest: int, highest: int) -> float:
    """Mean number of replicas where every load, from none to what the most replicas carry, is as likely.

    The autoscaler runs `ceil(load / what a replica carries)` replicas, and never fewer than `lowest`, so this is the
    mean of `max(lowest, k)` over k = 1 .. highest. It does not depend on the value that is held: that one decides what
    a replica carries, not how much comes.
    """
    if highest <= lowest:
        return float(lowest)
    # Loads up to `lowest` replicas run `lowest`; above, each whole number once.
    above = (lowest + 1 + highest) * (highest - lowest) / 2
    return (lowest * lowest + above) / highest


def price_for(declared: float | None, currency: str, catalogue: Price | None, pool: str = "") -> Price | None:
    """The price that the pool declares, else the catalogue's where it is in the wanted currency; None: not known."""
    if declared is not None:
        return Price(declared, currency, f"pool {pool}" if pool else "declared")
    return catalogue if catalogue is not None and catalogue.currency == currency else None


def total(costs: Iterable[Cost], currency: str) -> Cost:
    found = Cost(0.0, 0.0, 0.0, currency)
    for cost in costs:
        found += cost
    return found
