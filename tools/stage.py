"""Where the demo plays: two clones of one server, and command lines that are run as they are printed."""

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 60
BOLD, DIM, RED, RESET = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"


class UnexpectedError(Exception):
    """A command did not do what the demo says that it does."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Two clones of one server in a temporary folder: ours, and a colleague's."""

    folder: Path
    color: bool
    env: dict[str, str] = field(default_factory=dict)
    """What commands are told besides."""

    @property
    def ours(self) -> Path:
        return self.folder / "harbor-models"

    @property
    def server(self) -> Path:
        return self.folder / "server.git"

    @property
    def colleague(self) -> Path:
        return self.folder / "colleague"

    def offer(self, name: str, *program: str) -> None:
        """From now on, commands find this program by that name."""
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n', "utf-8")
        (programs / name).chmod(0o755)
        self.env["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"

    def say(self, text: str) -> None:
        print(f"\n{self._ink(text, BOLD)}")

    def show(self, line: str, *, status: int = 0, says: str = "", head: int = 40, tail: int = 4) -> str:
        """Prints a command line, runs it, prints its output with the middle cut out, and checks what it did."""
        print(f"\n{self._ink('$ ' + line, BOLD)}", flush=True)
        out, code = self.run(line, self.ours)
        lines = out.rstrip().splitlines()
        if len(lines) > head + tail + 1:
            cut = len(lines) - head - tail
            lines = [*lines[:head], self._ink(f"   … {cut} more lines …", DIM), *lines[-tail:]]
        if lines:
            print("\n".join(lines), flush=True)
        if code != status or says not in out:
            wanted = f"status {status}" + (f" and {says!r}" if says else "")
            raise UnexpectedError(f"`{line}` ended with status {code}; expected was {wanted}")
        return out

    def quietly(self, line: str, folder: Path) -> str:
        """The same for what a reader need not see."""
        out, code = self.run(line, folder)
        if code:
            raise UnexpectedError(f"`{line}` ended with status {code}:\n{out}")
        return out

    def run(self, line: str, folder: Path) -> tuple[str, int]:
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=folder,
            env={**environment(os.environ), **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LONGEST_S,
            check=False,
        )
        return done.stdout.decode(), done.returncode

    def replace(self, path: Path, before: str, after: str) -> None:
        text = path.read_text("utf-8")
        if before not in text:
            raise UnexpectedError(f"{path.relative_to(self.folder)} holds no `{before}`")
        path.write_text(text.replace(before, after), "utf-8")

    def _ink(self, text: str, style: str) -> str:
        return f"{style}{text}{RESET}" if self.color else text


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Without what a shell, a git hook or a CI job may have set: the demo looks the same everywhere."""
    kept = {name: value for name, value in given.items() if not name.startswith(("GIT_", "OPSDECL_"))}
    return {
        **kept,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
    }


def tools_folder(given: Mapping[str, str]) -> Path:
    """The folder that `make tools` fills; the same rule as in tools/folders.sh."""
    cache = given.get("XDG_CACHE_HOME") or Path(given.get("HOME", "")) / ".cache"
    return Path(given.get("OPSDECL_TOOLS") or given.get("TOOLS") or Path(cache) / "opsdecl/tools").resolve()
