"""Parsed files by the digest of their bytes, so that an unchanged file is not parsed again. JSON, never pickle."""

import json
from collections.abc import Iterable

from opsdecl.spec.identity import identify
from opsdecl.spec.types import Document, Json, SourceEntry, Texts

MOST_AT_ONCE = 2000
"""Files that wait to be handed on: beyond, memory costs more than another transaction."""
PARSER_VERSION = 1
"""Part of every key: raise it whenever the same bytes may be read differently."""


class ParsedFiles:
    """The files without findings that this run has read, and those of earlier runs where `texts` has them.

    Shared by all trees of a command: a file that lies unchanged in two of them is the same documents in both. What
    `texts` gives back is checked; a wrong entry costs time, and changes nothing.
    """

    def __init__(self, texts: Texts | None = None) -> None:
        self._texts = texts
        self._read: dict[tuple[str, str], tuple[Document, ...]] = {}
        self._known: dict[str, str] = {}
        self._new: dict[str, str] = {}

    def expect(self, entries: Iterable[SourceEntry]) -> None:
        """Fetches what earlier runs know of these files, all at once."""
        unread = [cache_key(e.digest) for e in entries if e.digest and (e.path, e.digest) not in self._read]
        if self._texts is not None and unread:
            self._known |= self._texts.get_many(unread)

    def get(self, entry: SourceEntry) -> tuple[Document, ...] | None:
        """The documents of a file; None where it must be parsed."""
        name = (entry.path, entry.digest)
        if name not in self._read:
            documents = _documents(entry.path, self._known.pop(cache_key(entry.digest), None))
            if documents is None:
                return None
            self._read[name] = documents
        return self._read[name]

    def put(self, entry: SourceEntry, documents: tuple[Document, ...]) -> None:
        """Of a file without findings."""
        if entry.digest:
            self._read[entry.path, entry.digest] = documents
            if self._texts is not None:
                self._new[cache_key(entry.digest)] = to_text([(d.index, d.value, d.digest) for d in documents])
                if len(self._new) >= MOST_AT_ONCE:
                    self.save()

    def save(self) -> None:
        """Hands what is new on to later runs."""
        if self._texts is not None and self._new:
            self._texts.put_many(self._new)
            self._new = {}


def cache_key(digest: str) -> str:
    return f"{digest}.v{PARSER_VERSION}"


def _documents(file: str, text: str | None) -> tuple[Document, ...] | None:
    rows = None if text is None else from_text(text)
    identified = [identify(file, *row) for row in rows or ()]
    documents = tuple(item for item in identified if isinstance(item, Document))
    # A row without an identity was never written by us, so the file is read again, and says what is wrong.
    return None if rows is None or len(documents) < len(rows) else documents


def to_text(documents: list[tuple[int, Json, str]]) -> str:
    """Index, value and digest of each document."""
    return json.dumps({"documents": [list(row) for row in documents]}, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> list[tuple[int, Json, str]] | None:
    """Inverse of `to_text`, None for anything that it did not write."""
    try:
        rows = json.loads(text)["documents"]
        return [_row(*row) for row in rows]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _row(index: object, value: Json, digest: object) -> tuple[int, Json, str]:
    if type(index) is not int or type(value) is not dict or type(digest) is not str:
        raise ValueError("not a document")
    return index, value, digest
