"""Functions that the library lacks or gets wrong, over plain values. They raise ValueError or TypeError."""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,2})|([KMGTPE]i|[numkMGTPE]?))")
_SUFFIXES = {
    **{suffix: Fraction(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{suffix: Fraction(1000) ** -power for power, suffix in enumerate(("m", "u", "n"), 1)},
    "": Fraction(1),
}
_TRUTHS = {"true": True, "t": True, "1": True, "TRUE": True, "True": True}
_UNTRUTHS = {"false": False, "f": False, "0": False, "FALSE": False, "False": False}


def quantity(text: Any) -> float:
    """A Kubernetes quantity as a number: `1Gi` is 1073741824, `500m` is 0.5."""
    match = _QUANTITY.fullmatch(_text(text))
    if match is None:
        raise ValueError(f"`{text}` is not a quantity")
    number, exponent, suffix = match.groups()
    return float(Fraction(number) * (Fraction(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""]))


def is_quantity(text: Any) -> bool:
    return isinstance(text, str) and _QUANTITY.fullmatch(text) is not None


def compare_to(left: Any, right: Any) -> int:
    """-1, 0 or 1."""
    return (_number(left) > _number(right)) - (_number(left) < _number(right))


def boolean(value: Any) -> bool:
    found = value if isinstance(value, bool) else {**_TRUTHS, **_UNTRUTHS}.get(_text(value))
    if found is None:
        raise ValueError(f"`{value}` is no truth value")
    return bool(found)


def size(value: Any) -> int:
    """Characters of a text (the library counts bytes), else items."""
    if not isinstance(value, str | bytes | list | Mapping):
        raise TypeError("size of something that has none")
    return len(value)


def lower_ascii(text: Any) -> str:
    return "".join(c.lower() if c.isascii() else c for c in _text(text))


def upper_ascii(text: Any) -> str:
    return "".join(c.upper() if c.isascii() else c for c in _text(text))


def trim(text: Any) -> str:
    return _text(text).strip()


def split(text: Any, separator: Any) -> list[str]:
    return _text(text).split(_text(separator)) if _text(separator) else list(_text(text))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {type(value).__name__}")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a quantity, found {type(value).__name__}")
    return float(value)


EXTRA: Mapping[str, Callable[..., Any]] = {
    "quantity": quantity,
    "isQuantity": is_quantity,
    "compareTo": compare_to,
    "isGreaterThan": lambda left, right: compare_to(left, right) > 0,
    "isLessThan": lambda left, right: compare_to(left, right) < 0,
    "bool": boolean,
    "lowerAscii": lower_ascii,
    "upperAscii": upper_ascii,
    "trim": trim,
    "split": split,
}
"""By the name that expressions use, spelled as Kubernetes spells them."""

CONVERSIONS = frozenset({"int", "uint", "double", "string", "bytes", "type", "dyn", "timestamp", "duration"})
TEXTS = frozenset({"size", "matches", "contains", "startsWith", "endsWith"})
MACROS = frozenset({"has", "all", "exists", "exists_one", "map", "filter"})
_PARTS = ("FullYear", "Month", "Date", "DayOfMonth", "DayOfWeek", "DayOfYear", "Hours", "Minutes", "Seconds")
TIMES = frozenset({f"get{part}" for part in (*_PARTS, "Milliseconds")})
BUILT_IN = CONVERSIONS | TEXTS | MACROS | TIMES
KNOWN = BUILT_IN | frozenset(EXTRA)

TYPE_NAMES = frozenset({"int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"})
"""Names that stand for types, as in `type(x) == int`."""
