"""Spec files of a work tree, or of a mapping in memory. The only place that reads spec files."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from opsdecl.addr import git_blob_digest
from opsdecl.spec.limits import DEFAULT_LIMITS, Limits
from opsdecl.spec.types import SourceEntry

ROOT = "environments"
LOCK = "opsdecl.lock"
CATALOG = "catalog"
EVIDENCE = "evidence"

LINK_MODE = "120000"
OTHER_MODE = "000000"
"""Pipes, sockets, devices: listed, so that the loader reports them, and never opened."""
FOLDER_MODE = "040000"
"""A folder that cannot be listed."""
_FILE_MODE = "100644"
_PROGRAM_MODE = "100755"
_CHUNK = 64 * 1024


class MemoryTree:
    """A SourceTree over a mapping of paths to contents. `links` maps paths to what they point at."""

    def __init__(self, files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None) -> None:
        self._links = {path: os.fsencode(target) for path, target in (links or {}).items()}
        self._data = {path: text.encode("utf-8") if isinstance(text, str) else text for path, text in files.items()}
        self._data |= self._links

    def entries(self) -> Sequence[SourceEntry]:
        return tuple(self._entry(path) for path in sorted(self._data) if is_source(path))

    def read(self, path: str) -> bytes:
        if path not in self._data:
            raise FileNotFoundError(path)
        return self._data[path]

    def _entry(self, path: str) -> SourceEntry:
        data = self._data[path]
        mode = LINK_MODE if path in self._links else _FILE_MODE
        return SourceEntry(path, git_blob_digest(data), mode, len(data))


class WorkTree:
    """A SourceTree over a folder. The first `entries` reads the files; later calls answer from the same reading.

    Links are listed with what they point at as content, as git has them, and never followed. What cannot be read, or
    is larger than any spec may be, is listed without a digest.
    """

    def __init__(self, root: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self._root = os.fspath(root)
        self._limits = limits
        self._entries: dict[str, SourceEntry] | None = None
        self._data: dict[str, bytes] = {}
        self._budget = limits.project_bytes

    def entries(self) -> Sequence[SourceEntry]:
        return tuple(self._listed().values())

    def read(self, path: str) -> bytes:
        if path not in self._listed():
            raise FileNotFoundError(path)
        kept = self._data.get(path)
        return _read_file(self._full(path), self._limits.file_bytes) if kept is None else kept

    def _listed(self) -> dict[str, SourceEntry]:
        if self._entries is None:
            found = islice(self._list(), self._limits.files + 1)
            self._entries = {entry.path: entry for entry in sorted(found, key=lambda entry: entry.path)}
        return self._entries

    def _full(self, path: str) -> str:
        return os.path.join(self._root, path)

    def _list(self) -> Iterator[SourceEntry]:
        for path in (ROOT, CATALOG, EVIDENCE, LOCK):
            if os.path.isdir(self._full(path)) and not os.path.islink(self._full(path)):
                yield from self._list_below(path)
            elif os.path.lexists(self._full(path)):
                yield self._entry(path)

    def _list_below(self, folder: str) -> Iterator[SourceEntry]:
        waiting = [folder]
        while waiting:
            current = waiting.pop()
            try:
                with os.scandir(self._full(current)) as scan:
                    found = [(f"{current}/{entry.name}", entry.is_dir(follow_symlinks=False)) for entry in scan]
            except OSError:
                yield SourceEntry(current, "", FOLDER_MODE)
                continue
            shown = [(path, is_folder) for path, is_folder in found if is_folder or is_source(path)]
            waiting += [path for path, is_folder in shown if is_folder and is_source(f"{path}/a.yaml")]
            yield from (self._entry(path) for path, is_folder in shown if not is_folder)

    def _entry(self, path: str) -> SourceEntry:
        try:
            status = os.lstat(self._full(path))
        except OSError:
            return SourceEntry(path, "")
        mode = _git_mode(status.st_mode)
        data = self._content(path, mode, status.st_size)
        if data is None:
            return SourceEntry(path, "", mode, status.st_size)
        if is_yaml(path) or path == LOCK or mode == LINK_MODE:
            self._data[path] = data
        return SourceEntry(path, git_blob_digest(data), mode, len(data))

    def _content(self, path: str, mode: str, size: int) -> bytes | None:
        self._budget -= size
        if mode == OTHER_MODE or size > self._limits.file_bytes or self._budget < 0:
            return None
        try:
            if mode == LINK_MODE:
                return os.fsencode(os.readlink(self._full(path)))
            return _read_file(self._full(path), self._limits.file_bytes)
        except OSError:
            return None


def is_source(path: str) -> bool:
    """Whether a path of a project is part of its source: not hidden, and in one of the places that are read."""
    parts = path.split("/")
    if any(part.startswith(".") or not part for part in parts):
        return False
    if parts[0] == CATALOG:
        return len(parts) == 1 or (len(parts) == 2 and is_yaml(path))
    if parts[0] == EVIDENCE:
        return len(parts) == 1 or (len(parts) == 2 and path.endswith(".json"))
    return parts[0] == ROOT or path == LOCK


def is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _git_mode(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return LINK_MODE
    if not stat.S_ISREG(mode):
        return OTHER_MODE
    return _PROGRAM_MODE if mode & stat.S_IXUSR else _FILE_MODE


def _read_file(path: str, most: int) -> bytes:
    """Raises OSError for links, for what is not a plain file, and for more than `most` bytes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"not a plain file: {path}")
        data = _read_all(descriptor, min(status.st_size, most), most)
    finally:
        os.close(descriptor)
    if len(data) > most:
        raise OSError(f"larger than {most} bytes: {path}")
    return data


def _read_all(descriptor: int, size: int, most: int) -> bytes:
    """All bytes, or more than `most` of them. A file that is longer than its `size` grew in the meantime."""
    data = os.read(descriptor, size + 1)
    while size < len(data) <= most and (more := os.read(descriptor, _CHUNK)):
        data += more
    return data
