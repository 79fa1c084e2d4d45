"""What the project's own cache holds, as text."""

import sqlite3
import zlib
from pathlib import Path


def cached_text(file: Path) -> str:
    """Every entry of a cache in SQLite, unpacked."""
    with sqlite3.connect(file) as db:
        return "".join(_unpacked(bytes(row[0])) for row in db.execute("SELECT value FROM entry"))


def _unpacked(value: bytes) -> str:
    """The text of an entry, compressed or not, behind whatever it begins with."""
    for start in range(80):
        try:
            return zlib.decompress(value[start:]).decode()
        except zlib.error:
            continue
    return value.decode("latin-1")
