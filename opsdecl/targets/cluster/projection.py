"""A live object -> the part of it that is our business: fields that we want, hold, or last applied.

What the server filled in, what controllers write and what others added stays outside, without a table of defaults:
managedFields says whose a field is, and our own record says how the server spelled what we sent.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsdecl.targets.cluster.ownership import Fields

_LIST_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
}
"""Where nobody holds an entry of a list any more, so that managedFields cannot say how they are told apart."""
_WHOLE: Fields = {}


def project(live: Any, wanted: Sequence[Any], owned: Fields | None, others: Sequence[Fields]) -> Any:
    """`live` reduced to `wanted` trees and `owned` fields. `others` tell which lists and maps are held as a whole."""
    return _project("", live, wanted, owned, others)


def _project(name: str, live: Any, wanted: Sequence[Any], owned: Fields | None, others: Sequence[Fields]) -> Any:
    if isinstance(live, dict):
        return _mapping(live, wanted, owned, others)
    if isinstance(live, list):
        return _list(name, live, wanted, owned, others)
    return live


def _mapping(live: dict[str, Any], wanted: Sequence[Any], owned: Fields | None, others: Sequence[Fields]) -> Any:
    trees = [tree for tree in wanted if isinstance(tree, Mapping)]
    if _taken_whole(owned, others) or (not trees and (owned is None or not _inner(owned))):
        return live
    found = {}
    for name, value in live.items():
        below = [tree[name] for tree in trees if name in tree]
        held = owned.get(f"f:{name}") if owned is not None else None
        if below or held is not None:
            theirs = [other[f"f:{name}"] for other in others if f"f:{name}" in other]
            found[name] = _project(name, value, below, held, theirs)
    return found


def _inner(fields: Fields) -> bool:
    return any(name != "." for name in fields)


def _taken_whole(owned: Fields | None, others: Sequence[Fields]) -> bool:
    """Somebody else holds it as one value, and we do not."""
    return owned is None and any(not other for other in others)


def _list(
    name: str, live: list[Any], wanted: Sequence[Any], owned: Fields | None, others: Sequence[Fields]
) -> list[Any]:
    trees = [tree for tree in wanted if isinstance(tree, (list, tuple))]
    if _taken_whole(owned, others):
        return live
    sets = [*([owned] if owned else []), *others]
    if any(key.startswith("v:") for fields in sets for key in fields):
        ours = [item for tree in trees for item in tree]
        return [item for item in live if item in ours or f"v:{json.dumps(item)}" in (owned or _WHOLE)]
    keys = _keys(name, sets)
    if keys:
        return list(_keyed(keys, live, trees, owned, others))
    return _by_place(live, trees)


def _keys(name: str, sets: Sequence[Fields]) -> tuple[str, ...]:
    found = next((key for fields in sets for key in fields if key.startswith("k:")), None)
    return tuple(json.loads(found[2:])) if found else _LIST_KEYS.get(name, ())


def _by_place(live: list[Any], trees: Sequence[Any]) -> list[Any]:
    """A list that is one value: entries are reduced only where they can be matched one by one."""
    same = [tree for tree in trees if len(tree) == len(live)]
    if not same:
        return live
    return [_project("", item, [tree[at] for tree in same], _WHOLE, ()) for at, item in enumerate(live)]


def _keyed(
    keys: tuple[str, ...], live: list[Any], trees: Sequence[Any], owned: Fields | None, others: Sequence[Fields]
) -> Iterator[Any]:
    mine, theirs = _by_key(owned or _WHOLE), [_by_key(other) for other in others]
    for item in live:
        below = [entry for tree in trees if (entry := matching(keys, item, tree)) is not None]
        key = _key(keys, item)
        held = mine.get(key)
        if below or held is not None:
            yield _project("", item, below, held, [other[key] for other in theirs if key in other])


def _by_key(fields: Fields) -> Mapping[tuple[str, ...], Fields]:
    return {_texts(json.loads(name[2:]).values()): inner for name, inner in fields.items() if name.startswith("k:")}


def _key(keys: tuple[str, ...], item: Any) -> tuple[str, ...]:
    return _texts(item.get(name) for name in keys) if isinstance(item, Mapping) else ()


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(json.dumps(value) for value in values)


def matching(keys: tuple[str, ...], item: Any, entries: Sequence[Any]) -> Any | None:
    """The entry with the same key; keys that it leaves to the server's defaults match anything."""
    for entry in entries:
        if isinstance(entry, Mapping) and isinstance(item, Mapping):
            named = [name for name in keys if name in entry]
            if named and all(entry[name] == item.get(name) for name in named):
                return entry
    return None


def matching_key(items: Sequence[Any], key: str) -> Any | None:
    """The entry of a list that managedFields names `k:KEY` or `v:KEY`."""
    wanted = json.loads(key)
    if not isinstance(wanted, Mapping):
        return next((item for item in items if item == wanted), None)
    return next((item for item in items if _key(tuple(wanted), item) == _texts(wanted.values())), None)


def keeps(live: Any, sent: Any) -> bool:
    """Whether an answer plainly has all that was sent, in the same words: then there is nothing to reduce. False also
    where entries of lists would have to be told apart."""
    if isinstance(sent, Mapping):
        return isinstance(live, Mapping) and all(name in live and keeps(live[name], sent[name]) for name in sent)
    if isinstance(sent, (list, tuple)):
        if not isinstance(live, list) or len(live) != len(sent):
            return False
        alone = len(sent) == 1 or not any(isinstance(item, (Mapping, list, tuple)) for item in sent)
        return alone and all(map(keeps, live, sent))
    return bool(live == sent)


def respell(live: Any, answered: Any, sent: Any) -> Any:
    """`live` in our own spelling: wherever it is what the server `answered`, take what was `sent`.

    `1000m` of CPU is answered as `1`, an empty value is dropped: neither is a difference.
    """
    if live == answered and isinstance(live, bool) is isinstance(answered, bool):
        return sent
    if isinstance(live, Mapping) and isinstance(answered, Mapping) and isinstance(sent, Mapping):
        dropped = {name: value for name, value in sent.items() if name not in live and name not in answered}
        there = {
            name: respell(value, answered[name], sent[name]) if name in answered and name in sent else value
            for name, value in live.items()
        }
        return there | dropped
    if isinstance(live, list) and isinstance(answered, list) and isinstance(sent, (list, tuple)):
        return _respell_list(live, answered, sent)
    return live


def _respell_list(live: list[Any], answered: list[Any], sent: Sequence[Any]) -> list[Any]:
    if len(answered) != len(sent):
        return live
    if len(live) == len(answered) and not _named(live):
        return [respell(*three) for three in zip(live, answered, sent, strict=True)]
    places = {_name(item): at for at, item in enumerate(answered)}
    return [
        respell(item, answered[places[_name(item)]], sent[places[_name(item)]]) if _name(item) in places else item
        for item in live
    ]


def _named(items: Sequence[Any]) -> bool:
    names = [_name(item) for item in items]
    return len(set(names)) == len(names) and all(name is not None for name in names)


def _name(item: Any) -> Any:
    """Entries without a name or path are known by their content."""
    if not isinstance(item, Mapping):
        return json.dumps(item)
    return next((item[n] for n in ("name", "mountPath", "topologyKey") if isinstance(item.get(n), str)), None)
