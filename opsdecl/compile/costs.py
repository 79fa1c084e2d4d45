"""What an environment costs in a month, and whether its budget allows it."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.catalog.types import Catalog
from opsdecl.compile.roles import Role, path_in, roles_of
from opsdecl.compile.rollout import gpus_of, pods_of_canary, replicas_of
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related, SpecPath
from opsdecl.diag.codes import fleet as codes
from opsdecl.fleet.cost import CATALOGUE_CURRENCY, cost_of, price_for, total
from opsdecl.fleet.types import Cost, Price
from opsdecl.spec.types import Json

BUDGET: SpecPath = ("spec", "budget")


class Priced(Struct, frozen=True):
    """One document with GPUs, or one of its two roles: its price and what it costs; both None where no price in the
    currency is known."""

    document: CompiledDocument
    price: Price | None
    cost: Cost | None
    role: str = ""

    @property
    def who(self) -> str:
        return f"{self.document.address}{f' ({self.role})' if self.role else ''}"

    def path(self, *path: str) -> SpecPath:
        """Where the document says it for the role."""
        return path_in(self.role, self.document.value.get("spec") or {}, path)


def currency_of(settings: Mapping[str, Json]) -> str:
    """Of all prices of the environment: the budget's."""
    return str((settings.get("budget") or {}).get("currency", CATALOGUE_CURRENCY))


def priced(documents: Sequence[CompiledDocument], settings: Mapping[str, Json], catalog: Catalog) -> tuple[Priced, ...]:
    """Documents with GPUs, in their order, and each role where one has two. `settings` is the effective spec of the
    environment."""
    return tuple(
        _priced(document, role, settings, catalog)
        for document in documents
        for role in roles_of(document.effective["spec"])
        if role.spec.get("accelerator")
    )


def _priced(document: CompiledDocument, role: Role, settings: Mapping[str, Json], catalog: Catalog) -> Priced:
    spec = role.spec
    accelerator = spec["accelerator"]
    price = price_of(accelerator, settings, catalog)
    lowest, highest = replicas_of(spec.get("replicas", {}))
    beside = pods_of_canary(spec, settings["capacity"]["pools"])
    cost = cost_of(price, gpus_of(accelerator), lowest, highest, beside) if price is not None else None
    return Priced(document, price, cost, role.name)


def price_of(accelerator: Mapping[str, Json], settings: Mapping[str, Json], catalog: Catalog) -> Price | None:
    """The pool's own price wins. Where several pools have the GPU, the dearest of them: the pod may go to any.

    Of a GPU that pods take turns on, each pays its share.
    """
    currency, pools = currency_of(settings), settings["capacity"]["pools"]
    fitting = [accelerator["pool"]] if accelerator.get("pool") else []
    fitting = fitting or [name for name, pool in pools.items() if pool.get("gpu") == accelerator["gpu"]]
    listed = _catalogue_price(accelerator["gpu"], catalog)
    found = [_of_pool(name, pools.get(name, {}), currency, listed) for name in fitting]
    if not found:
        return price_for(None, currency, listed)
    if any(price is None for price in found):
        return None
    return max((price for price in found if price is not None), key=lambda price: price.amount)


def _of_pool(name: str, pool: Mapping[str, Json], currency: str, listed: Price | None) -> Price | None:
    price, turns = price_for(pool.get("pricePerHour"), currency, listed, name), pool.get("sharing", 1)
    if price is None or turns == 1:
        return price
    return replace(price, amount=price.amount / turns, source=f"{price.source}, 1/{turns} of a GPU")


def _catalogue_price(gpu: str, catalog: Catalog) -> Price | None:
    """A slice has its share of the whole GPU's."""
    facts = catalog.gpu(gpu)
    if facts is None or facts.price is None:
        return None
    listed = facts.price
    where = " ".join(part for part in (listed.provider, listed.node, listed.region) if part)
    part = f", slice of {facts.slice_of}" if facts.slice_of else ""
    return Price(listed.per_hour, CATALOGUE_CURRENCY, f"catalogue{f', {where}' if where else ''}{part}", listed.as_of)


def budget_exceeded(scene: Scene) -> Iterator[Diagnostic]:
    """The smallest cost above the budget is an error, the expected one a warning, the largest one a note."""
    budget = scene.settings.get("budget")
    if budget is None:
        return
    rows = priced(scene.lasting(), scene.settings, scene.catalog)
    unknown = [row for row in rows if row.cost is None]
    if unknown:
        yield _without_price(scene, unknown)
    cost = total([row.cost for row in rows if row.cost is not None], currency_of(scene.settings))
    monthly = budget["monthly"]
    steps = (
        (codes.FLOOR_ABOVE_BUDGET, cost.floor, "at the fewest replicas", 0),
        (codes.EXPECTED_ABOVE_BUDGET, cost.expected, "as expected", 1),
        (codes.CEILING_ABOVE_BUDGET, cost.ceiling, "at the most replicas", 2),
    )
    for code, amount, when, index in steps:
        if amount > monthly:
            yield Diagnostic(
                code,
                f"a month costs {amount:,.0f} {cost.currency} {when}, and the budget is {monthly:,.0f}",
                at=scene.in_environment((*BUDGET, "monthly")),
                hint="lower replicas, choose cheaper GPUs, or raise the budget" if index < 2 else "",
                related=_dearest(scene, rows, index),
                subject=str(scene.environment.address),
            )
            return


def _dearest(scene: Scene, rows: Sequence[Priced], index: int) -> tuple[Related, ...]:
    """The three documents that cost most."""

    def amount(cost: Cost) -> float:
        return (cost.floor, cost.expected, cost.ceiling)[index]

    known = [(amount(row.cost), row) for row in rows if row.cost is not None]
    ranked = sorted(known, key=lambda pair: (-pair[0], pair[1].who))[:3]
    return tuple(
        Related(
            f"{row.who} costs {value:,.0f}",
            scene.place(row.document.address, row.path("spec", "accelerator", "count")),
        )
        for value, row in ranked
    )


def _gpu(row: Priced) -> str:
    role = next(role for role in roles_of(row.document.effective["spec"]) if role.name == row.role)
    return str(role.spec["accelerator"]["gpu"])


def _without_price(scene: Scene, unknown: Sequence[Priced]) -> Diagnostic:
    gpus = sorted({_gpu(row) for row in unknown})
    currency = currency_of(scene.settings)
    return Diagnostic(
        codes.PRICE_UNKNOWN,
        f"there is no price in {currency} for {', '.join(f'`{gpu}`' for gpu in gpus)}, so it is left out of the sums",
        at=scene.in_environment((*BUDGET, "currency" if currency != CATALOGUE_CURRENCY else "monthly")),
        hint="write `pricePerHour` of the pools with this GPU",
        related=tuple(
            Related(f"{row.who} is not counted", scene.place(row.document.address, row.path("spec", "accelerator")))
            for row in unknown[:3]
        ),
        subject=str(scene.environment.address),
    )
