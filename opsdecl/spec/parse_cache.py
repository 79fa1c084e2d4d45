"""Parsed files by the digest of their bytes, so that an unchanged file is not parsed again. JSON, never pickle."""

import json
from typing import Protocol

from opsdecl.spec.types import Json

PARSER_VERSION = 1
"""Part of every key: raise it whenever the same bytes may be read differently."""


class ParseCache(Protocol):
    """Texts by key. What it gives back is checked; a wrong entry costs time, and changes nothing.

    An implementation must not answer with texts that somebody else could have put there (a folder that comes with a
    clone): the shape of an entry is checked, that it belongs to the bytes is not.
    """

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, text: str) -> None: ...


def cache_key(digest: str) -> str:
    return f"{digest}.v{PARSER_VERSION}"


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
