"""What a release knows, as plain data: one row of facts for each flag and metric."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.engines.flags import Flag
from tools.engines.metrics import Metric
from tools.engines.values import Unknown

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Release:
    """One release as it was read."""

    version: str
    source: Row
    flags: Mapping[str, Row]
    metrics: Mapping[str, Row]
    devices: Mapping[str, Row] = field(default_factory=dict)
    """Flags whose default depends on the GPU, with the cases."""


def flag_row(flag: Flag) -> Row:
    """Facts of a flag; what is not said is left out, an unknown default among it."""
    choices = sorted(
        {c for c in flag.taken.choices if c is not None}, key=lambda choice: (isinstance(choice, str), choice)
    )
    row: dict[str, Any] = {"type": flag.taken.type}
    row |= {"many": True} if flag.taken.many else {}
    row |= {"choices": choices} if choices else {}
    row |= {"open": True} if choices and flag.taken.open else {}
    row |= {"folds": True} if choices and flag.taken.folds else {}
    if flag.default_from:
        row["defaultFrom"] = flag.default_from
    elif not _has_unknown(flag.default):
        row["default"] = flag.default
    row |= {"aliases": sorted(flag.aliases)} if flag.aliases else {}
    row |= {"short": sorted(flag.short)} if flag.short else {}
    return row | ({"deprecated": True} if flag.deprecated else {})


def metric_row(metric: Metric) -> Row:
    row: dict[str, Any] = {"type": metric.type}
    row |= {"labels": list(metric.labels)} if metric.labels is not None else {}
    return row | ({"generations": list(metric.generations)} if metric.generations else {})


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_unknown(item) for item in value.values())
    return isinstance(value, Unknown) or (isinstance(value, list) and any(_has_unknown(item) for item in value))
