"""What an expression is worth, as far as its text says so. Nothing is run."""

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from tools.engines.modules import Definition, Module, Package


class Unknown:
    """A value that only running the code would tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.BitOr: operator.or_,
}
_SEQUENCES = frozenset({"list", "tuple", "set", "sorted", "frozenset"})
_CASTS: Mapping[str, Callable[[Any], Any]] = {"int": int, "float": float, "str": str, "bool": bool}


class Values:
    """Reads expressions of one package."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self._busy: set[int] = set()

    def read(self, node: ast.AST | None, module: Module, names: Mapping[str, Any] | None = None) -> Any:
        """A plain value, or UNKNOWN. `names` are values of local names."""
        if node is None or id(node) in self._busy:
            return UNKNOWN
        self._busy.add(id(node))
        try:
            return self._read(node, module, names or {})
        finally:
            self._busy.discard(id(node))

    def _read(self, node: ast.AST, module: Module, names: Mapping[str, Any]) -> Any:
        match node:
            case ast.Constant(value=value):
                return UNKNOWN if value is Ellipsis else value
            case ast.Name(id=name) if name in names:
                return names[name]
            case ast.Name() | ast.Attribute():
                return self._named(node, module, names)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return self._items(items, module, names)
            case ast.Dict():
                return self._mapping(node, module, names)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self.read(operand, module, names)
                return -value if isinstance(value, int | float) else UNKNOWN
            case ast.BinOp(left=left, op=op, right=right):
                return _operate(op, self.read(left, module, names), self.read(right, module, names))
            case ast.Call():
                return self._call(node, module, names)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self._comprehension(node, module, names)
            case ast.Subscript(value=value, slice=index):
                return _index(self.read(value, module, names), self.read(index, module, names))
            case ast.Lambda(body=body):
                return self.read(body, module, names)
        return UNKNOWN

    def _items(self, items: Iterable[ast.expr], module: Module, names: Mapping[str, Any]) -> Any:
        found: list[Any] = []
        for item in items:
            starred = isinstance(item, ast.Starred)
            value = self.read(item.value if isinstance(item, ast.Starred) else item, module, names)
            if value is UNKNOWN or (starred and not isinstance(value, list | dict)):
                return UNKNOWN
            found += value if starred else [value]
        return found

    def _mapping(self, node: ast.Dict, module: Module, names: Mapping[str, Any]) -> Any:
        found: dict[Any, Any] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.read(item, module, names)
            if key is None:
                found |= value if isinstance(value, dict) else {}
            elif isinstance(name := self.read(key, module, names), str | int):
                found[name] = value
        return found

    def _named(self, node: ast.AST, module: Module, names: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Attribute):
            if node.attr in ("value", "name") and isinstance(known := self.read(node.value, module, names), dict):
                return known.get(node.attr, UNKNOWN)
            owner = self.package.find_dotted(module, node.value)
            if owner is not None and isinstance(owner.node, ast.ClassDef):
                return self.attribute(owner, node.attr)
        found = self.package.find_dotted(module, node) if isinstance(node, ast.expr) else None
        if found is None or isinstance(found.node, ast.FunctionDef | ast.Module):
            return UNKNOWN
        if isinstance(found.node, ast.ClassDef):
            return self.members(found)
        return self.read(found.node, found.module)

    def attribute(self, owner: Definition, name: str) -> Any:
        """The default of a field of a class, or of its bases; a member of an enumeration is a mapping of both."""
        found = field_of(self.package, owner, name)
        if found is None:
            return UNKNOWN
        value = self.default(found.node, found.module)
        return {"name": name, "value": value} if self._is_enumeration(owner) else value

    def default(self, node: ast.AST, module: Module) -> Any:
        """A field's right side: `Field(…)` and `field(…)` say their default inside."""
        if isinstance(node, ast.Call) and _leaf(node.func) in ("Field", "field"):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            if "default_factory" in given:
                return self._made(given["default_factory"], module)
            return self.read(given.get("default") or next(iter(node.args), None), module)
        return self.read(node, module)

    def _made(self, factory: ast.expr, module: Module) -> Any:
        if isinstance(factory, ast.Name) and factory.id in ("list", "tuple", "set", "dict"):
            return {} if factory.id == "dict" else []
        if isinstance(factory, ast.Lambda):
            return self.read(factory, module)
        made = self.package.find_dotted(module, factory)
        # An object of defaults is what an empty mapping gives.
        return {} if made is not None and isinstance(made.node, ast.ClassDef) else UNKNOWN

    def members(self, owner: Definition) -> Any:
        """Of an enumeration: a list of mappings with `name` and `value`. UNKNOWN for other classes."""
        node = owner.node
        if not isinstance(node, ast.ClassDef) or not self._is_enumeration(owner):
            return UNKNOWN
        pairs = [
            (target.id, self.read(statement.value, owner.module))
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        ]
        return [{"name": name, "value": value} for name, value in pairs if isinstance(value, str | int)] or UNKNOWN

    def _is_enumeration(self, owner: Definition) -> bool:
        bases = owner.node.bases if isinstance(owner.node, ast.ClassDef) else []
        return any("Enum" in ast.unparse(base) for base in bases)

    def literal(self, node: ast.AST, module: Module) -> Any:
        """The values of `Literal[…]`, where that is what a name or an expression stands for."""
        if isinstance(node, ast.Subscript) and _leaf(node.value) == "Literal":
            items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            nested = [[i.value] if isinstance(i, ast.Constant) else self.literal(i, module) for i in items]
            return UNKNOWN if UNKNOWN in nested else [choice for choices in nested for choice in choices]
        if isinstance(node, ast.Name | ast.Attribute):
            found = self.package.find_dotted(module, node)
            return self.literal(found.node, found.module) if found and found.node is not node else UNKNOWN
        return UNKNOWN

    def _call(self, node: ast.Call, module: Module, names: Mapping[str, Any]) -> Any:
        name, first = _leaf(node.func), next(iter(node.args), None)
        if name == "get_args" and first is not None:
            return self.literal(first, module)
        if name == "get_field" and isinstance(first, ast.Name) and len(node.args) == 2:
            owner, wanted = self.package.find(module, first.id), self.read(node.args[1], module)
            return self.attribute(owner, wanted) if owner and isinstance(wanted, str) else UNKNOWN
        if name in _SEQUENCES and first is not None:
            value = self.read(first, module, names)
            return list(value) if isinstance(value, list | dict) else UNKNOWN
        if name in _CASTS and first is not None and isinstance(value := self.read(first, module, names), str | int):
            return _CASTS[name](value)
        if name == "keys" and isinstance(node.func, ast.Attribute):
            value = self.read(node.func.value, module, names)
            return list(value) if isinstance(value, dict) else UNKNOWN
        if name in ("lower", "upper") and isinstance(node.func, ast.Attribute):
            value = self.read(node.func.value, module, names)
            return getattr(value, name)() if isinstance(value, str) else UNKNOWN
        return self._returned(node, module)

    def _returned(self, node: ast.Call, module: Module) -> Any:
        """What a function without arguments answers, where it is its last statement."""
        found = self.package.find_dotted(module, node.func) if not node.args and not node.keywords else None
        if found is None or not isinstance(found.node, ast.FunctionDef):
            return UNKNOWN
        last, inside = found.node.body[-1], Module("", ast.Module([], []), False)
        for statement in found.node.body:
            if isinstance(statement, ast.ImportFrom) and statement.module:
                inside.imports |= {a.asname or a.name: (statement.module, a.name) for a in statement.names}
        local = Module(found.module.name, found.module.tree, False, found.module.definitions, dict(inside.imports))
        return self.read(last.value, local) if isinstance(last, ast.Return) else UNKNOWN

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, module: Module, names: Mapping[str, Any]
    ) -> Any:
        loop = node.generators[0]
        items = self.read(loop.iter, module, names)
        if not isinstance(items, list) or not isinstance(loop.target, ast.Name) or loop.ifs:
            return UNKNOWN
        found = [self.read(node.elt, module, {**names, loop.target.id: item}) for item in items]
        return UNKNOWN if any(value is UNKNOWN for value in found) else found


def field_of(package: Package, owner: Definition, name: str) -> Definition | None:
    """The right side of a field, of the class or the nearest base that has it."""
    if not isinstance(owner.node, ast.ClassDef):
        return None
    for statement in owner.node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=target), value=value) if target == name and value is not None:
                return Definition(value, owner.module)
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                return Definition(value, owner.module)
    bases = (package.find_dotted(owner.module, base) for base in owner.node.bases)
    return next((found for base in bases if base and (found := field_of(package, base, name))), None)


def _leaf(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _operate(op: ast.operator, left: Any, right: Any) -> Any:
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    alike = type(left) is type(right) and isinstance(left, str | list | dict)
    if not (numbers or alike) or type(op) not in _OPERATORS:
        return UNKNOWN
    try:
        return _OPERATORS[type(op)](left, right)
    except TypeError:
        return UNKNOWN


def _index(value: Any, index: Any) -> Any:
    if isinstance(value, dict) and isinstance(index, str | int):
        return value.get(index, UNKNOWN)
    return value[index] if isinstance(value, list) and isinstance(index, int) and index < len(value) else UNKNOWN
