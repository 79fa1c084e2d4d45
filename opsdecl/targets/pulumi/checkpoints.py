"""Stacks of a backend in a folder, read from their files: what `pulumi stack export` and `stack ls` answer, without
starting either.

A file holds `{"version": 3, "checkpoint": {"latest": …}}`, and the export is that `latest` (Pulumi's own sources,
`pkg/backend/diy`). It is replaced whole, and the export takes no lock either. Whatever else is found is left to Pulumi,
which knows more layouts, and what to say of damage.
"""

import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

_LAYOUT = "version: 1"
"""Of `.pulumi/meta.yaml`: a folder for each project."""
_STATE = ".json"
_COMPRESSED = (".json.gz", ".json.zst")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_PATH = re.compile(r"/[^%?#\\]*")


class Unsure(Exception):  # noqa: N818 - nothing went wrong yet
    """Only Pulumi itself can tell."""


class Folder(Struct, frozen=True):
    """Of a backend such as `file:///var/lib/state`."""

    path: Path

    def deployment(self, project: str, stack: str) -> dict[str, Any] | None:
        """What `pulumi stack export` prints below `deployment`; None where there is no such stack. Raises Unsure."""
        if not _NAME.fullmatch(stack):
            raise Unsure
        names = self._files(project)
        if any(f"{stack}{suffix}" in names for suffix in _COMPRESSED):
            raise Unsure
        if f"{stack}{_STATE}" not in names:
            return None
        return _latest(_read(self._stacks(project) / f"{stack}{_STATE}"))

    def stacks(self, project: str) -> tuple[str, ...]:
        """Names of the project's stacks. Raises Unsure."""
        suffixes = (_STATE, *_COMPRESSED)
        files = self._files(project)
        return tuple(sorted({name[: -len(end)] for name in files for end in suffixes if name.endswith(end)}))

    def _stacks(self, project: str) -> Path:
        return self.path / ".pulumi" / "stacks" / project

    def _files(self, project: str) -> frozenset[str]:
        inner = self.path / ".pulumi"
        try:
            if not _NAME.fullmatch(project) or ".pulumi" not in {entry.name for entry in self.path.iterdir()}:
                raise Unsure
            if _read(inner / "meta.yaml").decode().strip() != _LAYOUT:
                raise Unsure
            stacks = self._stacks(project)
            return frozenset(entry.name for entry in stacks.iterdir()) if stacks.exists() else frozenset()
        except (OSError, UnicodeDecodeError):
            raise Unsure from None


def folder_of(backend: str) -> Folder | None:
    """None for buckets, Pulumi Cloud, and addresses that say more than an absolute path."""
    scheme, _, rest = backend.partition("://")
    path, _, said = rest.partition("?")
    plain = scheme == "file" and said in ("", "metadata=skip") and _PATH.fullmatch(path)
    return Folder(Path(path)) if plain else None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise Unsure from None


def _latest(content: bytes) -> dict[str, Any]:
    try:
        written = msgspec.json.decode(content)
        latest = written["checkpoint"]["latest"]
    except (msgspec.DecodeError, KeyError, TypeError):
        raise Unsure from None
    if written.get("version") != 3 or written.get("features") or not isinstance(latest, dict):
        raise Unsure
    return latest
