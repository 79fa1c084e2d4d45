"""Which layers set a value: worked out from the layers when someone asks, nothing is kept while merging."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from opsdecl.addr import SpecAddress
from opsdecl.compile.merge import DELETE, MergeRules, key_of, merge_layers, switches_branch
from opsdecl.compile.types import CompiledDocument, Setter
from opsdecl.diag import Place, SpecPath
from opsdecl.spec.types import Document, Json


class Keyed(NamedTuple):
    """An item of a keyed list: the list's key, the item's own, and which of the items of that key it is."""

    key: str
    name: Json
    nth: int


RulesOf = Callable[[str], MergeRules]
"""Merge rules of a kind."""


def layer_setters(layers: Sequence[Document], rules: MergeRules, path: SpecPath) -> tuple[Setter, ...]:
    """All layers that set the value at `path` of the merged value, lowest first, the winner last.

    A layer that resets or replaces an enclosing value counts, at that value. Where no layer set the path (a default),
    the nearest enclosing value answers; the last resort is the whole document.
    """
    keyed = _keys_on(layers, rules, path)
    for length in range(len(path), -1, -1):
        found = _setters_at(layers, rules, path[:length], keyed)
        if found:
            return found
    return ()


def document_setters(
    documents: Mapping[SpecAddress, CompiledDocument], rules_of: RulesOf, address: SpecAddress, path: SpecPath
) -> tuple[Setter, ...]:
    """Setters of a path of `effective`: a reference root answers from the layers of the document that it names.
    A root without a document (`model`: facts of the catalogue) answers with the field that chose it."""
    document = documents.get(address)
    if document is None:
        return ()
    if path and (root := document.references.get(str(path[0]))) is not None and path[0] not in ("metadata", "spec"):
        return document_setters(documents, rules_of, root, ("spec", *path[1:]))
    if path and path[0] not in document.value and path[0] in document.effective:
        path = ("spec", path[0])
    return layer_setters(document.layers, rules_of(address.kind), path)


def lower_setters(layers: Sequence[Document], rules: MergeRules, path: SpecPath) -> tuple[Setter, ...]:
    """The layers that the winner overrode, lowest first."""
    return layer_setters(layers, rules, path)[:-1]


def winner(layers: Sequence[Document], rules: MergeRules, path: SpecPath, *, key: bool = False) -> Place:
    """The place that decided the value. With `key`, the name of the field rather than its value."""
    setters = layer_setters(layers, rules, path)
    if not setters:
        return layers[-1].place()
    place = setters[-1].place
    exact = key and bool(path) and bool(place.path) and place.path[-1] == path[-1]
    return Place(place.file, place.document, place.path, "key") if exact else place


def _keys_on(layers: Sequence[Document], rules: MergeRules, path: SpecPath) -> Mapping[int, Keyed]:
    """For each position of `path` that is an index of a keyed list: which item of it that is."""
    if not any(isinstance(part, int) for part in path):
        return {}
    at, _ = merge_layers([layer.value for layer in layers], rules)
    found: dict[int, Keyed] = {}
    for position, part in enumerate(path):
        items, at = at, _child(at, part)
        if isinstance(part, int) and (key := rules.list_key(path[:position])) is not None:
            same = [item for item in items[:part] if key_of(item, key) == key_of(at, key)] if items else []
            found[position] = Keyed(key, key_of(at, key), len(same))
    return found


def _child(value: Json, part: str | int) -> Json:
    if isinstance(value, Mapping):
        return value.get(part)
    inside = isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value)
    return value[part] if inside else None


def _setters_at(
    layers: Sequence[Document], rules: MergeRules, path: SpecPath, keyed: Mapping[int, Keyed]
) -> tuple[Setter, ...]:
    found: list[Setter] = []
    below: list[Document] = []
    for layer in layers:
        step = _descend(layer, rules, path, keyed, below)
        if step is not None and (found or step.value is not None):
            found.append(step)
        below.append(layer)
    return tuple(found)


def _descend(
    layer: Document,
    rules: MergeRules,
    path: SpecPath,
    keyed: Mapping[int, Keyed],
    below: Sequence[Document],
) -> Setter | None:
    """Where this layer sets `path`, or stops it short by a value that replaces what is below."""
    value: Json = layer.value
    own: SpecPath = ()
    for position, part in enumerate(path):
        if isinstance(value, Mapping) and isinstance(part, str):
            if part not in value:
                taken = _taken(layer, rules, value, path[: position + 1], own)
                return taken or _switch(layer, rules, value, path[:position], own, below)
            value, own = value[part], (*own, part)
        elif isinstance(value, list) and isinstance(part, int):
            index = _index(value, part, keyed.get(position))
            if index is None:
                return None if position in keyed else Setter(layer.place(own), None)
            value, own = value[index], (*own, index)
        else:
            break
    if isinstance(value, Mapping) and DELETE in value:
        value = None
    return Setter(layer.place(own), value)


def _index(items: Sequence[Json], part: int, keyed: Keyed | None) -> int | None:
    if keyed is None:
        return part if part < len(items) else None
    if keyed.name is None:
        return None
    same = [index for index, item in enumerate(items) if key_of(item, keyed.key) == keyed.name]
    return same[keyed.nth] if keyed.nth < len(same) else None


def _taken(
    layer: Document, rules: MergeRules, value: Mapping[str, Json], path: SpecPath, own: SpecPath
) -> Setter | None:
    """A layer that set a field which takes the place of the one at `path`."""
    rivals = [name for name in value if value[name] is not None and path[-1] in rules.excludes((*path[:-1], name))]
    return Setter(layer.place((*own, rivals[0])), value[rivals[0]]) if rivals else None


def _switch(
    layer: Document,
    rules: MergeRules,
    value: Mapping[str, Json],
    path: SpecPath,
    own: SpecPath,
    below: Sequence[Document],
) -> Setter | None:
    """A layer that chose another branch of a union dropped everything that lower layers set in it."""
    tag = rules.union_tag(path)
    if tag is None or tag not in value:
        return None
    lower, _ = merge_layers([document.value for document in below], rules)
    for part in path:
        lower = _child(lower, part)
    return Setter(layer.place((*own, tag)), value[tag]) if switches_branch(lower, value, tag) else None
