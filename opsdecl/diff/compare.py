"""Two trees -> the fields in which they differ. Lists whose entries have names are compared by name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from opsdecl.addr import format_path
from opsdecl.diag import SpecPath
from opsdecl.diff.lists import Entries, Entry, entries_of
from opsdecl.diff.quantity import is_quantity_path, same_quantity


class Missing:
    """Stands for a value that is not there, since `None` may be one."""

    def __repr__(self) -> str:
        return "(absent)"


MISSING: Final = Missing()


class Item(Struct, frozen=True):
    """An entry of a list by its key; `ORDER` stands for the sequence of all its keys."""

    key: str


ORDER: Final = Item("order")
Part = str | Item
DiffPath = tuple[Part, ...]
_SCALARS = frozenset({str, int, float, bool})
_MAPPINGS = (dict, Mapping)
"""The plain type first: asking the abstract one costs a call."""


class Difference(Struct, frozen=True):
    """One field. `after_path` is its place in the tree afterwards, or its parent's where it is gone.

    `equivalent`: another text for the same amount. Below `ORDER` the values are the keys that both lists share.
    """

    path: DiffPath
    before: Any
    after: Any
    after_path: SpecPath
    equivalent: bool = False

    @property
    def text(self) -> str:
        return print_path(self.path)


def print_path(path: DiffPath) -> str:
    """`spec.template.spec.containers[vllm].args[--max-num-seqs]`."""
    text = ""
    for part in path:
        name = format_path((part,)) if isinstance(part, str) else f"[{part.key}]"
        text += f".{name}" if text and not name.startswith("[") else name
    return text


def differences(before: Any, after: Any) -> tuple[Difference, ...]:
    """Every field that differs, in the order of the tree afterwards; removed fields follow their siblings."""
    return tuple(_compare((), before, after, ()))


def same(before: Any, after: Any) -> bool:
    """Equal as JSON: unlike `==`, a truth value is not a number."""
    return before is after or (bool(before == after) and _same_sorts(before, after))


def _same_sorts(before: Any, after: Any) -> bool:
    """Of equal values: whether truth values stand where truth values do."""
    if isinstance(before, _MAPPINGS):
        pairs = [(value, after[name]) for name, value in before.items()]
    elif isinstance(before, (list, tuple)):
        pairs = list(zip(before, after, strict=True))
    else:
        return isinstance(before, bool) is isinstance(after, bool)
    return all(old is new or type(old) is str or _same_sorts(old, new) for old, new in pairs)


def _compare(path: DiffPath, before: Any, after: Any, at: SpecPath) -> Iterator[Difference]:
    if isinstance(before, _MAPPINGS) and isinstance(after, _MAPPINGS):
        yield from _compare_mappings(path, before, after, at)
    elif isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        yield from _compare_lists(path, before, after, at)
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield Difference(path, before, after, at, same_quantity(before, after) and is_quantity_path(path))


def _compare_mappings(
    path: DiffPath, before: Mapping[str, Any], after: Mapping[str, Any], at: SpecPath
) -> Iterator[Difference]:
    for name, value in after.items():
        old = before.get(name, MISSING)
        if old is value or (type(old) is type(value) and type(value) in _SCALARS and old == value):
            continue
        if old is not MISSING:
            yield from _compare((*path, name), old, value, (*at, name))
        else:
            yield Difference((*path, name), MISSING, value, (*at, name))
    for name, value in before.items():
        if name not in after:
            yield Difference((*path, name), value, MISSING, at)


def _compare_lists(path: DiffPath, before: Sequence[Any], after: Sequence[Any], at: SpecPath) -> Iterator[Difference]:
    name = path[-1] if path and isinstance(path[-1], str) else ""
    found = entries_of(name, before, after)
    if found is not None:
        yield from _compare_entries(path, *found, at)
    elif len(before) == len(after) and all(isinstance(item, Mapping) for item in (*before, *after)):
        for index, pair in enumerate(zip(before, after, strict=True)):
            yield from _compare((*path, Item(str(index))), *pair, (*at, index))
    elif len(before) != len(after) or any(not _equal(*pair) for pair in zip(before, after, strict=True)):
        yield Difference(path, list(before), list(after), at)


def _equal(before: Any, after: Any) -> bool:
    return not any(_compare((), before, after, ()))


def _compare_entries(path: DiffPath, before: Entries, after: Entries, at: SpecPath) -> Iterator[Difference]:
    for key, entry in after.items():
        old: Entry | None = before.get(key)
        if old is None:
            yield Difference((*path, Item(key)), MISSING, entry.value, (*at, entry.index))
        else:
            yield from _compare((*path, Item(key)), old.value, entry.value, (*at, entry.index))
    for key, entry in before.items():
        if key not in after:
            yield Difference((*path, Item(key)), entry.value, MISSING, at)
    kept_before, kept_after = [k for k in before if k in after], [k for k in after if k in before]
    if kept_before != kept_after:
        yield Difference((*path, ORDER), kept_before, kept_after, at)
