"""Resource inputs with traced values -> plain data, and where each value came from."""

from collections.abc import Callable, Mapping
from typing import Any

from opsdecl.compile.types import Traced
from opsdecl.diag import SpecPath

# Beyond this, JSON readers that use doubles (Pulumi, kubectl plugins, browsers) change the number.
LARGEST_EXACT_INTEGER = 2**53

Problem = tuple[SpecPath, str]


class _Dropped:
    """Marks a mapping or list of which nothing was left."""


_DROPPED = _Dropped()


def settle(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[SpecPath, SpecPath], tuple[Problem, ...]]:
    """Data, origins (object path -> effective path), and problems (object path, what is wrong).

    None is dropped. A mapping or list that was written empty stays, since `emptyDir: {}` means something; one that
    is empty only because all it held was None is dropped, since everything in it was optional. Integral floats become
    integers.
    """
    origins: dict[SpecPath, SpecPath] = {}
    problems: list[Problem] = []
    data = _mapping(inputs, (), origins, problems)
    return (data if isinstance(data, dict) else {}), origins, tuple(problems)


def _value(value: Any, path: SpecPath, origins: dict[SpecPath, SpecPath], problems: list[Problem]) -> Any:
    kind = type(value)
    if kind is Traced:
        inner = value.value
        settled = inner if type(inner) is str and inner.isascii() else _value(inner, path, origins, problems)
        if settled is not None and settled is not _DROPPED:
            # An inner trace of the same path is nearer to the person's line, so it stays.
            origins.setdefault(path, value.path)
        return settled
    settle_one = _SETTLERS.get(kind)
    if settle_one is None:
        raise TypeError(f"{kind.__name__} cannot be part of an object, at {path}")
    return settle_one(value, path, origins, problems)


def _mapping(value: Any, path: SpecPath, origins: dict[SpecPath, SpecPath], problems: list[Problem]) -> Any:
    settled: dict[str, Any] = {}
    for key, item in value.items():
        kind = type(item)
        if kind is str and item.isascii():
            settled[key] = item
        elif item is not None:
            here = (*path, key)
            result = _mapping(item, here, origins, problems) if kind is dict else _value(item, here, origins, problems)
            if result is not None and result is not _DROPPED:
                settled[key] = result
    return settled if settled or not value else _DROPPED


def _sequence(value: Any, path: SpecPath, origins: dict[SpecPath, SpecPath], problems: list[Problem]) -> Any:
    settled: list[Any] = []
    for item in value:
        if item is not None:
            result = _value(item, (*path, len(settled)), origins, problems)
            if result is not None and result is not _DROPPED:
                settled.append(result)
    return settled if settled or not value else _DROPPED


def _text(value: Any, path: SpecPath, origins: dict[SpecPath, SpecPath], problems: list[Problem]) -> Any:
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        problems.append((path, "the text holds half of a surrogate pair, which UTF-8 cannot write"))
    return value


def _integer(value: Any, path: SpecPath, origins: dict[SpecPath, SpecPath], problems: list[Problem]) -> Any:
    if not -LARGEST_EXACT_INTEGER <= value <= LARGEST_EXACT_INTEGER:
        problems.append((path, f"{value} lies beyond 2^53, where JSON readers round"))
    return value


def _float(value: Any, path: SpecPath, origins: dict[SpecPath, SpecPath], problems: list[Problem]) -> Any:
    if value != value or value in (float("inf"), float("-inf")):
        problems.append((path, f"{value} is not a number that JSON can write"))
        return 0
    return _integer(int(value), path, origins, problems) if value.is_integer() else value


def _plain(value: Any, path: SpecPath, origins: dict[SpecPath, SpecPath], problems: list[Problem]) -> Any:
    return value


_SETTLERS: Mapping[type, Callable[..., Any]] = {
    dict: _mapping,
    list: _sequence,
    tuple: _sequence,
    str: _text,
    bool: _plain,
    int: _integer,
    float: _float,
    type(None): _plain,
}
