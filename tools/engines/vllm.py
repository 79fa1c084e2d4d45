"""One release of vLLM: the parser of `vllm serve`, parsers of answers, metrics."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tools.engines.archives import Archive
from tools.engines.devices import read_devices
from tools.engines.facts import Release, flag_row, metric_row
from tools.engines.flags import Flag, FlagReader
from tools.engines.metrics import read_metrics
from tools.engines.modules import Module, Package
from tools.engines.values import Values

ENTRY_POINTS = (
    "vllm.entrypoints.openai.cli_args",
    "vllm.entrypoints.launchers.cli_args",
    "vllm.entrypoints.common.cli_args",
)
SERVE = ("vllm.scripts", "vllm.entrypoints.cli.serve")
ARGUMENTS = "vllm.engine.arg_utils"
REGISTRIES: Mapping[str, tuple[str, str]] = {
    "tool-call-parser": ("ToolParserManager", "_TOOL_PARSERS_TO_REGISTER"),
    "reasoning-parser": ("ReasoningParserManager", "_REASONING_PARSERS_TO_REGISTER"),
}
"""Flags whose choices are registered: the manager of the decorators, and the table of later releases."""
REGISTERING_PATHS = ("tool_parsers/", "reasoning/")


def read_release(archive: Archive) -> Release:
    files = {path: archive.text(path) for path in sorted(archive.paths)}
    package = Package(files)
    values = Values(package)
    flags = read_flags(package, values)
    registered = _registered(package, values, files)
    for name, choices in registered.items():
        if name in flags and choices:
            taken = replace(flags[name].taken, choices=tuple(choices), open=True)
            flags[name] = replace(flags[name], taken=taken)
    source = {
        "version": archive.version,
        "archive": archive.name,
        "sha256": archive.sha256,
        "released": archive.released,
    }
    metrics = read_metrics(files, values, "vllm:")
    return Release(
        archive.version,
        source,
        {name: flag_row(flag) for name, flag in flags.items()},
        {name: metric_row(metric) for name, metric in metrics.items()},
        read_devices(arguments, values) if (arguments := package.module(ARGUMENTS)) else {},
    )


def read_flags(package: Package, values: Values) -> dict[str, Flag]:
    """All flags of `vllm serve`, by their long name."""
    reader = FlagReader(values)
    for name in ENTRY_POINTS:
        module = package.module(name)
        function = package.find(module, "make_arg_parser") if module else None
        if function is not None:
            reader.follow(function)
    for name in SERVE:
        if (module := package.module(name)) is not None:
            _follow_serve(reader, module)
    if not reader.flags:
        raise LookupError(f"no module of {', '.join(ENTRY_POINTS)} makes a parser: it has moved")
    return {name: _engine_decides(flag, package.module(ARGUMENTS)) for name, flag in reader.flags.items()}


def _follow_serve(reader: FlagReader, module: Module) -> None:
    """Releases before 0.10 add a few flags where the subcommand is made."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="serve_parser"), attr="add_argument")):
                reader.add_call(node, module)


def _engine_decides(flag: Flag, arguments: Module | None) -> Flag:
    """No default in the parser, and a method of the arguments that fills it in, perhaps by the device."""
    if flag.default is not None or flag.default_from or arguments is None:
        return flag
    deciding = [(name, fields[flag.field]) for name, fields in _assigned(arguments) if flag.field in fields]
    if not deciding:
        return flag
    by_device = any("default_" in value and _asks_device(arguments, name) for name, value in deciding)
    return replace(flag, default_from="device" if by_device else "engine")


def _assigned(module: Module) -> Iterator[tuple[str, dict[str, str]]]:
    """Methods of the engine's arguments with the fields that they set where none was given, and to what."""
    owner = module.definitions.get("EngineArgs")
    for method in owner.body if isinstance(owner, ast.ClassDef) else ():
        if isinstance(method, ast.FunctionDef) and method.name != "add_cli_args":
            yield method.name, dict(pair for node in ast.walk(method) for pair in _filled(node))


def _filled(node: ast.AST) -> Iterator[tuple[str, str]]:
    """`if self.x is None: … self.x = …`."""
    if isinstance(node, ast.If) and "is None" in ast.unparse(node.test):
        for inside in ast.walk(node):
            match inside:
                case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                    if f"self.{name} is None" in ast.unparse(node.test):
                        yield name, ast.unparse(value)


def _asks_device(module: Module, method: str) -> bool:
    owner = module.definitions["EngineArgs"]
    assert isinstance(owner, ast.ClassDef)
    functions = {each.name: ast.unparse(each) for each in owner.body if isinstance(each, ast.FunctionDef)}
    text = functions[method]
    called = "".join(body for name, body in functions.items() if f"self.{name}(" in text and name.startswith("get_"))
    return "get_device_total_memory" in text + called


def _registered(package: Package, values: Values, files: Mapping[str, str]) -> dict[str, list[str]]:
    """Names that a release registers for parsers, by flag."""
    found: dict[str, list[str]] = {flag: [] for flag in REGISTRIES}
    for path, text in files.items():
        if not any(part in path for part in REGISTERING_PATHS) or not any(word in text for word in _words()):
            continue
        module = package.module(path.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
        for flag, (manager, table) in REGISTRIES.items() if module else ():
            assert module is not None
            found[flag] += _decorated(module, manager, values)
            listed = values.read(module.definitions.get(table), module)
            found[flag] += list(listed) if isinstance(listed, dict) else []
    return found


def _words() -> tuple[str, ...]:
    return ("register_module", "_TO_REGISTER")


def _decorated(module: Module, manager: str, values: Values) -> Iterator[str]:
    for node in ast.walk(module.tree):
        for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
            match decorator:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="register_module")) if name == manager:
                    given = [*decorator.args, *(keyword.value for keyword in decorator.keywords)]
                    value = values.read(given[0], module) if given else None
                    yield from [value] if isinstance(value, str) else value if isinstance(value, list) else []
