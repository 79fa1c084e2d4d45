"""Text of one file -> a tree of nodes that know where they stand. Composed only for files that somebody asks about."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from opsdecl.diag import PathPart
from opsdecl.spec.events import Event, NextEvent, each_document
from opsdecl.spec.limits import Limits


class Extent(Struct, frozen=True):
    """Lines and columns, from 0; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True)
class Node:
    """`keys` has the extent of the key that each child of a mapping stands under.

    An alias has a target and no children; a child that `<<: *name` brings is the alias, and has no key.
    """

    extent: Extent
    is_block: bool = False
    is_alias: bool = False
    target: "Node | None" = None
    keys: dict[PathPart, Extent] = field(default_factory=dict)
    children: dict[PathPart, "Node"] = field(default_factory=dict)


class _TooMuchError(Exception):
    """A bound was passed; what was composed until here is used."""


def compose_documents(text: str, limits: Limits) -> Mapping[int, Node]:
    """Root nodes of the readable documents, by index. Never raises."""
    roots: dict[int, Node] = {}
    broken = 0

    def go_on(*_: object) -> bool:
        nonlocal broken
        broken += 1
        return broken < limits.broken_documents

    try:
        for index, root in each_document(text, lambda events: _Composer(events, limits).root(), go_on):
            roots[index] = root
            if index >= limits.documents:
                break
    except _TooMuchError:
        pass
    return roots


class _Composer:
    def __init__(self, events: NextEvent, limits: Limits) -> None:
        self._next = events
        self._limits = limits
        self._nodes = 0
        self._anchors: dict[str, Node] = {}

    def root(self) -> Node:
        return self._node(self._next(), 0)

    def _node(self, event: Event, depth: int) -> Node:
        self._count(1)
        kind = event.__class__
        if depth > self._limits.depth:
            raise _TooMuchError
        if kind is AliasEvent:
            return self._alias(event)
        node = Node(_extent(event), kind is not ScalarEvent and not event.flow_style)
        if kind is not ScalarEvent:
            last = self._mapping(node, depth) if kind is MappingStartEvent else self._sequence(node, depth)
            node.extent = _until(node.extent, last)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Event) -> Node:
        return Node(_extent(event), is_alias=True, target=self._anchors.get(event.anchor))

    def _sequence(self, node: Node, depth: int) -> Extent:
        last = node.extent
        while (event := self._next()).__class__ is not SequenceEndEvent:
            child = node.children[len(node.children)] = self._node(event, depth + 1)
            last = child.extent
        return last if node.is_block else _extent(event)

    def _mapping(self, node: Node, depth: int) -> Extent:
        last, merged = node.extent, []
        while (event := self._next()).__class__ is not MappingEndEvent:
            key, value = self._node(event, depth + 1), self._node(self._next(), depth + 1)
            last = value.extent
            text = event.value if event.__class__ is ScalarEvent else None
            if text == "<<" and not event.style:
                merged.append(value)
            elif text is not None and text not in node.keys:
                node.keys[text], node.children[text] = key.extent, value
        for value in merged:
            self._merge(node, value)
        return last if node.is_block else _extent(event)

    def _merge(self, node: Node, value: Node) -> None:
        """Each source's children, those of the first source that has them; what an alias brings is the alias."""
        sources = [child for part, child in value.children.items() if isinstance(part, int)] or [value]
        for source in sources:
            brought = source.target or source
            self._count(len(brought.children))
            for part, child in brought.children.items():
                node.children.setdefault(part, source if source.is_alias else child)

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > 2 * self._limits.nodes:
            raise _TooMuchError


def _extent(event: Event) -> Extent:
    start, end = event.start_mark, event.end_mark
    return Extent(start.line, start.column, end.line, end.column)


def _until(start: Extent, end: Extent) -> Extent:
    return Extent(start.line, start.column, end.end_line, end.end_column)
