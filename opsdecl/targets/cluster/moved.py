"""Fields of our objects that controllers move: weights of a route, selectors of a canary's Services.

Lists and maps that the server knows as one value have one holder. Whoever moves one weight holds all rules of the
route, so whatever we send has to say what was moved to, or it would be moved back.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl.diag import SpecPath
from opsdecl.render.types import Manifest

_NOTHING = object()


def sent(manifest: Manifest, live: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The manifest's object with such fields as they are; as wanted where there is none."""
    if live is None or not manifest.ignore_changes:
        return manifest.data
    found: Mapping[str, Any] = _with(manifest.data, live, manifest.ignore_changes, drop=False)
    return found


def as_if_unmoved(
    live: Mapping[str, Any] | None, applied: Mapping[str, Any] | None, manifest: Manifest | None
) -> Mapping[str, Any] | None:
    """A live object with such fields as we last applied them, so that they are no difference."""
    if live is None or applied is None or manifest is None or not manifest.ignore_changes:
        return live
    found: Mapping[str, Any] = _with(live, applied, manifest.ignore_changes, drop=True)
    return found


def _with(tree: Any, source: Any, paths: Sequence[SpecPath], *, drop: bool) -> Any:
    """`tree` with the values that `source` has at the paths. What it lacks there stays, or goes where `drop`."""
    for path in paths:
        tree = _set(tree, source, path, drop=drop)
    return tree


def _set(tree: Any, source: Any, path: SpecPath, *, drop: bool) -> Any:
    part, rest = path[0], path[1:]
    if not rest:
        return _leaf(tree, source, str(part), drop=drop)
    inside, theirs = _at(tree, part), _at(source, part)
    # Entries of lists are told apart by their names: those of another entry are not this one's.
    if inside is _NOTHING or theirs is _NOTHING or _name(inside) != _name(theirs):
        return tree
    return _replaced(tree, part, _set(inside, theirs, rest, drop=drop))


def _leaf(tree: Any, source: Any, name: str, *, drop: bool) -> Any:
    if not isinstance(tree, Mapping) or not isinstance(source, Mapping):
        return tree
    if name in source:
        return {**tree, name: source[name]}
    return {key: value for key, value in tree.items() if key != name} if drop else tree


def _at(tree: Any, part: str | int) -> Any:
    if isinstance(part, int):
        return tree[part] if isinstance(tree, Sequence) and part < len(tree) else _NOTHING
    return tree.get(part, _NOTHING) if isinstance(tree, Mapping) else _NOTHING


def _replaced(tree: Any, part: str | int, value: Any) -> Any:
    if isinstance(part, int):
        return [*tree[:part], value, *tree[part + 1 :]]
    return {**tree, part: value}


def _name(value: Any) -> Any:
    return value.get("name") if isinstance(value, Mapping) else None
