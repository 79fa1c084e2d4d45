"""What sizing says of language models on both sides -> the rows of a plan, and how many there are of each verdict."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field

from opsdecl.addr import SpecAddress
from opsdecl.diff.types import Estimate, KvCache, MemoryPerGpu, ModelChange, ModelFit, ModelLength
from opsdecl.sizing.types import Assessment, Memory, Range, Sizing

NOT_SIZED = "not-sized"


class ModelSides(Struct, frozen=True):
    """One model before and after. `changed` where its document does."""

    before: Assessment | None
    after: Assessment | None
    changed: bool = True
    turned_by: str = ""


class ModelChanges(Struct, frozen=True):
    """The rows, in the order of addresses, and the verdicts of all models after the change."""

    rows: tuple[ModelChange, ...] = ()
    verdicts: dict[str, int] = field(default_factory=dict)


NO_MODELS = ModelChanges()


def model_changes(models: Mapping[SpecAddress, ModelSides]) -> ModelChanges:
    """A row for each model that changes, and for each that does not fit for certain."""
    counted = Counter(sides.after.verdict or NOT_SIZED for sides in models.values() if sides.after is not None)
    rows = (
        ModelChange(
            address=str(address),
            before=_fit(models[address].before),
            after=_fit(models[address].after),
            turned_by=models[address].turned_by,
        )
        for address in sorted(models)
        if _is_listed(models[address])
    )
    return ModelChanges(tuple(rows), dict(sorted(counted.items())))


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
