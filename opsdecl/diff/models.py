"""What sizing says of language models on both sides -> the rows of a plan, and how many there are of each verdict."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from opsdecl.addr import SpecAddress
from opsdecl.diff.types import Estimate, KvCache, MemoryPerGpu, ModelChange, ModelFit, ModelLength
from opsdecl.sizing.types import Assessment, Memory, Range, Sizing

NOT_SIZED = "not-sized"
_WORST = ("does-not-fit", "tight", NOT_SIZED, "fits")


class ModelRole(NamedTuple):
    """Pods of a model that are sized as one: those that answer, and those of a role apart from them."""

    address: SpecAddress
    role: str = ""


class ModelSides(Struct, frozen=True):
    """Pods of one model before and after. `changed` where its document does."""

    before: Assessment | None
    after: Assessment | None
    changed: bool = True
    turned_by: str = ""


class ModelChanges(Struct, frozen=True):
    """The rows, in the order of addresses, and the verdicts of all models after the change."""

    rows: tuple[ModelChange, ...] = ()
    verdicts: dict[str, int] = field(default_factory=dict)


NO_MODELS = ModelChanges()


def model_changes(models: Mapping[ModelRole, ModelSides]) -> ModelChanges:
    """A row for each model that changes, and for each that does not fit for certain; one more for each role that its
    pods have apart from those that answer."""
    rows = (
        ModelChange(
            address=str(of.address),
            role=of.role,
            before=_fit(models[of].before),
            after=_fit(models[of].after),
            turned_by=models[of].turned_by,
        )
        for of in sorted(models)
        if _is_listed(models[of])
    )
    return ModelChanges(tuple(rows), _counted(models))


def _counted(models: Mapping[ModelRole, ModelSides]) -> dict[str, int]:
    """Of models, each by the worst that is said of its roles."""
    found: dict[SpecAddress, list[str]] = {}
    for of, sides in models.items():
        if sides.after is not None:
            found.setdefault(of.address, []).append(sides.after.verdict or NOT_SIZED)
    return dict(sorted(Counter(_worst(verdicts) for verdicts in found.values()).items()))


def _worst(verdicts: Sequence[str]) -> str:
    return min(verdicts, key=_WORST.index)


def _is_listed(sides: ModelSides) -> bool:
    return sides.changed or (sides.after is not None and sides.after.verdict in ("tight", "does-not-fit"))


def _fit(found: Assessment | None) -> ModelFit | None:
    if found is None:
        return None
    if found.sizing is None:
        return ModelFit(verdict=found.verdict, reason=found.reason)
    sizing = found.sizing
    return ModelFit(
        verdict=sizing.verdict,
        model=sizing.model,
        gpu=sizing.gpu,
        gpu_count=sizing.gpu_count,
        engine=sizing.engine,
        per_gpu=_memory(sizing.memory),
        kv=_cache(sizing),
        max_model_len=ModelLength(requested=sizing.requested_length, largest_that_fits=estimate_of(sizing.largest, 0)),
    )


def _memory(memory: Memory) -> MemoryPerGpu:
    return MemoryPerGpu(
        total=estimate_of(memory.total),
        requested=estimate_of(memory.requested),
        weights=estimate_of(memory.weights),
        activation=estimate_of(memory.activation),
        non_torch=estimate_of(memory.non_torch),
        graphs=estimate_of(memory.graphs),
        cache=estimate_of(memory.cache),
    )


def _cache(sizing: Sizing) -> KvCache:
    cache = sizing.cache
    return KvCache(
        bytes_per_token=cache.bytes_per_token,
        tokens=estimate_of(cache.tokens, 0),
        max_concurrency=estimate_of(cache.concurrency, 2),
        needed=round(cache.needed_gib, 3),
    )


def estimate_of(figure: Range, digits: int = 3) -> Estimate:
    """A range of reckoned figures as plans keep it, rounded; to whole numbers where `digits` is 0."""
    return Estimate(
        low=round(figure.low, digits or None),
        point=round(figure.point, digits or None),
        high=round(figure.high, digits or None),
    )
