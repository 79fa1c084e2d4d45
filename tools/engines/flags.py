"""Flags of a release: the calls that build its argument parser, followed statement by statement on the syntax tree."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tools.engines.hints import Hints, Taken, literal_type, taken_by
from tools.engines.modules import Definition, Module
from tools.engines.values import UNKNOWN, Values

DEPRECATED = re.compile(r"^\W*deprecated\b|\b(is|are|been) (now )?deprecated\b", re.IGNORECASE)
TYPES: Mapping[str, str] = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "loads": "json",
    "json_list_type": "json",
    "union_dict_and_str": "json-or-str",
    "human_readable_int": "size",
    "human_readable_int_or_auto": "size",
    "parse_dataclass": "json",
}
ACTIONS: Mapping[str, str] = {
    "store_true": "switch",
    "store_false": "switch",
    "BooleanOptionalAction": "pair",
    "StoreBoolean": "bool",
}


ANYTHING = Taken()


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `default` UNKNOWN: the text of the package does not say; `default_from`: who decides instead."""

    name: str
    aliases: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    taken: Taken = ANYTHING
    default: Any = UNKNOWN
    default_from: str = ""
    deprecated: bool = False
    required: bool = False
    field: str = ""


Settings = dict[str, Any]
"""Arguments of one `add_argument`: `taken`, `default`, `deprecated`, `action`."""


class FlagReader:
    """Follows the functions that build a parser. `settings_of` turns a class into settings by field, as they do."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.hints = Hints(values)
        self.flags: dict[str, Flag] = {}

    def follow(self, function: Definition, owner: Definition | None = None, bound: Settings | None = None) -> None:
        """Adds every flag that a function, and the ones it calls, put into the parser."""
        if isinstance(function.node, ast.FunctionDef):
            parameters = [argument.arg for argument in function.node.args.args]
            names: Settings = dict.fromkeys(parameters[-1:], bound) if bound is not None else {}
            self._statements(function.node.body, _Frame(self, _with_locals(function), owner, names))

    def follow_method(self, owner: Definition, name: str) -> None:
        function = method_of(self, owner, name)
        if function is not None:
            self.follow(function, owner)

    def add_call(self, call: ast.Call, module: Module) -> None:
        """One `add_argument` outside of the functions that are followed."""
        _Frame(self, module, None, {}).call(call)

    def _statements(self, body: list[ast.stmt], frame: "_Frame") -> None:
        for statement in body:
            frame.step(statement)

    def settings_of(self, owner: Definition) -> Settings:
        """Settings by field of a class: what the package's own `get_kwargs` makes of its hints and defaults."""
        assert isinstance(owner.node, ast.ClassDef)
        settings: Settings = {}
        for base in owner.node.bases:
            found = self.values.package.find_dotted(owner.module, base)
            if found is not None and isinstance(found.node, ast.ClassDef):
                settings |= self.settings_of(found)
        sizes = self._sizes()
        documented = _documentation(owner.node)
        for statement in owner.node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
                taken = taken_by(self.hints.read(statement.annotation, owner.module), sizes, name)
                default = self.values.default(statement.value, owner.module) if statement.value else UNKNOWN
                deprecated = bool(DEPRECATED.search(documented.get(name, "")))
                source = _source(statement.value)
                settings[name] = {"taken": taken, "default": default, "deprecated": deprecated, "default_from": source}
        return settings

    def _sizes(self) -> Mapping[str, str]:
        """Fields that take human-readable numbers, as the branches of `get_kwargs` name them."""
        module = self.values.package.module("vllm.engine.arg_utils")
        functions = [module.definitions.get(name) for name in ("_compute_kwargs", "get_kwargs")] if module else []
        for function in functions:
            if isinstance(function, ast.FunctionDef) and (sizes := dict(_size_branches(function))):
                return sizes
        return {}

    def add(self, names: list[str], settings: Settings) -> None:
        long = [name[2:].replace("_", "-") for name in names if name.startswith("--")]
        short = tuple(name[1:] for name in names if name.startswith("-") and not name.startswith("--"))
        if not long:
            return
        taken = settings.get("taken", Taken(unset=True))
        negated = [name for name in long if name == f"no-{long[0]}"]
        if negated:
            taken = replace(taken, type="pair")
        aliases = tuple(name for name in dict.fromkeys(long[1:]) if name not in negated)
        self.flags[long[0]] = Flag(
            long[0],
            aliases,
            short,
            taken,
            plain(settings.get("default")),
            settings.get("default_from", ""),
            deprecated=bool(settings.get("deprecated")),
            required=bool(settings.get("required")),
            field=settings.get("dest") or long[0].replace("-", "_"),
        )


@dataclass(frozen=True, slots=True)
class _Frame:
    """A function that is being followed: its module, its class, and its local names."""

    reader: FlagReader
    module: Module
    owner: Definition | None
    names: Settings

    def step(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign(targets=[target], value=value):
                self._assign(target, value)
            case ast.AugAssign(target=ast.Subscript() as target, value=value):
                self._extend(target, value)
            case ast.Expr(value=ast.Call() as call) | ast.Return(value=ast.Call() as call):
                self.call(call)
            case ast.Delete(targets=[ast.Subscript(value=ast.Subscript() as inner, slice=key)]):
                self._unset(inner, self._read(key))
            case ast.If(body=body, orelse=orelse):
                for inside in (*body, *orelse):
                    self.step(inside)
            case ast.With(body=body) | ast.Try(body=body):
                for inside in body:
                    self.step(inside)
            case ast.For():
                self._loop(statement)

    def _read(self, node: ast.AST) -> Any:
        return self.reader.values.read(node, self.module, self.names)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name) and isinstance(value, ast.Call):
            answer = self.call(value)
            self.names[target.id] = self._read(value) if answer is UNKNOWN else answer
        elif isinstance(target, ast.Name):
            found = self._read(value)
            if found is not UNKNOWN:
                self.names[target.id] = found
        elif isinstance(target, ast.Subscript):
            settings, key = self._read(target.value), self._read(target.slice)
            if isinstance(settings, dict) and isinstance(key, str):
                settings |= self._settings([ast.keyword(key, value)], settings)

    def _extend(self, target: ast.Subscript, value: ast.expr) -> None:
        settings, more = self._read(target.value), self._read(value)
        if isinstance(settings, dict) and "taken" in settings and isinstance(more, list):
            taken: Taken = settings["taken"]
            settings["taken"] = replace(taken, choices=(*taken.choices, *more))

    def _unset(self, inner: ast.Subscript, key: Any) -> None:
        settings = self._read(inner)
        if isinstance(settings, dict) and key == "nargs" and "taken" in settings:
            settings["taken"] = replace(settings["taken"], many=False)

    def _loop(self, loop: ast.For) -> None:
        """`for key, value in kwargs.items(): group.add_argument(f"--{key}", **value)`."""
        added = any(isinstance(node, ast.Call) and _leaf(node.func) == "add_argument" for node in ast.walk(loop))
        if added and isinstance(loop.iter, ast.Call) and isinstance(loop.iter.func, ast.Attribute):
            settings = self._read(loop.iter.func.value)
            for name, each in settings.items() if isinstance(settings, dict) else ():
                self.reader.add([f"--{name}"], each)

    def call(self, call: ast.Call) -> Any:
        name = _leaf(call.func)
        if name == "add_argument":
            names = [value for argument in call.args if isinstance(value := self._read(argument), str)]
            self.reader.add(names, self._settings(call.keywords, {}))
        elif name == "get_kwargs":
            owner = self._class(call.args[0])
            return self.reader.settings_of(owner) if owner else UNKNOWN
        elif name == "remove" and isinstance(call.func, ast.Attribute):
            self._remove(call)
        elif isinstance(call.func, ast.Attribute) and (owner := self._class(call.func.value)) is not None:
            return self._follow(owner, name, call)
        return UNKNOWN

    def _remove(self, call: ast.Call) -> None:
        """`kwargs["x"]["choices"].remove(…)`."""
        assert isinstance(call.func, ast.Attribute)
        if isinstance(call.func.value, ast.Subscript):
            settings, gone = self._read(call.func.value.value), self._read(call.args[0])
            if isinstance(settings, dict) and "taken" in settings:
                taken: Taken = settings["taken"]
                settings["taken"] = replace(taken, choices=tuple(c for c in taken.choices if c != gone))

    def _class(self, node: ast.expr) -> Definition | None:
        if isinstance(node, ast.Name) and node.id == "cls":
            return self.owner
        if isinstance(node, ast.Call) and _leaf(node.func) == "super" and self.owner:
            assert isinstance(self.owner.node, ast.ClassDef)
            bases = [self.reader.values.package.find_dotted(self.owner.module, base) for base in self.owner.node.bases]
            return next((base for base in bases if base), None)
        found = self.reader.values.package.find_dotted(self.module, node)
        return found if found is not None and isinstance(found.node, ast.ClassDef) else None

    def _follow(self, owner: Definition, name: str, call: ast.Call) -> Any:
        function = method_of(self.reader, owner, name)
        given = [value for argument in call.args if isinstance(value := self._read(argument), dict)]
        if function is not None and (given or name == "add_cli_args"):
            self.reader.follow(function, owner, given[0] if given else None)
        return given[0] if given else UNKNOWN

    def _settings(self, keywords: list[ast.keyword], known: Settings) -> Settings:
        """Settings that keyword arguments make, over those that are known already."""
        settings: Settings = dict(known)
        for keyword in keywords:
            if keyword.arg is None:
                more = self._unpacked(keyword.value)
                settings |= more
            else:
                settings |= self._setting(keyword.arg, keyword.value, settings)
        return settings

    def _unpacked(self, node: ast.expr) -> Settings:
        """`**kwargs["x"]`, or `**{**kwargs["x"], "default": None}`."""
        if not isinstance(node, ast.Dict):
            found = self._read(node)
            return found if isinstance(found, dict) else {}
        settings: Settings = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                settings |= self._unpacked(value)
            elif isinstance(name := self._read(key), str):
                settings |= self._setting(name, value, settings)
        return settings

    def _setting(self, name: str, node: ast.expr, known: Settings) -> Settings:
        taken: Taken = known.get("taken", Taken(unset=True))
        if name == "default":
            suppressed = isinstance(node, ast.Attribute) and node.attr == "SUPPRESS"
            return {"default": None if suppressed else self._read(node), "default_from": _source(node)}
        if name == "type":
            folds = isinstance(node, ast.Lambda) and ".lower()" in ast.unparse(node)
            return {"taken": replace(taken, type=self._type(node, taken), unset=False, folds=folds)}
        if name == "choices":
            choices = self._read(node)
            listed = tuple(choices) if isinstance(choices, list) else ()
            kind = literal_type(listed) if taken.unset else taken.type
            return {"taken": replace(taken, choices=listed, type=kind, unset=False)}
        if name == "nargs":
            return {"taken": replace(taken, many=self._read(node) in ("*", "+") or isinstance(self._read(node), int))}
        if name == "action":
            return self._action(node, taken)
        if name in ("deprecated", "required", "dest"):
            return {name: self._read(node)}
        if name == "help":
            text = self._text(node)
            return {"deprecated": True} if DEPRECATED.search(text) else {}
        return {}

    def _text(self, node: ast.expr) -> str:
        value = self._read(node)
        if isinstance(value, str):
            return value
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        return "".join(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))

    def _type(self, node: ast.expr, taken: Taken) -> str:
        if isinstance(node, ast.Call) and node.args:
            return self._type(node.args[0], taken)
        if isinstance(node, ast.Lambda):
            return "str"
        return TYPES.get(_leaf(node), "str")

    def _action(self, node: ast.expr, taken: Taken) -> Settings:
        name = node.value if isinstance(node, ast.Constant) else _leaf(node)
        if name in ("append", "LoRAParserAction", "LoRAPathAction", "PromptAdapterParserAction"):
            return {"taken": replace(taken, many=True)}
        deprecated = {"deprecated": True} if str(name).startswith("Deprecated") else {}
        if str(name).startswith("DeprecatedStoreTrue"):
            return {**deprecated, "taken": replace(taken, type="switch", unset=False)}
        if name in ACTIONS:
            default = {"default": name == "store_false"} if str(name).startswith("store_") else {}
            return {**deprecated, **default, "taken": replace(taken, type=ACTIONS[str(name)], unset=False)}
        return deprecated


def plain(default: Any) -> Any:
    """A member of an enumeration is written as its value."""
    return default["value"] if isinstance(default, dict) and set(default) == {"name", "value"} else default


def _source(node: ast.AST | None) -> str:
    """Who decides on a default that the text does not tell."""
    return "environment" if node is not None and "envs." in ast.unparse(node) else ""


def method_of(reader: FlagReader, owner: Definition, name: str) -> Definition | None:
    assert isinstance(owner.node, ast.ClassDef)
    for statement in owner.node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            return Definition(statement, owner.module)
    bases = [reader.values.package.find_dotted(owner.module, base) for base in owner.node.bases]
    found = (method_of(reader, base, name) for base in bases if base and isinstance(base.node, ast.ClassDef))
    return next((each for each in found if each), None)


def _with_locals(function: Definition) -> Module:
    """The module as a function sees it: with its own imports."""
    imports = dict(function.module.imports)
    for node in ast.walk(function.node):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    module = function.module
    return Module(module.name, module.tree, module.is_package, module.definitions, imports)


def _documentation(node: ast.ClassDef) -> dict[str, str]:
    """The text below each field."""
    found = {}
    for field, text in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match text:
                case ast.Expr(value=ast.Constant(value=str() as words)):
                    found[field.target.id] = words
    return found


def _size_branches(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    sets = {
        node.targets[0].id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Set)
    }
    for node in ast.walk(function):
        match node:
            case ast.If(test=ast.Compare(left=ast.Name(id="name"), comparators=[against]), body=[first, *_]):
                listed = sets.get(against.id, against) if isinstance(against, ast.Name) else against
                if "human_readable_int" in ast.unparse(first):
                    for constant in ast.walk(listed):
                        if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                            yield constant.value, "size"


def _leaf(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
