"""A project with files put over it that nobody has written yet."""

from collections.abc import Mapping, Sequence

from opsdecl.addr import git_blob_digest
from opsdecl.spec.types import SourceEntry, SourceTree

_FILE_MODE = "100644"


class OverlayTree:
    """A SourceTree."""

    def __init__(self, base: SourceTree, files: Mapping[str, bytes]) -> None:
        self._base = base
        self._files = files

    def entries(self) -> Sequence[SourceEntry]:
        own = [SourceEntry(path, git_blob_digest(data), _FILE_MODE, len(data)) for path, data in self._files.items()]
        below = [entry for entry in self._base.entries() if entry.path not in self._files]
        return tuple(sorted((*below, *own), key=lambda entry: entry.path))

    def read(self, path: str) -> bytes:
        return self._files[path] if path in self._files else self._base.read(path)
