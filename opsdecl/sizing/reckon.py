"""Sizing on a GPU of which only the memory may be known: then each generation is reckoned, and no figure says more."""

from collections.abc import Sequence

from msgspec.structs import replace

from opsdecl.diag import has_errors
from opsdecl.sizing.budget import effective_settings, size, tightest, verdict_of
from opsdecl.sizing.engines import rules_for
from opsdecl.sizing.rules import check
from opsdecl.sizing.types import Memory, Range, Request, Sizing, Verdict

GENERATIONS = ((7, 5), (8, 0), (8, 9), (9, 0), (10, 0), (12, 0))
"""Turing, Ampere, Ada, Hopper, Blackwell in data centres and elsewhere."""


def reckon(request: Request) -> Sizing:
    """The arithmetic alone: findings and remedies are added by `rules` and `remedies`."""
    if request.gpu.known:
        return size(request)
    return _together(size(request), [size(each) for each in _generations(request)])


def fits(request: Request) -> bool:
    """Whether the engine takes it and the pessimistic end fits: without the figures that only people read."""
    every = (request,) if request.gpu.known else _generations(request)
    return all(map(_fits, every)) and not has_errors(check(request))


def _fits(request: Request) -> bool:
    rules = rules_for(request)
    effective = effective_settings(request, rules)
    stand = tightest(request, rules, effective)
    return verdict_of(request, stand.pool, rules, stand.memory, effective) == "fits"


def _generations(request: Request) -> tuple[Request, ...]:
    return tuple(replace(request, gpu=replace(request.gpu, capability=each)) for each in GENERATIONS)


def _together(usual: Sizing, found: Sequence[Sizing]) -> Sizing:
    memories = [each.memory for each in found]
    parts = {part: _around([getattr(each, part) for each in memories]) for part in Memory.__struct_fields__}
    points = {name: replace(part, point=getattr(usual.memory, name).point) for name, part in parts.items()}
    tokens = _around([each.cache.tokens for each in found])
    at_once = _around([each.cache.concurrency for each in found])
    return replace(
        usual,
        memory=Memory(**points),
        cache=replace(
            usual.cache,
            tokens=replace(tokens, point=usual.cache.tokens.point),
            concurrency=replace(at_once, point=usual.cache.concurrency.point),
        ),
        largest=replace(_around([each.largest for each in found]), point=usual.largest.point),
        verdict=_verdict({each.verdict for each in found}),
    )


def _around(found: Sequence[Range]) -> Range:
    low, high = min(each.low for each in found), max(each.high for each in found)
    return Range(low, low, high)


def _verdict(found: set[Verdict]) -> Verdict:
    """A promise and a refusal both need every generation."""
    return next(iter(found)) if len(found) == 1 else "tight"
