"""A rule that does not hold × its input -> the value that is at fault."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.cel.engine import EvaluationError, compile_expression
from opsdecl.cel.reads import Each, Read, ReadPath, bound_usage, chain, is_macro
from opsdecl.cel.syntax import Call, ExpressionError, Name, Node, to_text
from opsdecl.diag import PathPart, SpecPath

_Bound = Mapping[str, SpecPath]
"""Names of macros' variables with the path of the item that each stands for now."""


def culprit(node: Node, values: Mapping[str, Any]) -> SpecPath:
    """Path into `values`, at best to the very item of a list; `()` where nothing of the input is to blame."""
    return _culprit(node, values, {})


def _culprit(node: Node, values: Mapping[str, Any], bound: _Bound) -> SpecPath:
    if isinstance(node, Call):
        part = _part_at_fault(node, values)
        if part is not None:
            return _culprit(part, values, bound)
        if node.function == "all" and is_macro(node):
            return _item_at_fault(node, values, bound) or _first_read(node, values, bound)
    return _first_read(node, values, bound)


def _part_at_fault(call: Call, values: Mapping[str, Any]) -> Node | None:
    """The operand that decided: the first of `&&` that is not true, the last of `||`, the branch that was taken."""
    match call.function:
        case "&&":
            left, right = call.arguments
            return right if _value(left, values) is True else left
        case "||":
            return call.arguments[1]
        case "?:":
            return call.arguments[1] if _value(call.arguments[0], values) is True else call.arguments[2]
        case _:
            return None


def _item_at_fault(call: Call, values: Mapping[str, Any], bound: _Bound) -> SpecPath:
    variable, body = call.arguments[0], call.arguments[1]
    path = None if call.target is None else _path(call.target, bound)
    items = _look_up(path, values) if path else None
    if path is None or not isinstance(variable, Name):
        return ()
    for part, item in _entries(items):
        inner = {**values, variable.name: item}
        if _value(body, inner) is not True:
            return _culprit(body, inner, {**bound, variable.name: (*path, part)})
    return ()


def _entries(items: Any) -> Iterator[tuple[PathPart, Any]]:
    """What a macro goes through: the items of a list, the keys of a map."""
    if isinstance(items, list):
        yield from enumerate(items)
    elif isinstance(items, Mapping):
        yield from ((key, key) for key in items)


def _path(node: Node, bound: _Bound) -> SpecPath | None:
    found = chain(node, {})
    return None if found is None else _concrete(found, bound)


def _concrete(path: ReadPath, bound: _Bound) -> SpecPath:
    """With macros' variables replaced, and the first item where any is meant."""
    parts = tuple(0 if isinstance(part, Each) else part for part in path)
    return (*bound.get(str(parts[0]), parts[:1]), *parts[1:])


def _first_read(node: Node, values: Mapping[str, Any], bound: _Bound) -> SpecPath:
    """What is there wins over what is not, an item that a macro stands at over the rest; never `kind` and its like."""
    reads = [read for read in bound_usage(node, {}) if _telling(read)]
    reads.sort(key=lambda read: read.path[0] not in bound)
    paths = [_concrete(read.path[:-1] if read.extent == "items" else read.path, bound) for read in reads]
    there = [path for path in paths if _look_up(path, values) is not None]
    return next(iter(there or paths), ())


def _telling(read: Read) -> bool:
    return str(read.path[0]) not in ("kind", "environment")


def _value(node: Node, values: Mapping[str, Any]) -> Any:
    try:
        return compile_expression(to_text(node)).run(values)
    except (ExpressionError, EvaluationError):
        return None


def _look_up(path: SpecPath | None, values: Any) -> Any:
    """None where the path leads nowhere."""
    for part in path or ():
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return None
    return values
