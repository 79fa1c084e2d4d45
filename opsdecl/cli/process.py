"""The process at the edge: clock, environment, working directory, streams. Everything else receives plain values."""

import os
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from msgspec import Struct

DEFAULT_WIDTH = 110
CHARACTERS = {True: "utf-8", False: "ascii"}


class Process(Struct, frozen=True):
    """What a command may know of the process that it runs in."""

    now: datetime
    env: Mapping[str, str]
    cwd: Path
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO

    @classmethod
    def current(cls) -> "Process":
        return cls(datetime.now(UTC), dict(os.environ), Path.cwd(), sys.stdin, sys.stdout, sys.stderr)

    @property
    def interactive(self) -> bool:
        """A person sits there: nothing prompts otherwise."""
        return self.stdin.isatty() and self.stderr.isatty() and not self.in_ci

    @property
    def in_ci(self) -> bool:
        return self.env.get("CI", "").lower() not in ("", "0", "false")

    @property
    def color(self) -> bool:
        return self.stdout.isatty() and not self.env.get("NO_COLOR") and self.env.get("TERM") != "dumb"

    @property
    def progress(self) -> bool:
        return self.stderr.isatty() and not self.in_ci and self.env.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        return shutil.get_terminal_size((DEFAULT_WIDTH, 40)).columns if self.stdout.isatty() else DEFAULT_WIDTH

    def out(self, text: str) -> None:
        """Results go to standard output."""
        _write(self.stdout, text)

    def err(self, text: str) -> None:
        """Findings and progress beside a machine-readable result go to standard error."""
        _write(self.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    if text and not text.endswith("\n"):
        text += "\n"
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()
