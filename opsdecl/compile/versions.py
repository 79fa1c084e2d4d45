"""Versions of the tool against `spec.requires` of a Project: comparisons joined by commas."""

import operator
import re
from collections.abc import Callable, Mapping

_COMPARISON = re.compile(r"\s*(>=|<=|==|!=|~=|>|<)\s*(\d+(?:\.\d+)*)(\.\*)?\s*")
_OPERATORS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def satisfies(version: str, requirement: str) -> bool:
    """Whether a version meets every comparison; an empty requirement is met by all. Suffixes (`rc1`) do not count."""
    have = _parts(version)
    comparisons = [_COMPARISON.fullmatch(part) for part in requirement.split(",") if part.strip()]
    return all(match is not None and _holds(have, match[1], _parts(match[2]), bool(match[3])) for match in comparisons)


def _parts(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else (0,)


def _holds(have: tuple[int, ...], comparison: str, wanted: tuple[int, ...], prefix: bool) -> bool:
    length = max(len(have), len(wanted))
    ours, theirs = _padded(have, length), _padded(wanted, length)
    same = ours[: len(wanted)] == wanted if prefix else ours == theirs
    if comparison in ("==", "!="):
        return same == (comparison == "==")
    if comparison == "~=":
        return ours >= theirs and ours[: len(wanted) - 1] == wanted[:-1]
    return _OPERATORS[comparison](ours, theirs)


def _padded(numbers: tuple[int, ...], length: int) -> tuple[int, ...]:
    return numbers + (0,) * (length - len(numbers))
