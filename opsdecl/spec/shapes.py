"""Annotations of the models -> shapes: what a value at a path may be. Computed once per field."""

from collections.abc import Iterator, Mapping
from functools import cache
from inspect import get_annotations
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Struct, field
from pydantic.fields import FieldInfo as ModelField

from opsdecl.diag import PathPart
from opsdecl.spec.kinds.declare import Part, Word
from opsdecl.spec.kinds.scalars import Text

Container = Literal["value", "fields", "map", "list"]
_WORDS: Mapping[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "any value"}


class Shape(Struct, frozen=True):
    """One thing that a value may be: a single value, a mapping with fields, a map with free keys, or a list."""

    container: Container
    word: str
    model: type[Part] | None = None
    item: tuple["Shape", ...] = ()
    key_word: str = ""
    choices: tuple[str, ...] = ()
    branch: str = ""
    """The value of `type` that selects it, where it is one of a union."""


class Node(Struct, frozen=True):
    """A field as declared, with the shapes its value may have."""

    name: str
    declared: ModelField
    shapes: tuple[Shape, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)


@cache
def nodes_of(model: type[Part]) -> Mapping[str, Node]:
    """Fields of a mapping by their names in YAML: what is needed first, then its own, then what it shares."""
    own = get_annotations(model)
    fields = sorted(model.model_fields.items(), key=lambda item: (not item[1].is_required(), item[0] not in own))
    return {node.name: node for node in (_node(name, info) for name, info in fields)}


def _node(attribute: str, info: ModelField) -> Node:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    shapes = tuple(_shapes(info.annotation, tuple(info.metadata)))
    return Node(info.alias or attribute, info, shapes, dict(extra))


def _shapes(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[Shape]:
    """Every shape of an annotation; `None` is no shape of its own."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    word = next((marker.text for marker in metadata if isinstance(marker, Word)), "")
    if origin is Annotated:
        yield from _shapes(arguments[0], arguments[1:])
    elif word:
        yield Shape("value", word)
    elif origin in (Union, UnionType):
        for member in arguments:
            yield from _shapes(member)
    elif annotation is not NoneType:
        yield _single(annotation, origin, arguments)


def _single(annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> Shape:
    if origin is Literal:
        return Shape("value", "choice", choices=tuple(str(choice) for choice in arguments))
    if origin is tuple:
        item = tuple(_shapes(arguments[0]))
        return Shape("list", f"list of {words(item, plural=True)}", item=item)
    if origin is not None and issubclass(origin, Mapping):
        key, item = tuple(_shapes(arguments[0])), tuple(_shapes(arguments[1]))
        key_choices = next((shape.choices for shape in key), ())
        return Shape("map", f"map of {words(item, plural=True)}", None, item, words(key), key_choices)
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return Shape("fields", "mapping", annotation, branch=_branch(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Text):
        return Shape("value", annotation.WORD)
    return Shape("value", _WORDS[annotation])


def _branch(model: type[Part]) -> str:
    tag = model.model_fields.get("type")
    choices = get_args(tag.annotation) if tag is not None and get_origin(tag.annotation) is Literal else ()
    return str(choices[0]) if len(choices) == 1 else ""


def words(shapes: tuple[Shape, ...], *, plural: bool = False) -> str:
    """What the shapes are called: `name or mapping`, `names or mappings`."""
    distinct = dict.fromkeys(shape.word for shape in shapes)
    return " or ".join(_plural(word) if plural else word for word in distinct)


def _plural(word: str) -> str:
    irregular = {"true or false": "true or false", "any value": "any values", "amount of CPU": "amounts of CPU"}
    if word.endswith("address"):
        return f"{word}es"
    return irregular.get(word) or (word if word.startswith(("list", "map of")) else f"{word}s")


def children(shape: Shape, part: PathPart) -> tuple[tuple[Node | None, tuple[Shape, ...]], ...]:
    """The shapes one step further down: through a field, an entry of a map, or an item of a list."""
    if shape.model is not None:
        node = nodes_of(shape.model).get(part) if isinstance(part, str) else None
        return ((node, node.shapes),) if node else ()
    if shape.container == "map" and isinstance(part, str):
        return ((None, shape.item),)
    if shape.container == "list" and (isinstance(part, int) or part == "*"):
        return ((None, shape.item),)
    return ((None, (shape,)),) if shape.word in ("any value", "flag value") else ()
