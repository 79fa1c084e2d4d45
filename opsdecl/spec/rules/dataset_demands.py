"""Rules of what is demanded and said of data: checks that could never hold or say nothing, splits, retention."""

import re
from collections.abc import Iterator, Mapping

from opsdecl.diag import Severity, SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.dataset import Dataset
from opsdecl.spec.kinds.dataset_checks import Checks, ColumnCheck, ColumnType
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_KIND = frozenset({"Dataset"})
_DAY_S = 86400.0
_HELD_BY: Mapping[ColumnType, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
"""Types of the values that a column can have; times are written in more than one way."""


def demands(document: Dataset) -> Iterator[Finding]:
    checks = document.spec.checks
    if checks is None:
        return
    if not document.spec.schema_ and not _demands_anything(checks):
        message = "nothing is demanded of the data, so every check holds"
        hint = "add `schema`, or one of `rows`, `columns`, `duplicates` and `drift`"
        yield Finding(codes.ONE_OF_FIELDS, ("spec", "checks"), message, hint, True)
    for name, column in checks.columns.items():
        yield from _column(document, name, column)
    if checks.duplicates is not None:
        for index, name in doubles(checks.duplicates.columns):
            path: SpecPath = ("spec", "checks", "duplicates", "columns", index)
            yield Finding(codes.DUPLICATE_ENTRY, path, f"`{name}` stands in `columns` twice", "remove one")


def _demands_anything(checks: Checks) -> bool:
    rows = checks.rows is not None and (checks.rows.min is not None or checks.rows.max is not None)
    return rows or bool(checks.columns) or checks.duplicates is not None or bool(checks.drift)


def _column(document: Dataset, name: str, column: ColumnCheck) -> Iterator[Finding]:
    path: SpecPath = ("spec", "checks", "columns", name)
    try:
        re.compile(column.pattern or "")
    except re.error as error:
        message = f"`{column.pattern}` is no regular expression: {error}"
        yield Finding(codes.OUT_OF_RANGE, (*path, "pattern"), message, "write one as Python's `re` reads it")
    declared = document.spec.schema_.get(name)
    if declared is None:
        return
    kind = declared.type
    foreign: tuple[str, ...] = ("min", "max") if kind not in ("integer", "number") else ()
    foreign += ("pattern",) if kind != "string" else ()
    for field in foreign:
        if getattr(column, field) is not None:
            message = f"`{field}` says nothing of `{name}`, which is of the type `{kind}`"
            yield Finding(codes.EXCLUSIVE_FIELDS, (*path, field), message, "remove it, or change the type", True)
    for index, value in enumerate(column.values):
        held = _HELD_BY.get(kind)
        if held is not None and (not isinstance(value, held) or (isinstance(value, bool) and kind != "boolean")):
            message = f"`{name}` is of the type `{kind}`, so it never holds {_shown(value)}"
            hint = f'write "{value}"' if kind == "string" else f"write a value of the type `{kind}`"
            yield Finding(codes.WRONG_TYPE, (*path, "values", index), message, hint)


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def files(document: Dataset) -> Iterator[Finding]:
    spec = document.spec
    named: list[tuple[SpecPath, str]] = [(("spec", "splits", n, "path"), s.path) for n, s in spec.splits.items()]
    named += [(("spec", "checks", "files"), spec.checks.files)] if spec.checks is not None else []
    for path, pattern in named:
        if pattern.startswith("/") or ".." in pattern.split("/"):
            message = f"`{pattern}` leads out of the folder of the prepared data"
            yield Finding(codes.BAD_PATH, path, message, "write it relative to that folder, such as `train/*.csv`")
    seen: dict[str, str] = {}
    for name, split in spec.splits.items():
        first = seen.setdefault(split.path, name)
        if first != name:
            message = f"`{name}` is the same files as `{first}`: what is measured on one was trained on as the other"
            path = ("spec", "splits", name, "path")
            hint = "name other files, or remove one"
            yield Finding(codes.DUPLICATE_ENTRY, path, message, hint, severity=Severity.WARNING)


def retention(document: Dataset) -> Iterator[Finding]:
    kept = document.spec.retention
    if kept is not None and kept.seconds < _DAY_S:
        message = f"`{kept}` is less than a day (`m` are minutes)"
        yield Finding(codes.OUT_OF_RANGE, ("spec", "retention"), message, "write it in days: `30d`")


RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_KIND, (("spec", "checks"), ("spec", "schema")), demands),
    DocumentRule(_KIND, (("spec", "checks"), ("spec", "splits")), files),
    DocumentRule(_KIND, (("spec", "retention"),), retention),
)
