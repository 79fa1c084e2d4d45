"""Where packaged data lives, in the wheel or at the repository root of an editable install; and which code this is."""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_root() -> Path:
    """The folder that holds `schemas/` and `templates/`."""
    packaged = _PACKAGE / "_data"
    return packaged if packaged.is_dir() else _PACKAGE.parent


def engine_table(name: str) -> bytes | None:
    """A generated table of an engine (`vllm.json`), or what is kept beside them; None where there is none."""
    path = catalog_root() / "engines" / name
    return path.read_bytes() if path.is_file() else None


def job_script(name: str) -> str:
    """A program that runs in a Job, in Python (`fetch_file`); its text goes into the rendered object. Programs for
    tables, and those that measure drift, begin with what they share."""
    shared = "table" if name.endswith("_table") else "drift" if name in ("check_data", "measure_drift") else ""
    parts = (shared, name) if shared else (name,)
    return "\n\n".join((_PACKAGE / "_jobs" / f"{part}.py.txt").read_text("utf-8") for part in parts)


def catalog_root() -> Path:
    """The folder of the built-in catalogue tables."""
    return _PACKAGE / "catalog" / "data"


def catalog_bytes(name: str) -> bytes:
    """A built-in catalogue table as it lies there."""
    return (catalog_root() / name).read_bytes()


@cache
def installation_digest() -> str:
    """Stands for everything that results depend on beside the input: this code to the byte, its tables, Python, and
    the versions of all installed packages. The same on every machine that has the same installed."""
    found = hashlib.blake2b(sys.version.encode(), digest_size=16)
    for name in sorted(_installed()):
        found.update(b"\0" + name.encode())
    for path in sorted(_own_files(os.fspath(_PACKAGE))):
        name = path.removeprefix(os.fspath(_PACKAGE))
        found.update(name.encode() + b"\0" + hashlib.blake2b(_content(path)).digest())
    return found.hexdigest()


def _installed() -> Iterator[str]:
    """`pydantic-2.14.3.dist-info` and the like: what importlib.metadata reads, without what its import costs."""
    for folder in sys.path:
        if os.path.isdir(folder):
            yield from (name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info")))


def _content(path: str) -> bytes:
    # `open` makes three objects for each of some seven hundred files, which takes longer than reading them.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def _own_files(folder: str) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _own_files(entry.path)
        elif entry.is_file():
            yield entry.path
