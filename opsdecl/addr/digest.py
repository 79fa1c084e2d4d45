"""Digests: sha256 over canonical JSON, so that equal values have equal digests on every machine."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8. Raises ValueError for NaN and infinities."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def digest_of(value: Any) -> str:
    """`sha256:<64 hex digits>` of a JSON value."""
    return digest_of_bytes(canonical_json(value))


def digest_of_texts(texts: Iterable[str]) -> str:
    """As `digest_of` of a list of texts that hold no NUL, in a fraction of the time; another value."""
    return digest_of_bytes("\0".join(texts).encode("utf-8", "surrogatepass"))


def digest_of_bytes(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def git_blob_digest(data: bytes) -> str:
    """The id git gives a file with these bytes, so that work trees and git objects share cache keys."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
