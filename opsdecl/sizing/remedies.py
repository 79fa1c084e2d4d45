"""What would make a model fit, cheapest first; each one is checked with the same arithmetic."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from opsdecl.sizing import attempts
from opsdecl.sizing.attempts import Attempt
from opsdecl.sizing.reckon import fits, reckon
from opsdecl.sizing.types import Gpu, Remedy, Request, Sizing

MOST = 8
MOST_TRIED = 12
"""Attempts of one kind that are reckoned, a quarter of a millisecond each."""
ORDER = {"free": 0, "behaviour": 1, "gpus": 2}
UNPRICED = float("inf")


def remedies_for(request: Request, found: Sizing, others: Sequence[Gpu] = ()) -> tuple[Remedy, ...]:
    """Changes after which the model fits for certain, at most one per kind of change. `others` are GPUs to try."""
    gpus = (request.gpu, *(gpu for gpu in others if gpu.name != request.gpu.name))
    tried = [*_settings(request, found), *(kind for gpu in gpus for kind in _larger(request, found, gpu))]
    fitting = [attempt for kind in tried if (attempt := _first_that_fits(kind, found)) is not None]
    made = {attempt.change: _remedy(attempt) for attempt in fitting}
    ranked = sorted(made.values(), key=lambda remedy: _price(remedy, request))
    return tuple(_worth_a_line(ranked))[:MOST]


def cheapest_change(request: Request, found: Sizing) -> str:
    """The first that fits on GPUs of the same make, in the order of what people give up; empty where none does."""
    tried = (*_settings(request, found), *_larger(request, found, request.gpu))
    fitting = (_first_that_fits(kind, found) for kind in tried)
    return next((attempt.change for attempt in fitting if attempt is not None), "")


def _worth_a_line(ranked: Iterable[Remedy]) -> Iterator[Remedy]:
    """Other weights on GPUs that hold the published ones for the same price are no remedy of their own."""
    seen: set[tuple[str, int]] = set()
    for remedy in ranked:
        where = (remedy.gpu, remedy.gpus)
        if remedy.cost != "gpus" or where not in seen:
            yield remedy
        if remedy.cost == "gpus":
            seen.add(where)


def _price(remedy: Remedy, request: Request) -> tuple[int, float, int]:
    """GPUs without a price come after the others, but for the one that there is already."""
    unknown = 0.0 if remedy.gpu == request.gpu.name else UNPRICED
    price = unknown if remedy.price_per_hour is None else remedy.price_per_hour
    return ORDER[remedy.cost], price, remedy.gpus


def _settings(request: Request, found: Sizing) -> Iterator[Iterable[Attempt]]:
    """On the GPUs that there are."""
    if found.short_of == "states":
        yield _fewer_states(request, found)
    yield attempts.served(request)
    yield attempts.shorter(request, found)
    yield attempts.fewer(request, found)
    yield attempts.fewer_and_shorter(request, found)
    yield attempts.eager(request, found)
    yield attempts.small_cache(request)
    yield attempts.quantised(request, found, "fp8")
    yield attempts.quantised_throughout(request, found)
    yield attempts.quantised(request, found, "w4a16")


def _fewer_states(request: Request, found: Sizing) -> Iterator[Attempt]:
    """The most sequences whose states have room for certain."""
    low, high = 0, found.effective.max_num_seqs - 1
    while low < high:
        middle = (low + high + 1) // 2
        if fits(attempts.sequences(request, middle).request):
            low = middle
        else:
            high = middle - 1
    if low:
        yield attempts.sequences(request, low)


def _larger(request: Request, found: Sizing, gpu: Gpu) -> Iterator[Iterable[Attempt]]:
    """More GPUs, or others, as the model is published and in 8 bits."""
    yield attempts.spread(request, found, gpu)
    yield attempts.spread(request, found, gpu, "fp8")


def _first_that_fits(tried: Iterable[Attempt], found: Sizing) -> Attempt | None:
    hopeful = (attempt for attempt in tried if not attempt.is_hopeless(found))
    return next((each for each in islice(hopeful, MOST_TRIED) if fits(each.request)), None)


def _remedy(attempt: Attempt) -> Remedy:
    request = attempt.request
    sizing = reckon(request)
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
