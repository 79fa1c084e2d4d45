"""One command, run as a whole process: wall and processor seconds, peak memory, from the system's own accounting."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """`peak_mb` is the largest resident set of the process itself."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    code: int
    output: str


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Runs to the end; what it prints is kept."""
    begun = time.perf_counter()
    read, write = os.pipe()
    process = subprocess.Popen(command, cwd=cwd, stdout=write, stderr=write, env=environment(env))
    os.close(write)
    with os.fdopen(read, encoding="utf-8", errors="replace") as stream:
        output = stream.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode, output)


def environment(more: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The caller's, and this checkout in front; bytecode is written as an installed package has it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(Path(__file__).resolve().parent.parent), **(more or {})}


def best(command: Sequence[str], cwd: Path, *, times: int = 3, env: Mapping[str, str] | None = None) -> Run:
    """The one that took the least processor time: noise of a shared machine only ever adds."""
    runs = [run(command, cwd, env) for _ in range(times)]
    failed = next((r for r in runs if r.code != 0), None)
    if failed:
        sys.exit(f"{' '.join(command)} left with {failed.code}:\n{failed.output[-2000:]}")
    return min(runs, key=lambda r: r.cpu_s)
