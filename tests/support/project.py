"""Projects in folders: the worked example, a small one, and the real command over them."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from opsdecl.cli.main import run
from opsdecl.flows.build import Built, build
from opsdecl.flows.project import located, open_project
from opsdecl.spec.source import MemoryTree
from opsdecl.spec.types import SourceTree

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("dev", "staging", "prod")
PARTS = ("environments", "evidence", "opsdecl.lock")
COMMAND_TIMEOUT_S = 120


@cache
def example_files() -> Mapping[str, str]:
    """The worked example by path, as text."""
    files = [ROOT / "opsdecl.lock", *sorted(f for part in PARTS for f in (ROOT / part).rglob("*") if f.is_file())]
    return {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in files}


def example_tree(changed: Mapping[str, str | None] | None = None) -> MemoryTree:
    """The worked example in memory, with files put over it; None removes one."""
    files = {**example_files(), **(changed or {})}
    return MemoryTree({path: text for path, text in files.items() if text is not None})


def copy_example(folder: Path) -> Path:
    """The worked example as files of a folder."""
    return write_files(folder, example_files())


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def built(tree: SourceTree, environment: str) -> Built:
    """An environment without errors, compiled, rendered and checked."""
    opened = open_project(tree)
    assert opened.value is not None, opened.diagnostics
    done = build(opened.value, environment)
    wrong = located(opened.value, tree, opened.diagnostics + done.diagnostics)
    errors = [f"{d.at}: {d.code.id} {d.message}" for d in wrong if d.severity.word == "error"]
    assert not errors, errors
    assert done.value is not None
    return done.value


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended. `code` is negative for a signal."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


def opsdecl(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
    """The real command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "opsdecl", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def command_on_path(folder: Path) -> Path:
    """A folder with `opsdecl` and its `python`, for PATH: this checkout, whatever else the machine has installed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = folder / "opsdecl"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opsdecl "$@"\n', "utf-8")
    command.chmod(0o755)
    (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    (folder / "python").chmod(0o755)
    return folder


def copy_folder(source: Path, to: Path) -> Path:
    shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True)
    return to


def opsdecl_here(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
    """The same command in this process: many times faster, for tests that are not about the process."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.stdin", io.StringIO())
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        code = run(["-C", str(folder), *arguments])
    return Ran(code, out.getvalue(), err.getvalue())
