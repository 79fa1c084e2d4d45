"""Layers of one document, lowest first -> one value. Pure; unchanged branches are shared with the layers, never copied.

Mappings merge, keyed lists merge by key and keep their order, other lists and scalars replace. `null` resets a field to
its default: it removes what lower layers set. `$delete: true` drops an item of a keyed list. A new union tag drops the
fields of the old branch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from opsdecl.diag import SpecPath
from opsdecl.spec.types import Json

DELETE = "$delete"

Problem = Literal["deletes-nothing", "delete-not-true", "delete-misplaced", "duplicate-key"]


@dataclass(frozen=True, slots=True)
class MergeRules:
    """What the schema says of a path (list positions are any number): the key of a keyed list, the tag of a union."""

    list_key: Callable[[SpecPath], str | None]
    union_tag: Callable[[SpecPath], str | None]


@dataclass(frozen=True, slots=True)
class MergeProblem:
    """Something that a layer asks for and that cannot be done. `path` is the path in that layer."""

    layer: int
    path: SpecPath
    problem: Problem
    name: str = ""
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Layer:
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
    if tag is None or not isinstance(lower, Mapping) or not isinstance(upper, Mapping):
        return False
    return tag in lower and upper.get(tag) is not None and upper[tag] != lower[tag]


def key_of(item: Json, key: str) -> Json:
    """The key of a list's item, None where it has none that could be compared."""
    found = item.get(key) if isinstance(item, Mapping) else None
    return found if isinstance(found, str | int) else None


def _lay(lower: Json, upper: Json, path: SpecPath, layer: _Layer) -> Json:
    if isinstance(upper, Mapping):
        if not isinstance(lower, Mapping) or switches_branch(lower, upper, layer.rules.union_tag(path)):
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
        elif isinstance(item, Mapping | list):
            settled = _lay(None, item, (*path, name), layer)
            if settled is not item:
                changed[name] = settled
    if not changed and not dropped:
        return value
    return {name: changed.get(name, item) for name, item in value.items() if name not in dropped}


def _lay_keyed(lower: Sequence[Json], upper: Sequence[Json], key: str, path: SpecPath, layer: _Layer) -> Json:
    merged = list(lower)
    position = {name: index for index, item in enumerate(lower) if (name := key_of(item, key)) is not None}
    removed: set[int] = set()
    seen: set[Json] = set()
    for index, item in enumerate(upper):
        at, name = (*path, index), key_of(item, key)
        if name is not None and name in seen:
            layer.report(at, "duplicate-key", str(name))
        seen.add(name)
        if isinstance(item, Mapping) and DELETE in item:
            _delete_item(item, name, position, removed, at, layer)
        elif name in position:
            merged[position[name]] = _lay(merged[position[name]], item, at, layer)
        else:
            if name is not None:
                position[name] = len(merged)
            merged.append(_lay(None, item, at, layer))
    unchanged = not lower and not removed and all(a is b for a, b in zip(merged, upper, strict=False))
    if unchanged and len(merged) == len(upper):
        return upper
    return [item for index, item in enumerate(merged) if index not in removed]


def _delete_item(
    item: Mapping[str, Json],
    name: Json,
    position: Mapping[Json, int],
    removed: set[int],
    at: SpecPath,
    layer: _Layer,
) -> None:
    if item[DELETE] is not True:
        layer.report((*at, DELETE), "delete-not-true")
    elif name not in position:
        layer.report(at, "deletes-nothing", "" if name is None else str(name), [str(known) for known in position])
    else:
        removed.add(position[name])
