"""What the loader hands on: parsed documents by folder, with everything needed to find a place again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from opsdecl.addr import SpecAddress
from opsdecl.diag import Place, SpecPath

Json = Any
"""A JSON value: None, bool, int, float, str, list, or dict with text keys. Read-only by convention."""


class SourceEntry(Struct, frozen=True):
    """One file of a tree. `digest` is the git blob id of its bytes; `mode` is git's (`120000` is a link)."""

    path: str
    digest: str
    mode: str = "100644"
    size: int = 0


class SourceTree(Protocol):
    """A readable project: a work tree or a commit. Paths are posix, relative to the project's root."""

    def entries(self) -> Sequence[SourceEntry]:
        """All files below `environments/`, plus `opsdecl.lock`, `catalog/` and `evidence/`, sorted by path."""
        ...

    def read(self, path: str) -> bytes:
        """Raises OSError where the file cannot be read."""
        ...


class Texts(Protocol):
    """Texts by key, kept from run to run. It may forget.

    It must not answer with texts that somebody else could have put there (a folder that comes with a clone): whoever
    asks checks the shape of what comes back, not that it belongs to the key.
    """

    def get_many(self, keys: Iterable[str]) -> Mapping[str, str]:
        """What is known of the keys."""
        ...

    def put_many(self, entries: Mapping[str, str]) -> None: ...


class Document(Struct, frozen=True):
    """One YAML document as written in one layer. `value` is the whole document; it may be a partial overlay."""

    file: str
    index: int
    kind: str
    name: str
    api_version: str
    value: Mapping[str, Json]
    digest: str

    @property
    def address(self) -> SpecAddress:
        return SpecAddress(self.kind, self.name)

    def place(self, path: SpecPath = (), *, key: bool = False) -> Place:
        return Place(self.file, self.index, path, "key" if key else "value")


class SpecSet(Struct, frozen=True):
    """All documents of a project. `folders` maps a folder below `environments/` (`base`, `prod`, `teams/a`)
    to its documents in file order; `project` is the one of kind Project; `lock` is `opsdecl.lock`, parsed."""

    project: Document | None
    folders: Mapping[str, tuple[Document, ...]]
    digest: str
    lock: Mapping[str, Json] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    """Text files that specs name (chat templates, policies' tests), by path."""

    def environments(self) -> tuple[str, ...]:
        """Folders that hold a document of kind Environment, sorted."""
        return tuple(sorted(name for name, docs in self.folders.items() if any(d.kind == "Environment" for d in docs)))
