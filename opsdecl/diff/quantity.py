"""Kubernetes quantities by value, so that `1000m` and `1` are the same amount of CPU."""

import re
from fractions import Fraction
from typing import Any

_QUANTITY = re.compile(
    r"([+-]?\d{1,30}(?:\.\d{0,30})?|[+-]?\.\d{1,30})(?:([eE][+-]?\d{1,2})|(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E))?"
)
_SCALES = {
    **{f"{prefix}i": Fraction(1024) ** power for power, prefix in enumerate("KMGTPE", start=1)},
    **{
        suffix: Fraction(10) ** power
        for suffix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
    },
}
_PARENTS = frozenset({"requests", "limits", "hard", "capacity", "resources"})
_NAMES = frozenset({"sizeLimit", "size"})


def parse_quantity(value: Any) -> Fraction | None:
    """The exact amount, None where the value is no quantity."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Fraction(value)
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    scale = Fraction(10) ** int(exponent[1:]) if exponent else _SCALES[suffix] if suffix else Fraction(1)
    return Fraction(number) * scale


def is_quantity_path(path: tuple[Any, ...]) -> bool:
    """Only where Kubernetes or a spec declares a quantity: elsewhere `1` and `1000m` are different texts."""
    return bool(path) and (path[-1] in _NAMES or not _PARENTS.isdisjoint(p for p in path[:-1] if isinstance(p, str)))


def same_quantity(before: Any, after: Any) -> bool:
    amount = parse_quantity(before)
    return amount is not None and amount == parse_quantity(after)


def shrinks(before: Any, after: Any) -> bool:
    """Whether a quantity gets smaller. What cannot be read counts as shrinking: it is the dangerous direction."""
    old, new = parse_quantity(before), parse_quantity(after)
    return old is None or new is None or new < old
