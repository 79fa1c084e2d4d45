"""What would make a model fit, cheapest first; each one is checked with the same arithmetic."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from opsdecl.catalog.architectures import Quantization
from opsdecl.catalog.config_quantization import BY_NAME
from opsdecl.sizing.budget import size
from opsdecl.sizing.rules import check, fits_parallelism
from opsdecl.sizing.types import Cost, Gpu, Remedy, Request, Sizing
from opsdecl.sizing.weights import quantization_in_use

LEAST_USEFUL_LENGTH = 2048
MOST = 8
STEP = 1024
FEWER_SEQUENCES = (256, 128, 64, 32)
MORE_TENSOR = (2, 4, 8)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A changed request and how a person would say the change."""

    change: str
    cost: Cost
    request: Request


def remedies_for(request: Request, found: Sizing, others: Sequence[Gpu] = ()) -> tuple[Remedy, ...]:
    """Changes after which the model fits for certain, at most one per kind of change. `others` are GPUs to try."""
    made: list[Remedy] = []
    for attempts in _kinds(request, found, others):
        remedy = _first_that_fits(attempts)
        if remedy is not None:
            made.append(remedy)
    unique = {remedy.change: remedy for remedy in made}
    return tuple(sorted(unique.values(), key=_price)[:MOST])


def cheapest_remedy(request: Request, found: Sizing) -> tuple[Remedy, ...]:
    """The first that fits, in the order of what people give up; nothing where none does."""
    tried = (_first_that_fits(attempts) for attempts in _kinds(request, found, ()))
    return next(((remedy,) for remedy in tried if remedy is not None), ())


def _price(remedy: Remedy) -> tuple[int, float, int]:
    order = {"free": 0, "behaviour": 1, "gpus": 2}
    return order[remedy.cost], remedy.price_per_hour or 0.0, remedy.gpus


def _kinds(request: Request, found: Sizing, others: Sequence[Gpu]) -> Iterator[Iterable[Attempt]]:
    yield _shorter(request, found)
    yield _fewer(request, found)
    yield _fewer_and_shorter(request, found)
    yield _eager(request, found)
    yield _small_cache(request)
    for name in ("fp8", "w4a16"):
        yield _quantised(request, name)
    yield _more_tensor(request)
    yield (
        attempt for name in ("fp8",) for a in _quantised(request, name) for attempt in _more_tensor(a.request, a.change)
    )
    for gpu in others:
        yield _other(request, gpu)


def _first_that_fits(attempts: Iterable[Attempt]) -> Remedy | None:
    for attempt in attempts:
        if any(finding.severity.word == "error" for finding in check(attempt.request)):
            continue
        sizing = size(attempt.request)
        if sizing.verdict == "fits":
            request = attempt.request
            price = request.gpu.price_per_hour
            return Remedy(
                change=attempt.change,
                cost=attempt.cost,
                gpus=request.world,
                gpu=request.gpu.name,
                cache_gib=sizing.memory.cache.point,
                tokens=int(sizing.cache.tokens.point),
                concurrency=sizing.cache.concurrency.point,
                price_per_hour=None if price is None else price * request.world,
            )
    return None


def _set(request: Request, change: str, cost: Cost, **settings: object) -> Attempt:
    return Attempt(change, cost, replace(request, settings=replace(request.settings, **settings)))  # type: ignore[arg-type]


def _shorter(request: Request, found: Sizing) -> Iterator[Attempt]:
    """The pessimistic end decides, in steps of 1024 tokens."""
    for length in (found.largest.low, found.largest.low * 0.9):
        rounded = int(length) // STEP * STEP
        if LEAST_USEFUL_LENGTH <= rounded < found.requested_length:
            yield _set(request, f"max-model-len {rounded}", "free", max_model_len=rounded)


def _fewer(request: Request, found: Sizing) -> Iterator[Attempt]:
    for sequences in FEWER_SEQUENCES:
        if sequences < found.effective.max_num_seqs:
            batch = min(found.effective.max_num_batched_tokens, 2048)
            same = found.effective.generation == "v0"
            more = {} if same else {"max_num_batched_tokens": batch}
            said = f"max-num-seqs {sequences}" + ("" if same else f", max-num-batched-tokens {batch}")
            yield _set(request, said, "free", max_num_seqs=sequences, **more)


def _fewer_and_shorter(request: Request, found: Sizing) -> Iterator[Attempt]:
    for attempt in _fewer(request, found):
        for shorter in _shorter(attempt.request, size(attempt.request)):
            yield replace(shorter, change=f"{attempt.change}, {shorter.change}")


def _eager(request: Request, found: Sizing) -> Iterator[Attempt]:
    if not found.effective.enforce_eager:
        yield _set(request, "enforce-eager", "free", enforce_eager=True)


def _small_cache(request: Request) -> Iterator[Attempt]:
    if request.settings.kv_cache_dtype == "auto" and request.gpu.capability >= (8, 9):
        yield _set(request, "kv-cache-dtype fp8", "behaviour", kv_cache_dtype="fp8")


def _quantised(request: Request, name: str) -> Iterator[Attempt]:
    if quantization_in_use(request).method != "none":
        return
    if name == "fp8" and request.gpu.capability < (8, 0):
        return
    quantization: Quantization = replace(BY_NAME[name], online=False)
    said = "fp8 weights" if name == "fp8" else "4-bit weights (AWQ, GPTQ)"
    yield _set(request, said, "behaviour", quantization=quantization)


def _more_tensor(request: Request, before: str = "") -> Iterator[Attempt]:
    if request.gpu.is_slice:
        return
    settings = request.settings
    for tensor in MORE_TENSOR:
        right = fits_parallelism(request.architecture, tensor, quantization_in_use(request), settings.expert)
        if tensor > settings.tensor and right:
            grown = replace(request, gpu_count=max(request.gpu_count, tensor * settings.pipeline * settings.data))
            said = f"tensor-parallel {tensor}" + (f", {before}" if before else "")
            yield _set(grown, said, "gpus", tensor=tensor)


def _other(request: Request, gpu: Gpu) -> Iterator[Attempt]:
    moved = replace(request, gpu=gpu)
    count = f"{request.world} × " if request.world > 1 else "one "
    yield Attempt(f"{count}{gpu.name}", "gpus", moved)
    for attempt in _quantised(moved, "fp8"):
        yield Attempt(f"{count}{gpu.name}, fp8 weights", "gpus", attempt.request)
