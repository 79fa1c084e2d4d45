"""One release of SGLang: the fields of its server's arguments, the flags beside them, metrics."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tools.engines.archives import Archive
from tools.engines.facts import Release, flag_row, metric_row
from tools.engines.flags import TYPES, Flag, FlagReader, plain
from tools.engines.hints import Hints, Taken, literal_type, taken_by
from tools.engines.metrics import read_metrics
from tools.engines.modules import Module, Package
from tools.engines.values import UNKNOWN, Values

ARGUMENTS = "sglang.srt.server_args"
FIELDS = "sglang/srt/arg_groups/fields/"


def read_release(archive: Archive) -> Release:
    files = {path: archive.text(path) for path in sorted(archive.paths)}
    package = Package(files)
    values = Values(package)
    modules = [path.removesuffix(".py").replace("/", ".") for path in files if path.startswith(FIELDS)]
    flags = read_flags(package, values, modules)
    source = {
        "version": archive.version,
        "archive": archive.name,
        "sha256": archive.sha256,
        "released": archive.released,
    }
    metrics = read_metrics({p: t for p, t in files.items() if "/srt/" in p}, values, "sglang:")
    return Release(
        archive.version,
        source,
        {name: flag_row(flag) for name, flag in flags.items()},
        {name: metric_row(replace(metric, generations=())) for name, metric in metrics.items()},
    )


def read_flags(package: Package, values: Values, field_modules: list[str]) -> dict[str, Flag]:
    """Flags of fields first, then the ones that the parser adds by hand, which win."""
    arguments = package.module(ARGUMENTS)
    assert arguments is not None
    found: dict[str, Flag] = {}
    for name in field_modules:
        if (module := package.module(name)) is not None:
            found |= {flag.name: flag for flag in _fields(module, values)}
    reader = FlagReader(values)
    owner = package.find(arguments, "ServerArgs")
    assert owner is not None
    assert isinstance(owner.node, ast.ClassDef)
    reader.follow_method(owner, "add_cli_args")
    return found | {name: _declared(flag, values, field_modules) for name, flag in reader.flags.items()}


def _declared(flag: Flag, values: Values, field_modules: list[str]) -> Flag:
    """A flag added by hand has the default of its field."""
    if flag.default is not UNKNOWN:
        return flag
    for name in field_modules:
        module = values.package.module(name)
        for owner in module.tree.body if module else ():
            for field in owner.body if isinstance(owner, ast.ClassDef) else ():
                match field:
                    case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == flag.field:
                        assert module is not None
                        return replace(flag, default=values.default(value, module))
    return flag


def _fields(module: Module, values: Values) -> Iterator[Flag]:
    """`name: A[type, "help"] = default` and `name: A[type, Arg(…)] = default`."""
    for owner in module.tree.body:
        for field in owner.body if isinstance(owner, ast.ClassDef) else ():
            match field:
                case ast.AnnAssign(
                    target=ast.Name(id=name),
                    annotation=ast.Subscript(value=ast.Name(id="A"), slice=ast.Tuple(elts=[hint, *notes])),
                    value=value,
                ):
                    said = _said(notes)
                    if said is not None and not ("no_cli" in said and values.read(said["no_cli"], module) is True):
                        yield _flag(name, hint, said, value, module, values)


def _said(notes: list[ast.expr]) -> dict[str, ast.expr] | None:
    for note in notes:
        match note:
            case ast.Call(func=ast.Name(id="Arg"), keywords=keywords):
                return {keyword.arg: keyword.value for keyword in keywords if keyword.arg}
            case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp():
                return {}
    return None


def _flag(
    name: str, hint: ast.expr, said: dict[str, ast.expr], value: ast.expr | None, module: Module, values: Values
) -> Flag:
    def read(key: str) -> Any:
        return values.read(said[key], module) if key in said else None

    long = str(read("cli_name") or f"--{name}").removeprefix("--").replace("_", "-")
    aliases = read("aliases") or []
    taken = taken_by(Hints(values).read(hint, module), {}, name)
    if taken.type == "pair":
        taken = replace(taken, type="switch")
    if isinstance(choices := read("choices"), list):
        taken = replace(taken, choices=tuple(choices), type=literal_type(tuple(choices)))
    if "type_parser" in said:
        parser = said["type_parser"]
        leaf = parser.attr if isinstance(parser, ast.Attribute) else getattr(parser, "id", "")
        taken = Taken(TYPES.get(leaf, "str"), choices=taken.choices)
    if "nargs" in said:
        taken = replace(taken, many=read("nargs") in ("+", "*"))
    action = ast.unparse(said["action"]) if "action" in said else ""
    return Flag(
        long,
        tuple(alias.removeprefix("--").replace("_", "-") for alias in aliases if str(alias).startswith("--")),
        tuple(alias[1:] for alias in aliases if not str(alias).startswith("--")),
        _by_action(action, taken),
        plain(values.default(value, module)) if value is not None else UNKNOWN,
        deprecated="Deprecated" in action,
        required=value is None,
        field=name,
    )


def _by_action(action: str, taken: Taken) -> Taken:
    if "BooleanOptional" in action:
        return replace(taken, type="pair")
    if "StoreTrue" in action or "store_true" in action:
        return replace(taken, type="switch")
    return replace(taken, many=True) if "LoRAPath" in action else taken
