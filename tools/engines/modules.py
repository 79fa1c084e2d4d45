"""Modules of a package as syntax trees: which name means which definition, across imports."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Node = ast.AST


@dataclass(frozen=True, slots=True)
class Definition:
    """What a name stands for: the node that defines it, and the module in which the node's own names are looked up."""

    node: Node
    module: "Module"


@dataclass(slots=True)
class Module:
    """One file. `imports` maps a name to the module and the name there (empty: the module itself)."""

    name: str
    tree: ast.Module
    is_package: bool
    definitions: dict[str, Node] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


class Package:
    """All modules of one archive, each parsed when it is first asked for."""

    def __init__(self, files: Mapping[str, str] | Callable[[str], str | None]) -> None:
        self._read = files if callable(files) else files.get
        self._modules: dict[str, Module | None] = {}

    def module(self, name: str) -> Module | None:
        if name not in self._modules:
            self._modules[name] = self._parse(name)
        return self._modules[name]

    def _parse(self, name: str) -> Module | None:
        stem = name.replace(".", "/")
        for path, is_package in ((f"{stem}.py", False), (f"{stem}/__init__.py", True)):
            if (text := self._read(path)) is not None:
                module = Module(name, ast.parse(text), is_package)
                _collect(module, module.tree.body)
                return module
        return None

    def find(self, module: Module, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> Definition | None:
        """The definition of a name used in a module; None where it lies outside the package or is built in."""
        if (module.name, name) in seen:
            return None
        if name in module.definitions:
            return Definition(module.definitions[name], module)
        if name not in module.imports:
            return None
        source, inside = module.imports[name]
        target = self.module(source)
        if inside and target is not None:
            return self.find(target, inside, seen | {(module.name, name)})
        return Definition(target.tree, target) if target is not None else None

    def find_dotted(self, module: Module, node: ast.expr) -> Definition | None:
        """`X`, or `module.X` through an imported module."""
        if isinstance(node, ast.Name):
            return self.find(module, node.id)
        if isinstance(node, ast.Attribute):
            owner = self.find_dotted(module, node.value)
            if owner is not None and isinstance(owner.node, ast.Module):
                return self.find(owner.module, node.attr)
        return None


def _collect(module: Module, body: list[ast.stmt]) -> None:
    for statement in body:
        for name, node in _defined(statement):
            if name not in module.imports:
                module.definitions.setdefault(name, node)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            _import(module, statement)
        elif isinstance(statement, ast.If | ast.Try):
            # `if TYPE_CHECKING` comes first and says what a name really is.
            _collect(module, statement.body)
            _collect(module, statement.orelse)


def _defined(statement: ast.stmt) -> Iterator[tuple[str, Node]]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        yield statement.name, statement
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
        yield statement.target.id, statement.value


def _import(module: Module, statement: ast.Import | ast.ImportFrom) -> None:
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            module.imports.setdefault(alias.asname or alias.name.split(".")[0], (alias.name, ""))
        return
    source = _absolute(module, statement)
    for alias in statement.names:
        name = alias.asname or alias.name
        if name not in module.definitions:
            module.imports.setdefault(name, (source, alias.name))


def _absolute(module: Module, statement: ast.ImportFrom) -> str:
    if not statement.level:
        return statement.module or ""
    parts = module.name.split(".")
    keep = len(parts) - statement.level + (1 if module.is_package else 0)
    return ".".join([*parts[:keep], *([statement.module] if statement.module else [])])
