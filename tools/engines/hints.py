"""Type hints of fields -> what a flag takes."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tools.engines.modules import Definition, Module
from tools.engines.values import UNKNOWN, Values

BUILT_IN = frozenset({"bool", "int", "float", "str", "dict", "list", "tuple", "set"})
_SEQUENCES: Mapping[str, str] = {
    "list": "list",
    "List": "list",
    "Sequence": "list",
    "tuple": "tuple",
    "Tuple": "tuple",
    "set": "set",
    "Set": "set",
}
_TRANSPARENT = frozenset({"Annotated", "A", "SkipValidation", "InitVar", "Final", "ClassVar"})
DATACLASSES = frozenset({"dataclass", "config"})


@dataclass(frozen=True, slots=True)
class Hint:
    """The set of types that a hint allows. `names` holds built-in ones, `none`, `literal`, `dataclass`, `other`."""

    names: frozenset[str] = frozenset()
    choices: tuple[Any, ...] = ()
    item: "Hint | None" = None
    fixed: int = 0
    """Length of a tuple that has one."""

    def __or__(self, other: "Hint") -> "Hint":
        return Hint(
            self.names | other.names,
            self.choices + other.choices,
            self.item or other.item,
            self.fixed or other.fixed,
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """How a flag reads its value. `type`: switch, pair, bool, int, size, float, str, json, json-or-str, any."""

    type: str = "str"
    many: bool = False
    choices: tuple[Any, ...] = ()
    open: bool = False
    """Other values than the choices are taken too."""
    folds: bool = False
    """Choices are found in any case, with `-` for `_`."""
    unset: bool = False
    """The type was not said, and `str` is what the parser falls back to."""


class Hints:
    """Reads hints of one package."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def read(self, node: ast.AST, module: Module) -> Hint:
        match node:
            case ast.Constant(value=None):
                return Hint(frozenset({"none"}))
            case ast.Constant(value=str() as text):
                return self.read(ast.parse(text, mode="eval").body, module)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self.read(left, module) | self.read(right, module)
            case ast.Subscript():
                return self._subscript(node, module)
            case ast.Name(id=name) if name in BUILT_IN or name in _SEQUENCES:
                return Hint(frozenset({_SEQUENCES.get(name, name)}))
            case ast.Name() | ast.Attribute():
                return self._named(self.values.package.find_dotted(module, node))
        return Hint(frozenset({"other"}))

    def _named(self, found: Definition | None) -> Hint:
        if found is None or isinstance(found.node, ast.Module | ast.FunctionDef):
            return Hint(frozenset({"other"}))
        if not isinstance(found.node, ast.ClassDef):
            return self.read(found.node, found.module)
        if any(_leaf(decorator) in DATACLASSES for decorator in found.node.decorator_list):
            return Hint(frozenset({"dataclass"}))
        bases = {ast.unparse(base).partition("[")[0] for base in found.node.bases}
        return Hint(frozenset({"dict"} if bases & {"dict", "Dict"} else {"other"}))

    def _subscript(self, node: ast.Subscript, module: Module) -> Hint:
        name = _leaf(node.value)
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            choices = self.values.literal(node, module)
            return Hint(frozenset({"literal"}), tuple(choices) if choices is not UNKNOWN else ())
        if name == "Optional":
            return self.read(items[0], module) | Hint(frozenset({"none"}))
        if name == "Union":
            return _all(self.read(item, module) for item in items)
        if name in _TRANSPARENT:
            return self.read(items[0], module)
        if name in _SEQUENCES:
            open_ended = any(isinstance(item, ast.Constant) and item.value is Ellipsis for item in items)
            fixed = len(items) if _SEQUENCES[name] == "tuple" and not open_ended else 0
            return Hint(frozenset({_SEQUENCES[name]}), item=self.read(items[0], module), fixed=fixed)
        return Hint(frozenset({"dict" if name in ("dict", "Dict", "Mapping") else "other"}))


def _all(hints: Iterable[Hint]) -> Hint:
    found = Hint()
    for hint in hints:
        found |= hint
    return found


def taken_by(hint: Hint, sizes: Mapping[str, str], name: str) -> Taken:
    """What a field's flag takes, in the order in which the engine decides. `sizes`: fields that take `64k`."""
    names = hint.names
    if "dataclass" in names:
        return Taken("json")
    if names == {"bool", "str", "none"}:
        return Taken("any")
    if "bool" in names:
        return Taken("pair")
    if "literal" in names:
        return Taken(literal_type(hint.choices), choices=hint.choices, open="str" in names)
    if names & {"tuple", "list", "set"}:
        inner = taken_by(hint.item, {}, "") if hint.item else Taken()
        joined = replace(inner, type="str") if hint.item and len(hint.item.names & BUILT_IN) > 1 else inner
        return replace(joined, many=True)
    if "int" in names:
        return Taken(sizes.get(name, "int"))
    if "float" in names:
        return Taken("float")
    if "dict" in names:
        return Taken("json-or-str" if names & {"str", "other"} else "json")
    return Taken()


def literal_type(choices: tuple[Any, ...]) -> str:
    return "int" if choices and all(isinstance(choice, int) for choice in choices) else "str"


def _leaf(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _leaf(node.func)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
