"""Layers of one document, lowest first -> one value. Pure; unchanged branches are shared with the layers, never copied.

Mappings merge, keyed lists merge by key and keep their order, other lists and scalars replace. `null` resets a field to
its default: it removes what lower layers set. `$delete: true` drops an item of a keyed list. A new union tag drops the
fields of the old branch, and so does a field that excludes others.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import is_
from typing import Literal

from msgspec import Struct

from opsdecl.diag import SpecPath
from opsdecl.spec.types import Json

DELETE = "$delete"

# Documents are plain dicts and lists; `isinstance` against an abstract class costs several times as much.

Problem = Literal["deletes-nothing", "delete-not-true", "delete-misplaced"]


class MergeRules(Struct, frozen=True):
    """What the schema says of a path (list positions are any number): the key of a keyed list, the tag of a union."""

    list_key: Callable[[SpecPath], str | None]
    union_tag: Callable[[SpecPath], str | None]
    excludes: Callable[[SpecPath], Sequence[str]] = lambda path: ()
    """Siblings that a field takes the place of (`count` of `min` and `max`)."""


class MergeProblem(Struct, frozen=True):
    """Something that a layer asks for and that cannot be done. `path` is the path in that layer."""

    layer: int
    path: SpecPath
    problem: Problem
    name: str = ""
    candidates: tuple[str, ...] = ()


class _Layer(Struct, frozen=True):
    """What stays the same while one layer is laid over the ones below."""

    index: int
    rules: MergeRules
    problems: list[MergeProblem]

    def report(self, path: SpecPath, problem: Problem, name: str = "", candidates: Sequence[str] = ()) -> None:
        self.problems.append(MergeProblem(self.index, path, problem, name, tuple(candidates)))


def merge_layers(values: Sequence[Json], rules: MergeRules) -> tuple[Json, tuple[MergeProblem, ...]]:
    """The merged value without nulls (None for no layers), and what could not be done."""
    merged: Json = None
    problems: list[MergeProblem] = []
    for index, value in enumerate(values):
        merged = _lay(merged, value, (), _Layer(index, rules, problems))
    return merged, tuple(problems)


def switches_branch(lower: Json, upper: Json, tag: str | None) -> bool:
    """Whether a mapping laid over another one chooses another branch of their union."""
    if tag is None or not isinstance(lower, dict) or not isinstance(upper, dict):
        return False
    return tag in lower and upper.get(tag) is not None and upper[tag] != lower[tag]


def key_of(item: Json, key: str) -> Json:
    """The key of a list's item, None where it has none that could be compared."""
    found = item.get(key) if isinstance(item, dict) else None
    return found if isinstance(found, str | int) else None


def _lay(lower: Json, upper: Json, path: SpecPath, layer: _Layer) -> Json:
    if isinstance(upper, dict):
        if not isinstance(lower, dict) or switches_branch(lower, upper, layer.rules.union_tag(path)):
            return _settle_mapping(upper, path, layer)
        return _lay_mapping(lower, upper, path, layer)
    if isinstance(upper, list) and (key := layer.rules.list_key(path)) is not None:
        return _lay_keyed(lower if isinstance(lower, list) else [], upper, key, path, layer)
    return upper


def _lay_mapping(lower: Mapping[str, Json], upper: Mapping[str, Json], path: SpecPath, layer: _Layer) -> Json:
    merged = dict(lower)
    for name, value in upper.items():
        if name == DELETE:
            layer.report((*path, name), "delete-misplaced")
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = _lay(lower.get(name), value, (*path, name), layer)
            for other in layer.rules.excludes((*path, name)):
                if other not in upper:
                    merged.pop(other, None)
    return merged


def _settle_mapping(value: Mapping[str, Json], path: SpecPath, layer: _Layer) -> Json:
    """A mapping with nothing below it: the same object where there is nothing to take out."""
    changed: dict[str, Json] = {}
    dropped: list[str] = []
    for name, item in value.items():
        if name == DELETE:
            layer.report((*path, name), "delete-misplaced")
            dropped.append(name)
        elif item is None:
            dropped.append(name)
        elif isinstance(item, dict | list):
            settled = _lay(None, item, (*path, name), layer)
            if settled is not item:
                changed[name] = settled
    if not changed and not dropped:
        return value
    return {name: changed.get(name, item) for name, item in value.items() if name not in dropped}


def _lay_keyed(lower: Sequence[Json], upper: Sequence[Json], key: str, path: SpecPath, layer: _Layer) -> Json:
    """Inherited items keep their order, new ones follow in theirs; items without a key are only ever added."""
    below, above = _by_key(lower, key), _by_key(upper, key)
    names = [str(name) for name in below]
    done: set[Json] = set()
    merged: list[Json] = []
    for index, item in (*((-1, item) for item in lower), *enumerate(upper)):
        name = key_of(item, key)
        if name is None:
            merged.append(item if index < 0 else _lay(None, item, (*path, index), layer))
        elif name not in above:
            merged.append(item)
        elif name not in done:
            done.add(name)
            _check_deletions(name, above[name], bool(below.get(name)), (path, names), layer)
            merged += _combine(below.get(name, []), above[name], path, layer)
    return upper if len(merged) == len(upper) and all(map(is_, merged, upper)) else merged


Numbered = tuple[int, Json]
"""An item with its position in its own layer."""


def _by_key(items: Sequence[Json], key: str) -> Mapping[Json, list[Numbered]]:
    found: dict[Json, list[Numbered]] = {}
    for index, item in enumerate(items):
        if (name := key_of(item, key)) is not None:
            found.setdefault(name, []).append((index, item))
    return found


def _combine(below: Sequence[Numbered], above: Sequence[Numbered], path: SpecPath, layer: _Layer) -> list[Json]:
    """Items of one key: two single ones merge, otherwise (several tolerations of one taint) the upper ones replace."""
    if len(above) == 1 and len(below) == 1 and DELETE not in above[0][1]:
        return [_lay(below[0][1], above[0][1], (*path, above[0][0]), layer)]
    return [_lay(None, item, (*path, index), layer) for index, item in above if DELETE not in item]


def _check_deletions(
    name: Json, above: Sequence[Numbered], exists: bool, at: tuple[SpecPath, Sequence[str]], layer: _Layer
) -> None:
    path, names = at
    for index, item in above:
        if DELETE not in item:
            continue
        if item[DELETE] is not True:
            layer.report((*path, index, DELETE), "delete-not-true")
        elif not exists:
            layer.report((*path, index), "deletes-nothing", str(name), names)
