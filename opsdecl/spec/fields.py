"""What is known of a field, by its path: for `explain`, the merge, interpolation, and the classes of changes."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pydantic_core import PydanticUndefined

from opsdecl.diag import PathPart, SpecPath
from opsdecl.spec.kinds import KINDS, Part
from opsdecl.spec.kinds.declare import EffectClass, EffectRule, effect, literal_text, merge_key, reference
from opsdecl.spec.no_effect import NoEffectRule, no_effect_rules
from opsdecl.spec.shapes import Container, Node, Shape, children, nodes_of, words

ANY = "*"
"""Stands in a pattern for any name of a map and any place in a list."""


class FieldEffect(Struct, frozen=True):
    """What a change of a field, and of all below it, means.

    `path` is a pattern (`spec.engine.args`, `spec.targets.*.prune`). Where several rows cover a path, the longest
    decides.
    `rule` says when the class holds; where it does not, the milder class of the rule does:

    * `""`: always.
    * `minor-version`: major or minor version, or the repository of an image, differ; else `rolling`.
    * `shrink`: the amount gets smaller; else `capacity`.
    * `from-pvc`: the value was `pvc`; else `rolling`.
    * `newly-set`: there was no value before; else `rolling`.
    * `removed`: a list of what is let through has lost an entry, where an empty one lets all through; else `reload`.
    """

    path: str
    change_class: EffectClass
    reason: str
    rule: EffectRule = ""
    gone: str = ""
    """Why it matters that the field, or an entry of its list, is taken away."""
    shown: str = ""
    """The root of effective values that says what the field comes to, and stands for it in plans."""


class FieldInfo(Struct, frozen=True):
    """One field of a kind. `path` is a pattern; `default` is plain data as it would be written, None where none."""

    path: SpecPath
    type: str
    container: Container
    description: str = ""
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    effect: FieldEffect | None = None
    """Its own, or that of the nearest enclosing field."""
    merge_key: str | None = None
    reference: str | None = None
    """A kind (`Runtime`), or a table: `catalog/models`, `catalog/gpus`, `pools`."""
    selects: tuple[str, ...] = ()
    """Kinds of which it names the documents that have the labels in it."""
    interpolate: bool = True
    excludes: tuple[str, ...] = ()
    """Siblings that a layer drops from lower ones by setting it."""
    branches: tuple[str, ...] = ()
    """Types of the enclosing union that have the field; empty where it is always there."""

    @property
    def is_map(self) -> bool:
        """Whether its keys are free names."""
        return self.container == "map"


class _Position(Struct, frozen=True):
    """Where a walk stands: everything the value here may be, and what it inherits."""

    info: FieldInfo
    shapes: tuple[Shape, ...]


def kind_names() -> tuple[str, ...]:
    return tuple(KINDS)


@lru_cache(maxsize=65536)
def field_info(kind: str, path: SpecPath) -> FieldInfo | None:
    """The field at a path from the document's root; None where the kind is unknown or has no such field."""
    position = _position(kind, path)
    return position.info if position else None


@cache
def fields_of(kind: str, path: SpecPath = ()) -> tuple[FieldInfo, ...]:
    """The fields directly below a path; of a map or list, those of any entry. Empty where there are none."""
    position = _position(kind, path)
    if position is None:
        return ()
    names = dict.fromkeys(name for shape in position.shapes for name in _names(shape))
    found = (_position(kind, (*path, name)) for name in names)
    return tuple(below.info for below in found if below)


@cache
def all_fields(kind: str) -> tuple[FieldInfo, ...]:
    """Every field of a kind, parents before children."""
    return tuple(_below(kind, ()))


@cache
def effects_of(kind: str) -> tuple[FieldEffect, ...]:
    """The fields of a kind that say what their change means, each once."""
    return tuple(
        info.effect
        for info in all_fields(kind)
        if info.effect is not None and info.effect.path == format_pattern(info.path)
    )


def merge_key_at(kind: str, path: SpecPath) -> str | None:
    """The field by which items of the list at a path merge; None where the list is replaced as a whole."""
    info = field_info(kind, path)
    return info.merge_key if info else None


def excluded_by(kind: str, path: SpecPath) -> tuple[str, ...]:
    """Siblings that the field at a path excludes."""
    info = field_info(kind, path)
    return info.excludes if info else ()


def is_interpolated(kind: str, path: SpecPath) -> bool:
    """Whether `${{ … }}` is evaluated in the value at a path; unknown paths are."""
    info = field_info(kind, path)
    return info.interpolate if info else True


@cache
def references(kind: str) -> tuple[tuple[SpecPath, str], ...]:
    """Fields that name something else: pattern and what they name."""
    found = _saying(kind, "x-opsdecl-reference")
    return tuple((info.path, info.reference) for info in found if info.reference)


@cache
def selections(kind: str) -> tuple[tuple[SpecPath, tuple[str, ...]], ...]:
    """Fields that name documents by their labels: pattern and kinds."""
    return tuple((info.path, info.selects) for info in _saying(kind, "x-opsdecl-selects") if info.selects)


def format_pattern(path: SpecPath) -> str:
    """`("spec", "targets", "*", "prune")` -> `spec.targets.*.prune`."""
    return ".".join(str(part) for part in path)


def _below(kind: str, path: SpecPath) -> Iterator[FieldInfo]:
    for info in fields_of(kind, path):
        yield info
        if len(info.path) < 16:
            yield from _below(kind, info.path)


def _saying(kind: str, said: str, path: SpecPath = ()) -> Iterator[FieldInfo]:
    """What `all_fields` has, without the fields where neither they nor any below them say this."""
    position = _position(kind, path)
    names = dict.fromkeys(name for shape in position.shapes for name in _names(shape)) if position else ()
    for name in names:
        below = _position(kind, (*path, name)) if position and _leads(position, name, said) else None
        if below is not None:
            yield below.info
            yield from _saying(kind, said, below.info.path)


def _leads(position: _Position, name: str, said: str) -> bool:
    steps = [step for shape in position.shapes for step in children(shape, name)]
    return any((node is not None and said in node.extra) or _is_said_in(shapes, said) for node, shapes in steps)


def _is_said_in(shapes: tuple[Shape, ...], said: str) -> bool:
    return any(_is_said_in(shape.item, said) or (shape.model and _is_said_below(shape.model, said)) for shape in shapes)


@cache
def _is_said_below(model: type[Part], said: str) -> bool:
    return any(said in node.extra or _is_said_in(node.shapes, said) for node in nodes_of(model).values())


def _names(shape: Shape) -> tuple[str, ...]:
    if shape.model is not None:
        return tuple(nodes_of(shape.model))
    return (ANY,) if shape.container in ("map", "list") else ()


@lru_cache(maxsize=65536)
def _position(kind: str, path: SpecPath) -> _Position | None:
    if kind not in KINDS:
        return None
    if not path:
        model = KINDS[kind].model
        return _Position(FieldInfo((), "mapping", "fields", KINDS[kind].summary), (Shape("fields", "mapping", model),))
    parent = _position(kind, path[:-1])
    return _step(parent, path[-1]) if parent else None


def _step(parent: _Position, part: PathPart) -> _Position | None:
    steps = [(shape, node, shapes) for shape in parent.shapes for node, shapes in children(shape, part)]
    if not steps:
        return None
    shapes = tuple(dict.fromkeys(shape for _, _, found in steps for shape in found))
    node = _telling([node for _, node, _ in steps if node])
    path = (*parent.info.path, ANY if node is None else part)
    base = FieldInfo(path, words(shapes), shapes[0].container, choices=_choices(shapes))
    info = _described(base, node, parent.info)
    branches = tuple(shape.branch for shape, _, _ in steps if shape.branch)
    in_all = len(steps) == len(parent.shapes)
    return _Position(info if in_all else replace(info, branches=branches), shapes)


def _telling(nodes: list[Node]) -> Node | None:
    """Of a field that several branches have, the one that says what a change means; else the first."""
    return next((node for node in nodes if "x-opsdecl-effect" in node.extra), nodes[0] if nodes else None)


def _choices(shapes: tuple[Shape, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(choice for shape in shapes if shape.container == "value" for choice in shape.choices))


def _effect(path: SpecPath, said: Mapping[str, Any]) -> FieldEffect:
    pattern = format_pattern(path)
    further = (said.get(name, "") for name in ("rule", "gone", "shown"))
    return FieldEffect(pattern, said["class"], said["reason"], *further)


def _described(base: FieldInfo, node: Node | None, parent: FieldInfo) -> FieldInfo:
    """The field with what it declares, and what it inherits."""
    inherited = replace(base, effect=parent.effect, interpolate=parent.interpolate)
    if node is None:
        return inherited
    own = node.extra.get("x-opsdecl-effect")
    row = _effect(base.path, own) if own else None
    return replace(
        inherited,
        description=node.declared.description or "",
        default=_default(node),
        required=node.declared.is_required(),
        effect=row or parent.effect,
        merge_key=node.extra.get("x-merge-key"),
        reference=node.extra.get("x-opsdecl-reference"),
        selects=tuple(node.extra.get("x-opsdecl-selects", ())),
        excludes=tuple(node.extra.get("x-opsdecl-excludes", ())),
        interpolate=parent.interpolate and node.extra.get("x-opsdecl-interpolate", True),
    )


def _default(node: Node) -> Any:
    value = node.declared.default
    return None if value is PydanticUndefined else plain(value)


def plain(value: Any) -> Any:
    """A default as it would be written: models as mappings without what is absent, texts with units as text."""
    if isinstance(value, Part):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


__all__ = [
    "ANY",
    "FieldEffect",
    "FieldInfo",
    "NoEffectRule",
    "all_fields",
    "effect",
    "effects_of",
    "excluded_by",
    "field_info",
    "fields_of",
    "format_pattern",
    "is_interpolated",
    "kind_names",
    "literal_text",
    "merge_key",
    "merge_key_at",
    "no_effect_rules",
    "plain",
    "reference",
    "references",
    "selections",
]
