"""Who may import whom, and who may touch the world. The import table is the one of docs/architecture.md."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.support.code import ROOT, dotted, imported, module_of, sources

ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
FREE = ("_data", "__version__")
"""What every room may ask: where packaged data is, and which version this is."""


def within(module: str, allowed: str) -> bool:
    return module == allowed or module.startswith(f"{allowed}.")


def import_table() -> Mapping[str, tuple[str, ...]]:
    """Room or module -> what it may import, from the table below the heading Imports."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8").split("## Imports", 1)[1]
    rows = dict(ROW.findall(text))
    table: dict[str, tuple[str, ...]] = {}
    for room, words in rows.items():
        usual, *specials = words.split("; only ")
        table[room] = tuple(entry for word in usual.split(",") for entry in _entries(word, rows))
        for special in specials:
            module, _, more = special.partition(" also ")
            table[module.strip("` ")] = tuple(word.strip("` ") for word in more.split(","))
    return table


def _entries(word: str, rooms: Iterable[str]) -> tuple[str, ...]:
    word = word.strip().removeprefix("+ ")
    if word == "standard library":
        return ()
    if word == "any `types`":
        return tuple(f"{room}.types" for room in rooms)
    if word == "everything except `cli`":
        return tuple(room for room in rooms if room != "cli")
    name = word.strip("`")
    assert name.split(".")[0] in rooms, f"docs/architecture.md names {word}, which is no room"
    return (name,)


def wrong_imports(files: Mapping[str, str]) -> Iterator[str]:
    """One line for each import that the table does not allow."""
    table = import_table()
    for path, text in files.items():
        module = module_of(path)
        room = module.split(".")[0]
        if room not in table:
            continue
        allowed = (room, *FREE, *(name for key, names in table.items() if within(module, key) for name in names))
        for line, name in imported(ast.parse(text)):
            if name.startswith("."):
                yield f"{path}:{line}: relative import {name}"
            inside = name.removeprefix("opsdecl.")
            if name != inside and not any(within(inside, entry) for entry in allowed):
                yield f"{path}:{line}: {room} may not import {inside}"


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that touches the world: `modules` that are for nothing else, `names` of calls, methods, attributes."""

    what: str
    homes: tuple[str, ...]
    modules: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def methods(*names: str) -> frozenset[str]:
    return frozenset(f"?.{name}" for name in names)


EFFECTS = (
    Effect(
        "runs programs or speaks to the network",
        ("targets",),
        frozenset({"subprocess", "socket", "ssl", "http", "urllib.request", "requests", "httpx", "asyncio"}),
        frozenset({"os.system", "os.popen"}),
    ),
    Effect("speaks git", ("targets.git",), frozenset({"git"})),
    Effect("speaks to the hub", ("targets.hub",), frozenset({"huggingface_hub"})),
    Effect("speaks Pulumi", ("targets.pulumi",), frozenset({"pulumi", "pulumi_kubernetes"})),
    Effect(
        "reads files",
        ("targets", "cli", "spec.source", "_data", "catalog.load", "render.schema_store"),
        names=frozenset({"open", "os.open", "os.walk", "os.scandir", "os.listdir"})
        | methods("read_text", "read_bytes", "iterdir", "rglob"),
    ),
    Effect(
        "writes files",
        ("targets", "cli.crash"),
        frozenset({"tempfile"}),
        frozenset({"shutil.rmtree", "shutil.copy", "shutil.move", "os.unlink", "os.rename", "os.replace"})
        | methods("write_text", "write_bytes", "mkdir", "unlink", "rmdir", "touch", "symlink_to"),
    ),
    Effect(
        "reads the environment or the working directory",
        (
            "cli",
            "targets.git.run",
            "targets.cluster.plugins",
            "targets.cluster.kubeconfig",
            "targets.pulumi.installation",
        ),
        frozenset({"getpass"}),
        frozenset({"os.environ", "os.getenv", "os.getcwd", "os.chdir", "Path.cwd", "Path.home", "pathlib.Path.cwd"}),
    ),
    Effect(
        "reads the clock or rolls dice",
        ("cli",),
        frozenset({"random", "secrets", "uuid"}),
        frozenset(f"{owner}.{name}" for owner in ("datetime", "date") for name in ("now", "utcnow", "today"))
        | frozenset(f"datetime.{owner}.{name}" for owner in ("datetime", "date") for name in ("now", "today"))
        | frozenset(f"time.{name}" for name in ("time", "monotonic", "perf_counter", "time_ns")),
    ),
    Effect("waits", ("targets", "cli"), names=frozenset({"time.sleep"})),
    Effect(
        "prints, asks or exits", ("cli",), names=frozenset({"print", "input", "exit", "quit", "sys.exit", "os._exit"})
    ),
)


def used_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of attributes and calls; a method of anything is `?.name` besides."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, dotted(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.lineno, node.func.id
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, f"?.{node.func.attr}"


def wrong_effects(files: Mapping[str, str]) -> Iterator[str]:
    """One line for each thing that touches the world from a room that must not."""
    for path, text in files.items():
        module, tree = module_of(path), ast.parse(text)
        imports, names = set(imported(tree)), set(used_names(tree))
        for effect in EFFECTS:
            if any(within(module, home) for home in effect.homes):
                continue
            by_module = {hit for hit in imports if any(within(hit[1], banned) for banned in effect.modules)}
            by_name = {hit for hit in imports | names if any(within(hit[1], banned) for banned in effect.names)}
            yield from (f"{path}:{line}: {name} {effect.what}" for line, name in sorted(by_module | by_name))


HEAVY = (
    "cyclonedx",
    "pulumi",
    "pulumi_kubernetes",
    "git",
    "jinja2",
    "kubernetes_validate",
    "cel",
    "celpy",
    "rich",
    "kubernetes",
)
HEAVY_MODULES = (
    "compile.expressions",
    *(f"targets.pulumi.{name}" for name in ("monitor", "resources", "engine", "ejecting.typed")),
)
"""Modules that are imported on use themselves, so that they may import heavy packages at their top."""


def at_import(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What importing the module imports: not what functions or `if TYPE_CHECKING` import."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imported(node)


def heavy_imports(files: Mapping[str, str]) -> Iterator[str]:
    """One line for each heavy package, or module that needs one, that is imported before it is used."""
    for path, text in files.items():
        if module_of(path) in HEAVY_MODULES:
            continue
        for line, name in at_import(ast.parse(text)):
            inside = name.removeprefix("opsdecl.")
            if any(within(name, package) for package in HEAVY) or any(within(inside, each) for each in HEAVY_MODULES):
                yield f"{path}:{line}: import {name} inside the function that needs it"


FROZEN_DATACLASSES = {
    "opsdecl/compile/types.py: CompiledDocument",
    "opsdecl/render/types.py: Manifest",
    "opsdecl/targets/hub/repository.py: Repository",
}
"""What decision 15 leaves: making dataclasses costs every command."""


def frozen_dataclasses(files: Mapping[str, str]) -> Iterator[str]:
    for path, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and any("frozen=True" in ast.unparse(d) for d in node.decorator_list):
                yield f"{path}: {node.name}"


def test_frozen_values_are_structs() -> None:
    assert set(frozen_dataclasses(sources("opsdecl"))) == FROZEN_DATACLASSES


def test_rooms_import_what_the_table_allows() -> None:
    assert list(wrong_imports(sources("opsdecl"))) == []


def test_only_their_homes_touch_the_world() -> None:
    assert list(wrong_effects(sources("opsdecl"))) == []


def test_heavy_packages_are_imported_on_use() -> None:
    assert list(heavy_imports(sources("opsdecl"))) == []


def test_the_table_knows_every_room() -> None:
    rooms = {path.name for path in (ROOT / "opsdecl").iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert {name for name in import_table() if "." not in name} == rooms


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.what)
def test_homes_of_effects_exist(effect: Effect) -> None:
    modules = {module_of(path) for path in sources("opsdecl")}
    assert [home for home in effect.homes if not any(within(module, home) for module in modules)] == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("opsdecl/render/x.py", "from opsdecl.spec.types import Document"),
        ("opsdecl/render/x.py", "from opsdecl.diff import compare"),
        ("opsdecl/diff/x.py", "from opsdecl.render.canonical import to_yaml"),
        ("opsdecl/diag/x.py", "from opsdecl.addr import SpecAddress"),
        ("opsdecl/compile/x.py", "def f():\n    from opsdecl.spec.load import load_project"),
        ("opsdecl/flows/x.py", "import opsdecl.cli.main"),
        ("opsdecl/targets/git/x.py", "from opsdecl.compile.types import Graph"),
        ("opsdecl/cli/x.py", "from opsdecl.spec.source import WorkTree"),
        ("opsdecl/view/x.py", "from opsdecl.compile.merge import merge"),
        ("opsdecl/view/x.py", "from .words import plural"),
    ],
)
def test_a_planted_import_is_found(path: str, text: str) -> None:
    assert len(list(wrong_imports({path: text}))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("opsdecl/render/x.py", "from opsdecl.compile.types import Graph"),
        ("opsdecl/compile/x.py", "from opsdecl.spec.kinds.llm import LLM"),
        ("opsdecl/compile/x.py", "from opsdecl.spec import fields"),
        ("opsdecl/targets/pulumi/x.py", "from opsdecl.compile.types import Graph"),
        ("opsdecl/view/x.py", "from opsdecl.diff.types import Plan"),
        ("opsdecl/flows/x.py", "from opsdecl.targets.git.target import GitTarget"),
        ("opsdecl/cli/workplace.py", "from opsdecl.spec.source import WorkTree"),
        ("opsdecl/catalog/x.py", "from opsdecl._data import catalog_root"),
    ],
)
def test_an_import_of_the_table_passes(path: str, text: str) -> None:
    assert list(wrong_imports({path: text})) == []


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from subprocess import run",
        "import socket as s",
        "from urllib.request import urlopen",
        "import git",
        "from pulumi import Output",
        "def f(p):\n    return p.read_text()",
        "open('x')",
        "import os\nos.environ['HOME']",
        "from os import environ",
        "import os\nos.getcwd()",
        "from pathlib import Path\nPath.cwd()",
        "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.now()",
        "import time\ntime.time()",
        "from time import sleep",
        "import random",
        "print('x')",
        "import sys\nsys.exit(1)",
        "def f(p):\n    (p / 'x').write_text('')",
    ],
)
def test_a_planted_effect_is_found(text: str) -> None:
    assert list(wrong_effects({"opsdecl/render/x.py": text}))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("opsdecl/cli/x.py", "print('x')"),
        ("opsdecl/targets/files.py", "open('x', 'w')"),
        ("opsdecl/spec/source.py", "import os\nos.open('x', os.O_RDONLY)"),
        ("opsdecl/render/x.py", "from urllib.parse import quote"),
        ("opsdecl/render/x.py", "def f(http):\n    return http.path"),
        ("opsdecl/render/x.py", "def f(build):\n    build.open({})\n    build.print()"),
        ("opsdecl/render/x.py", "from datetime import date\ndate.fromisoformat('2026-01-01')"),
    ],
)
def test_an_effect_at_home_passes(path: str, text: str) -> None:
    assert list(wrong_effects({path: text})) == []


def test_a_planted_heavy_import_is_found() -> None:
    found = heavy_imports(
        {
            "opsdecl/view/a.py": "import jinja2",
            "opsdecl/view/b.py": "try:\n    from rich.text import Text\nexcept ImportError:\n    pass",
            "opsdecl/compile/c.py": "from opsdecl.compile.expressions import evaluate",
            "opsdecl/view/d.py": "def f():\n    import jinja2",
            "opsdecl/view/e.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import jinja2",
        }
    )
    assert [line.split(":")[0] for line in found] == ["opsdecl/view/a.py", "opsdecl/view/b.py", "opsdecl/compile/c.py"]
