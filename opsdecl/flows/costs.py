"""What a plan's documents cost in a month, before and after, and what all of them cost together."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.costs import currency_of, price_of
from opsdecl.compile.roles import roles_of
from opsdecl.compile.rollout import gpus_of, pods_of_canary, replicas_of
from opsdecl.diff.types import FleetTotals, MonthlyCost
from opsdecl.fleet.cost import cost_of, total
from opsdecl.fleet.types import Cost, Price
from opsdecl.flows.build import Built
from opsdecl.flows.sides import Effective, Sides


class Need(Struct, frozen=True):
    """GPUs of one side of a document, at the fewest and the most replicas. `priced` is None where no price is known,
    its price where the roles have different ones."""

    gpus: tuple[int, int]
    priced: tuple[Price | None, Cost] | None

    @property
    def monthly(self) -> MonthlyCost | None:
        return _shown(self.priced[1], self.priced[0]) if self.priced is not None else None


class Needs(Struct, frozen=True):
    """Both sides of one document; None where it asks for no GPU, or is not there."""

    address: SpecAddress
    before: Need | None
    after: Need | None


def needs_of(earlier: Built, built: Built, sides: Sequence[Sides]) -> tuple[Needs, ...]:
    """In the order of `sides`, each at the prices of its own; where the currency is another one, at those of now."""
    if currency_of(earlier.environment.effective["spec"]) != currency_of(built.environment.effective["spec"]):
        earlier = built
    return tuple(
        Needs(
            each.address,
            _need(earlier, each.before) if each.before is not None else None,
            _need(built, each.after.effective) if each.after is not None else None,
        )
        for each in sides
    )


def monthly_cost(built: Built, effective: Effective) -> MonthlyCost | None:
    """Of one document; None where it has no GPU, or one that nobody knows the price of."""
    need = _need(built, effective)
    return need.monthly if need is not None else None


def _need(built: Built, effective: Effective) -> Need | None:
    """Of all roles together."""
    found = [need for role in roles_of(effective["spec"]) if (need := _need_of(built, role.spec)) is not None]
    if len(found) < 2:
        return found[0] if found else None
    costs = [need.priced for need in found if need.priced is not None]
    if len(costs) < len(found):
        return Need(_gpus(found), None)
    price = costs[0][0] if all(each == costs[0][0] for each, _ in costs) else None
    currency = currency_of(built.environment.effective["spec"])
    return Need(_gpus(found), (price, total([cost for _, cost in costs], currency)))


def _need_of(built: Built, spec: Effective) -> Need | None:
    accelerator = spec.get("accelerator")
    if not accelerator:
        return None
    count, (lowest, highest) = gpus_of(accelerator), replicas_of(spec.get("replicas", {}))
    settings = built.environment.effective["spec"]
    beside = pods_of_canary(spec, settings["capacity"]["pools"])
    price = price_of(accelerator, settings, built.project.catalog)
    cost = (price, cost_of(price, count, lowest, highest, beside)) if price is not None else None
    return Need((lowest * count, (highest + beside) * count), cost)


def totals_of(built: Built, needs: Sequence[Needs], *, known: bool) -> FleetTotals | None:
    """None where no document has GPUs. Where not `known`, nothing is said of the side before."""
    before = [each.before for each in needs if each.before is not None]
    after = [each.after for each in needs if each.after is not None]
    if not before and not after:
        return None
    currency = currency_of(built.environment.effective["spec"])
    return FleetTotals(
        gpus_before=_gpus(before) if known else None,
        gpus_after=_gpus(after),
        cost_before=_sum(before, currency) if known else None,
        cost_after=_sum(after, currency),
        unpriced=tuple(str(e.address) for e in needs if e.after is not None and e.after.priced is None),
    )


def _gpus(side: Sequence[Need]) -> tuple[int, int]:
    return sum(need.gpus[0] for need in side), sum(need.gpus[1] for need in side)


def _sum(side: Iterable[Need], currency: str) -> MonthlyCost:
    return _shown(total([need.priced[1] for need in side if need.priced is not None], currency))


def _shown(cost: Cost, price: Price | None = None) -> MonthlyCost:
    return MonthlyCost(
        floor=round(cost.floor, 2),
        expected=round(cost.expected, 2),
        ceiling=round(cost.ceiling, 2),
        currency=cost.currency,
        price_per_hour=price.amount if price else None,
        source=price.source if price else "",
        as_of=price.as_of if price else "",
    )
