"""A rule over one valid document: what it reads, and what it finds."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from opsdecl.diag import Code, Severity, SpecPath


class Finding(Struct, frozen=True):
    """What a rule found, by path. `on_key` points at the field's name instead of its value."""

    code: Code
    path: SpecPath
    message: str
    hint: str = ""
    on_key: bool = False
    severity: Severity | None = None


class DocumentRule(Struct, frozen=True):
    """`check` sees a valid model; where a field of `reads` is wrong, the rule keeps silent."""

    kinds: frozenset[str]
    reads: tuple[SpecPath, ...]
    check: Callable[[Any], Iterator[Finding]]


def doubles(values: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Positions of values that occurred before."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)
