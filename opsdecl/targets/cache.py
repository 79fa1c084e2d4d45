"""Results by content digest, in one SQLite file below `.opsdecl/cache`. Text only; safe to delete at any time."""

import errno
import hashlib
import hmac
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from opsdecl.targets.files import private_folder, state_folder, write_atomically

T = TypeVar("T")

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, used INTEGER, size INTEGER, value BLOB) WITHOUT ROWID"
)
_LARGE = 16 * 1024
"""Bytes from which compressing pays: below, it takes longer than what is kept took to work out."""
_AT_ONCE = 500
_OTHER_VERSIONS = 2
_KEY_BYTES = 32
_SUM_BYTES = 16


class FileCache:
    """Never an error: a file that is damaged, locked for long or not writable is a cache that holds nothing.

    Entries are sealed with a key below `.git`, which a clone cannot bring: entries that came with one are not served.

    `name` and `version` name the file, so that another version of the tool never reads what it does not understand;
    the files of versions that were not used for longest leave when a new one comes.
    `limit` bounds the bytes in use; the least recently written half goes first.
    """

    def __init__(self, root: Path, name: str, version: str = "1", *, limit: int = 256 * 2**20) -> None:
        self._root = root
        self._name = name
        self._file = f"{name}-{hashlib.sha256(version.encode()).hexdigest()[:12]}.sqlite"
        self._limit = limit
        self._connection: sqlite3.Connection | None = None
        self._seal = b""
        self._broken = False

    def get(self, digest: str) -> str | None:
        """The text kept under a digest."""
        return self.get_many([digest]).get(digest)

    def put(self, digest: str, text: str) -> None:
        self.put_many({digest: text})

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        """What is known of the keys."""
        wanted = list(dict.fromkeys(keys))
        return self._guarded(lambda db: _read(db, wanted, self._seal), {}) if wanted else {}

    def put_many(self, entries: Mapping[str, str]) -> None:
        """All in one transaction; older entries leave where it grows beyond its limit."""
        if entries:
            self._guarded(lambda db: _write(db, entries, self._seal, self._limit), None)

    def close(self) -> None:
        """Gives the file back; a later call opens it again."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _guarded(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if self._broken:
            return otherwise
        try:
            return work(self._open())
        except sqlite3.OperationalError:
            # Busy, full or read-only: others may still use the file, so it stays.
            self._give_up()
        except (sqlite3.DatabaseError, UnicodeDecodeError, zlib.error):
            self._give_up()
            with suppress(OSError):
                self._path().unlink()
            self._broken = False
        except OSError:
            self._give_up()
        return otherwise

    def _give_up(self) -> None:
        with suppress(sqlite3.Error):
            self.close()
        self._connection = None
        self._broken = True

    def _path(self) -> Path:
        return state_folder(self._root, "cache") / self._file

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            path = self._path()
            if path.is_symlink():
                raise OSError(errno.ELOOP, "it is a link", str(path))
            self._seal = _own_key(self._root)
            if not path.exists():
                _remove_oldest(path.parent, self._name)
            db = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
            self._connection = db
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=OFF")
            db.execute(_SCHEMA)
        return self._connection


def _remove_oldest(folder: Path, name: str) -> None:
    """All but the newest files of other versions. Raises OSError."""
    files = sorted(folder.glob(f"{name}-*.sqlite"), key=lambda path: path.lstat().st_mtime, reverse=True)
    for path in files[_OTHER_VERSIONS:]:
        for part in (path, *folder.glob(f"{path.name}-*")):
            part.unlink(missing_ok=True)


def _own_key(root: Path) -> bytes:
    """Made at the first use. Empty outside a repository, where nothing comes by clone. Raises OSError."""
    folder = private_folder(root)
    if folder is None:
        return b""
    path = folder / "cache.key"
    if not path.exists():
        write_atomically(path, os.urandom(_KEY_BYTES), 0o600)
    return path.read_bytes()[:_KEY_BYTES]


def _read(db: sqlite3.Connection, keys: list[str], seal: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = db.execute(f"SELECT key, value FROM entry WHERE key IN ({marks})", some)
        found.update((key, _unpack(key, value, seal)) for key, value in rows)
    return found


def _write(db: sqlite3.Connection, entries: Mapping[str, str], seal: bytes, limit: int) -> None:
    packed = ((key, _pack(key, text, seal)) for key, text in entries.items())
    db.execute("BEGIN IMMEDIATE")
    try:
        turn = db.execute("SELECT coalesce(max(used), 0) + 1 FROM entry").fetchone()[0]
        rows = ((key, turn, len(value), value) for key, value in packed)
        db.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", rows)
        if _bytes_used(db) > limit:
            _evict(db, limit // 2)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _bytes_used(db: sqlite3.Connection) -> int:
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _evict(db: sqlite3.Connection, keep: int) -> None:
    """Leaves at most `keep` bytes, the most recently written ones."""
    db.execute(
        "DELETE FROM entry WHERE key IN (SELECT key FROM "
        "(SELECT key, sum(size) OVER (ORDER BY used DESC, key) AS total FROM entry) WHERE total > ?)",
        (keep,),
    )


def _pack(key: str, text: str, seal: bytes) -> bytes:
    """Large values are compressed; the first byte of the body says so."""
    data = text.encode()
    body = b"z" + zlib.compress(data, 1) if len(data) > _LARGE else b"t" + data
    return _sum(key, body, seal) + body


def _unpack(key: str, value: bytes, seal: bytes) -> str:
    body = value[_SUM_BYTES:]
    if not hmac.compare_digest(_sum(key, body, seal), value[:_SUM_BYTES]):
        raise zlib.error("not what was written here")
    return (zlib.decompress(body[1:]) if body[:1] == b"z" else body[1:]).decode()


def _sum(key: str, body: bytes, seal: bytes) -> bytes:
    """Over the key too: an entry that moved to another key is as wrong as a damaged one."""
    return hashlib.blake2b(key.encode() + b"\0" + body, digest_size=_SUM_BYTES, key=seal).digest()
