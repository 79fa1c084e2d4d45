"""Differences -> what they mean. Objects are judged by the rows of `rules`, documents by effects that come as data."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.diff.compare import MISSING, Difference, DiffPath
from opsdecl.diff.quantity import shrinks
from opsdecl.diff.rules import FieldRule, covers, field_rules
from opsdecl.diff.types import CLASSES, ChangeClass


class FieldEffect(Protocol):
    """What a change of a document's field means, as declared with the field.

    `path` names the field and all below it (`spec.engine.maxModelLen`; `*` for any name or entry). `rule` names the
    condition under which the class holds, a key of `CONDITIONS`; where it does not, the milder class there counts.
    `gone` is why it matters that the whole field, or an entry of its list, is taken away. `shown` is a root of
    effective values that says what the field comes to.
    """

    @property
    def path(self) -> str: ...
    @property
    def change_class(self) -> ChangeClass: ...
    @property
    def reason(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def gone(self) -> str: ...
    @property
    def shown(self) -> str: ...


EffectTable = Mapping[str, Sequence[FieldEffect]]
"""Effects by kind of document."""


class Meaning(Struct, frozen=True):
    """Classes, worst first, and why. `restarts`: the pods of the object are replaced by new ones."""

    classes: tuple[ChangeClass, ...] = ()
    reason: str = ""
    restarts: bool = False

    def __or__(self, other: "Meaning") -> "Meaning":
        classes = ordered((*self.classes, *other.classes))
        leads = not other.classes or (bool(self.classes) and classes[0] == self.classes[0])
        reason = (self.reason if leads else other.reason) or self.reason or other.reason
        return Meaning(classes, reason, self.restarts or other.restarts)


NOTHING = Meaning()
SAME_AMOUNT = Meaning(("none",), "the same amount, written differently")
_VERSION = re.compile(r"(\d+)\.(\d+)(?:[.\w+-]*)$")


def ordered(classes: Iterable[ChangeClass]) -> tuple[ChangeClass, ...]:
    """Each once, worst first; `none` only where there is nothing else."""
    present = set(classes)
    return tuple(c for c in CLASSES if c in present and (c != "none" or len(present) == 1))


def worst(classes: Sequence[ChangeClass]) -> int:
    """Rank for sorting: 0 is the worst there is."""
    return min((CLASSES.index(c) for c in classes), default=len(CLASSES))


def leaves(difference: Difference) -> Iterator[Difference]:
    """A whole branch that came or went, field by field, so that rules about what is inside it apply."""
    present = difference.after if difference.before is MISSING else difference.before
    other = difference.before if difference.before is MISSING else difference.after
    if other is not MISSING or not isinstance(present, Mapping) or not present:
        yield difference
        return
    for name, value in present.items():
        yield from leaves(_child(difference, name, value))


def _child(difference: Difference, name: str, value: Any) -> Difference:
    path = (*difference.path, name)
    if difference.before is MISSING:
        return Difference(path, MISSING, value, (*difference.after_path, name))
    return Difference(path, value, MISSING, difference.after_path)


def object_meaning(kind: str, difference: Difference) -> Meaning:
    """What a change of an object's field does, by the rows of its kind."""
    if difference.equivalent:
        return SAME_AMOUNT
    meaning = NOTHING
    for leaf in leaves(difference):
        row = next((row for row in field_rules(kind, leaf.path) if _holds(row, leaf)), None)
        meaning |= Meaning(row.classes, row.reason, row.restarts) if row else NOTHING
    return meaning


def _holds(row: FieldRule, difference: Difference) -> bool:
    return row.when == "always" or shrinks(difference.before, difference.after)


def document_meaning(
    effects: EffectTable, kind: str, references: Mapping[str, SpecAddress], difference: Difference
) -> Meaning:
    """What a change of a document's effective value does, by the rows of its kind and of what it refers to.

    `runtime.version` is looked up as `spec.version` of the Runtime and as `runtime.version` of the document; what a
    field of the document was resolved to (`model.revision`, the text of `chatTemplate`) as that field.
    """
    if difference.equivalent:
        return SAME_AMOUNT
    meaning = _taken_away(effects.get(kind, ()), difference)
    for leaf in leaves(difference):
        meaning |= _by_rows(effects.get(kind, ()), leaf.path, leaf)
        root = references.get(leaf.path[0]) if leaf.path and isinstance(leaf.path[0], str) else None
        if root is not None:
            meaning |= _by_rows(effects.get(root.kind, ()), ("spec", *leaf.path[1:]), leaf)
        elif leaf.path and leaf.path[0] not in ("metadata", "spec"):
            meaning |= _by_rows(effects.get(kind, ()), ("spec", *leaf.path), leaf)
    return meaning


def told_by_roots(effects: EffectTable, kind: str, found: Sequence[Difference]) -> frozenset[DiffPath]:
    """Of differences of one document those that another of them says in the words of people, as its kind declares."""
    roots = {difference.path[0] for difference in found}
    rows = effects.get(kind, ())
    return frozenset(d.path for d in found if d.path[0] == "spec" and _most_specific(rows, d.path) & roots)


def _most_specific(rows: Sequence[FieldEffect], path: DiffPath) -> frozenset[str]:
    """Roots that stand for a field."""
    found = [row for row in rows if covers(row.path, path)]
    longest = max((row.path.count(".") for row in found), default=0)
    return frozenset(row.shown for row in found if row.shown and row.path.count(".") == longest)


def _taken_away(rows: Sequence[FieldEffect], difference: Difference) -> Meaning:
    """Of a field that says what its absence means: that goes before what is said of anything in it."""
    if _is_set(difference.after) and not _loses(difference.before, difference.after):
        return NOTHING
    named = (difference.path, ("spec", *difference.path))
    gone = (row for row in rows if row.gone and any(_names(row, path) for path in named))
    return next((Meaning((row.change_class,), row.gone) for row in gone), NOTHING)


def _names(row: FieldEffect, path: DiffPath) -> bool:
    """Whether the row is of this very field, and not of one around it."""
    return row.path.count(".") + 1 == len(path) and covers(row.path, path)


def _loses(before: Any, after: Any) -> bool:
    both = isinstance(before, (list, tuple)) and isinstance(after, (list, tuple))
    return both and any(item not in after for item in before)


def _by_rows(rows: Sequence[FieldEffect], path: DiffPath, leaf: Difference) -> Meaning:
    """The most specific rows decide; several may name the same field."""
    found = [row for row in rows if covers(row.path, path)]
    longest = max((row.path.count(".") for row in found), default=0)
    meaning = NOTHING
    for row in found:
        if row.path.count(".") == longest:
            meaning |= _by_row(row, leaf)
    return meaning


def _by_row(row: FieldEffect, leaf: Difference) -> Meaning:
    condition = CONDITIONS.get(row.rule)
    if condition is None or condition.holds(leaf.before, leaf.after):
        return Meaning((row.change_class,), row.reason)
    return condition.otherwise


def _other_minor(before: Any, after: Any) -> bool:
    """An image counts without its digest; another repository is never the same version."""
    old = _version(before)
    return old is None or old != _version(after)


def _version(value: Any) -> tuple[str, str, str] | None:
    text = str(value).partition("@")[0]
    found = _VERSION.search(text)
    return (text[: found.start()], found[1], found[2]) if found else None


def _is_set(value: Any) -> bool:
    return value is not MISSING and value is not None


def _narrows(before: Any, after: Any) -> bool:
    """Whether a list lets less through, where an empty one lets everything through."""
    kept = after if _is_set(after) else ()
    was = before if _is_set(before) else ()
    return bool(kept) and (not was or any(item not in kept for item in was))


class Condition(Struct, frozen=True):
    """When the class of a row holds, by the values before and after, and what it is otherwise."""

    holds: Callable[[Any, Any], bool]
    otherwise: Meaning


CONDITIONS: Mapping[str, Condition] = {
    "minor-version": Condition(_other_minor, Meaning(("rolling",), "a patch version: the same engine, restarted")),
    "shrink": Condition(
        lambda before, after: _is_set(before) and shrinks(before, after),
        Meaning(("capacity",), "the volume grows in place"),
    ),
    "from-pvc": Condition(lambda before, _: before == "pvc", Meaning(("rolling",), "pods restart with another cache")),
    "newly-set": Condition(
        lambda before, _: not _is_set(before), Meaning(("rolling",), "pods restart with another volume")
    ),
    "removed": Condition(
        lambda before, after: _narrows(before, after), Meaning(("reload",), "more requests are answered")
    ),
}
