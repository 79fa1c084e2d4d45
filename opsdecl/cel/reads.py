"""Syntax tree -> what an expression can read of its input: field paths, free variables, functions."""

from collections.abc import Iterator, Mapping
from enum import Enum

from msgspec import Struct

from opsdecl.cel.syntax import Call, Index, Literal, Name, Node, Select, children

MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})


class Each(Enum):
    """The part of a path that stands for every item of a list."""

    ITEM = "[*]"


Part = str | Each
ReadPath = tuple[Part, ...]
_Scope = Mapping[str, ReadPath | None]
"""Names that macros bind: to the items of a path, or to None where the range was computed (and read in full)."""


class Read(Struct, frozen=True):
    """One access. `extent` says how much counts: the value, only that it is there, or only which items there are."""

    path: ReadPath
    offset: int
    extent: str = "value"


class Usage(Struct, frozen=True):
    """All that an expression takes from outside, in the order of the text."""

    reads: tuple[Read, ...]
    calls: tuple[Call, ...]

    @property
    def variables(self) -> Mapping[str, int]:
        """Free variables and the offset of their first use."""
        found: dict[str, int] = {}
        for read in self.reads:
            found.setdefault(str(read.path[0]), read.offset)
        return found


def usage(node: Node) -> Usage:
    reads = tuple(_visit(node, {}))
    return Usage(reads, tuple(_calls(node)))


def bound_usage(node: Node, scope: Mapping[str, ReadPath | None]) -> tuple[Read, ...]:
    """The reads of a macro's body, whose names stand for `scope`."""
    return tuple(_visit(node, scope))


def _calls(node: Node) -> Iterator[Call]:
    if isinstance(node, Call):
        yield node
    for child in children(node):
        yield from _calls(child)


def chain(node: Node, scope: _Scope) -> ReadPath | None:
    """The path that a plain access like `spec.tolerations[0].key` follows, None for anything computed."""
    match node:
        case Name(name):
            return scope.get(name, (name,))
        case Select(operand, field):
            base = chain(operand, scope)
            return None if base is None else (*base, field)
        case Index(operand, Literal(text, _, string)):
            base = chain(operand, scope)
            if base is None or (string is None and not text.isdigit()):
                return None
            return (*base, Each.ITEM if string is None else string)
        case _:
            return None


def _visit(node: Node, scope: _Scope) -> Iterator[Read]:
    path = chain(node, scope)
    if path is not None:
        yield Read(path, _start(node))
    elif isinstance(node, Call):
        yield from _visit_call(node, scope)
    elif not (isinstance(node, Name) and node.name in scope):
        for child in children(node):
            yield from _visit(child, scope)


def _start(node: Node) -> int:
    while isinstance(node, Select | Index):
        node = node.operand
    return node.offset


def _visit_call(call: Call, scope: _Scope) -> Iterator[Read]:
    counted = _counted_filter(call)
    if counted is not None:
        yield from _visit_macro(counted, scope)
    elif is_macro(call):
        yield from _visit_macro(call, scope)
        yield from _visit_kept(call, scope)
    elif call.function == "has" and len(call.arguments) == 1 and isinstance(call.arguments[0], Select):
        yield from _visit_has(call.arguments[0], scope)
    else:
        for child in children(call):
            yield from _visit(child, scope)


def _visit_has(argument: Select, scope: _Scope) -> Iterator[Read]:
    path = chain(argument, scope)
    if path is None:
        yield from _visit(argument.operand, scope)
    else:
        yield Read(path, _start(argument), "presence")


def is_macro(call: Call) -> bool:
    """`range.all(x, …)` and its like."""
    return (
        call.target is not None
        and call.function in MACROS
        and len(call.arguments) >= 2
        and isinstance(call.arguments[0], Name)
    )


def _visit_macro(call: Call, scope: _Scope) -> Iterator[Read]:
    variable = call.arguments[0]
    if call.target is None or not isinstance(variable, Name):
        return
    items, reads = _range(call.target, scope)
    yield from reads
    inner = {**scope, variable.name: items}
    for body in call.arguments[1:]:
        yield from _visit(body, inner)


def _visit_kept(call: Call, scope: _Scope) -> Iterator[Read]:
    """What `filter` hands on is whole items."""
    if call.function == "filter" and call.target is not None:
        items, _ = _range(call.target, scope)
        if items is not None:
            yield Read(items, _start(call.target))


def _counted_filter(call: Call) -> Call | None:
    """The filter in `size(range.filter(…))`, of whose result only the number counts."""
    if call.function != "size":
        return None
    counted = call.target if call.target is not None else next(iter(call.arguments), None)
    return counted if isinstance(counted, Call) and counted.function == "filter" and is_macro(counted) else None


def _range(node: Node, scope: _Scope) -> tuple[ReadPath | None, tuple[Read, ...]]:
    """What the variable of a macro stands for, and what looking through the range reads."""
    path = chain(node, scope)
    if path is not None:
        return (*path, Each.ITEM), (Read((*path, Each.ITEM), _start(node), "items"),)
    if isinstance(node, Call) and node.function == "filter" and is_macro(node) and node.target is not None:
        items, _ = _range(node.target, scope)
        return items, tuple(_visit_macro(node, scope))
    return None, tuple(_visit(node, scope))
