"""Differences -> rows of the plan: masked, summarised, with their cause, their meaning and their place."""

from collections.abc import Callable, Mapping
from typing import Any

from opsdecl.addr import SpecAddress
from opsdecl.diag import SpecPath
from opsdecl.diff.classify import Meaning
from opsdecl.diff.compare import MISSING, Difference, DiffPath, differences
from opsdecl.diff.sensitive import masked
from opsdecl.diff.texts import summarise
from opsdecl.diff.types import Cause, FieldChange, Origin

Locate = Callable[[SpecAddress, SpecPath], Origin | None]
"""The line that set a value of a document's effective tree."""


def nowhere(_address: SpecAddress, _path: SpecPath) -> Origin | None:
    """For plans whose lines nobody will look at."""
    return None


def field_change(
    kind: str, difference: Difference, meaning: Meaning, *, cause: Cause = "spec", origin: Origin | None = None
) -> FieldChange:
    before = masked(kind, difference.path, difference.before)
    after = masked(kind, difference.path, difference.after)
    return FieldChange(
        path=difference.text,
        before=None if before is MISSING else before,
        after=None if after is MISSING else after,
        absent=("before",) if before is MISSING else ("after",) if after is MISSING else (),
        cause=cause,
        summary=summarise(before, after),
        classes=meaning.classes,
        reason=meaning.reason,
        origin=origin,
    )


def causes_of(
    found: tuple[Difference, ...], applied: Mapping[str, Any], live: Mapping[str, Any], desired: Mapping[str, Any]
) -> tuple[Cause, ...]:
    """For each difference of live and desired: did the spec move, did somebody move the live value, or both?"""
    edited = _Paths(differences(applied, desired))
    drifted = _Paths(differences(applied, live))
    return tuple(_cause(edited.touches(d.path), drifted.touches(d.path)) for d in found)


def _cause(edited: bool, drifted: bool) -> Cause:
    return ("both" if drifted else "spec") if edited else "drift"


class _Paths:
    """Whether a path is, contains or lies inside one of the paths that differ."""

    def __init__(self, found: tuple[Difference, ...]) -> None:
        self._paths = frozenset(d.path for d in found)
        self._inside = frozenset(path[:n] for path in self._paths for n in range(len(path)))

    def touches(self, path: DiffPath) -> bool:
        return path in self._inside or any(path[:n] in self._paths for n in range(len(path) + 1))
