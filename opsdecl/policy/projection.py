"""Value × reads -> the part of the value that an expression can see. Equal projections have equal results."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsdecl.cel.reads import Each, Read


@dataclass(slots=True)
class Shape:
    """A tree of what is read. Without fields, items and `whole`, only the presence of the value counts."""

    whole: bool = False
    fields: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None


def shape_of(reads: Iterable[Read]) -> Shape:
    """The union of all reads, over the mapping of variables."""
    root = Shape()
    for read in reads:
        at = root
        for part in read.path:
            at = _step(at, part)
        at.whole = at.whole or read.extent == "value"
    return root


def _step(shape: Shape, part: str | Each) -> Shape:
    if isinstance(part, Each):
        shape.items = shape.items or Shape()
        return shape.items
    return shape.fields.setdefault(part, Shape())


def project(values: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """Variables that no expression of this shape can tell from `values`.

    Whatever is not of the expected form is kept as it is, so that errors about types stay the same.
    """
    return _project_fields(values, shape)


def _project(value: Any, shape: Shape) -> Any:
    if shape.whole:
        return value
    if not shape.fields and shape.items is None:
        return True  # only that it is there counts
    if isinstance(value, dict | Mapping):
        return dict(value) if shape.items is not None else _project_fields(value, shape)
    if isinstance(value, list) and shape.items is not None:
        below = shape.items
        return [_project(item, below) for item in value]
    return value


def _project_fields(value: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    found = {}
    for name, below in shape.fields.items():
        if name in value:
            inner = value[name]
            found[name] = inner if below.whole else _project(inner, below)
    return found


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False, default=dict).encode


def key_of(projected: Any) -> str:
    """Text that differs where values or types differ. The order of mappings counts: at worst, a missed repetition."""
    return _encode(projected)
