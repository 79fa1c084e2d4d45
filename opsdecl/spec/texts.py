"""Text files beside the specs, read when somebody names one."""

from collections.abc import Iterable, Iterator, Mapping

from opsdecl.spec.limits import DEFAULT_LIMITS, MIB, Limits
from opsdecl.spec.source import ROOT, is_yaml
from opsdecl.spec.types import SourceEntry, SourceTree


class TreeTexts(Mapping[str, str]):
    """Files below `environments/` that are not YAML, by path, read when asked for.

    `texts[path]` raises KeyError where there is no such file, ValueError where it is not UTF-8 or too large, and
    OSError where it cannot be read.
    """

    def __init__(self, tree: SourceTree, entries: Iterable[SourceEntry], limits: Limits = DEFAULT_LIMITS) -> None:
        self._tree = tree
        self._most = limits.text_bytes
        self._entries = {e.path: e for e in entries if e.path.startswith(f"{ROOT}/") and not is_yaml(e.path)}

    def __getitem__(self, path: str) -> str:
        if self._entries[path].size > self._most:
            raise ValueError(f"{path} is larger than {self._most / MIB:.0f} MiB")
        try:
            return self._tree.read(path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not UTF-8 text") from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, path: object) -> bool:
        return path in self._entries

    def digests(self) -> list[list[str]]:
        """Path and blob id of each, without reading any."""
        return [[path, entry.digest] for path, entry in self._entries.items()]
