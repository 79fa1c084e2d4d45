"""Rules of searches: spaces that can be searched, and what fields say only together."""

from collections.abc import Iterator, Sequence
from typing import Any

from opsdecl.diag.codes import spec as codes
from opsdecl.diag.codes import work
from opsdecl.spec.kinds.tuning import Choice, DoubleRange, IntRange, Tuning
from opsdecl.spec.rules.types import DocumentRule, Finding

_KIND = frozenset({"Tuning"})
_LARGEST_GRID = 100_000


def spaces(document: Tuning) -> Iterator[Finding]:
    for name, space in document.spec.parameters.items():
        path = ("spec", "parameters", name)
        if isinstance(space, Choice):
            yield from _choice(space, path)
        elif space.min >= space.max:
            yield _unsearchable((*path, "max"), f"no value lies between {space.min:g} and {space.max:g}", "raise `max`")
        elif space.scale == "log":
            yield from _log(space, path)


def _choice(space: Choice, path: tuple[str, ...]) -> Iterator[Finding]:
    for index, value in enumerate(space.values):
        if any(value == other and type(value) is type(other) for other in space.values[:index]):
            yield Finding(
                codes.DUPLICATE_ENTRY, (*path, "values", index), f"`{value}` stands in `values` twice", "remove it"
            )


def _log(space: DoubleRange | IntRange, path: tuple[str, ...]) -> Iterator[Finding]:
    if space.min <= 0:
        yield _unsearchable((*path, "min"), "a logarithmic scale has no 0 and nothing below", "set `scale: linear`")
    elif space.step not in (None, 1):
        yield _unsearchable((*path, "step"), "a logarithmic scale has no steps", "remove it, or set `scale: linear`")


def grid(document: Tuning) -> Iterator[Finding]:
    spec = document.spec
    if spec.algorithm.type != "grid":
        return
    for name, space in spec.parameters.items():
        if isinstance(space, DoubleRange) and space.step is None:
            path = ("spec", "parameters", name)
            yield _unsearchable(path, f"a grid needs the distance between values of `{name}`", "add `step: …`")
            return
    if spec.algorithm.seed is not None:
        message = "`grid` chooses nothing by chance"
        yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", "algorithm", "seed"), message, "remove it", True)
    size = grid_size(tuple(spec.parameters.values()))
    if size < spec.trials:
        message = f"the grid has {size} combinations, and {spec.trials} trials are asked for"
        yield _unsearchable(("spec", "trials"), message, f"set `trials: {size}`")


def grid_size(all_spaces: Sequence[Any]) -> int:
    """Combinations, at most a hundred thousand: more are never counted out."""
    size = 1
    for space in all_spaces:
        if isinstance(space, Choice):
            size *= len(space.values)
        elif space.max > space.min:
            size *= int((space.max - space.min) / (space.step or 1) + 1e-9) + 1
    return min(size, _LARGEST_GRID)


def amounts(document: Tuning) -> Iterator[Finding]:
    spec = document.spec
    if spec.parallel > spec.trials:
        message = f"{spec.parallel} trials at a time are more than {spec.trials} in all"
        yield Finding(codes.EXCLUSIVE_FIELDS, ("spec", "parallel"), message, f"set `parallel: {spec.trials}`")
    volume = spec.output
    if volume.claim is None and volume.size is None:
        message = "`output` needs a volume: an existing one, or the size of a new one"
        yield Finding(codes.ONE_OF_FIELDS, ("spec", "output"), message, "add `claim: …` or `size: …`", True)
    elif volume.claim is None and spec.parallel > 1 and volume.access_mode != "ReadWriteMany":
        message = f"{spec.parallel} pods share a volume that is mounted `{volume.access_mode}`"
        path = ("spec", "output", "accessMode")
        yield Finding(codes.CACHE_NOT_SHARED, path, message, "set `accessMode: ReadWriteMany`")


def _unsearchable(path: tuple[str | int, ...], message: str, hint: str) -> Finding:
    return Finding(work.UNSEARCHABLE_SPACE, path, message, hint)


RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_KIND, (("spec", "parameters"),), spaces),
    DocumentRule(_KIND, (("spec", "parameters"), ("spec", "algorithm"), ("spec", "trials")), grid),
    DocumentRule(_KIND, (("spec", "trials"), ("spec", "parallel"), ("spec", "output")), amounts),
)
