"""What a base holds: applied and live objects side by side, and the documents behind them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from opsdecl.addr import ObjectKey, SpecAddress


class LazyObject(Mapping[str, Any]):
    """An object that is read, or made, when somebody looks into it."""

    __slots__ = ("_data", "_load")

    def __init__(self, load: Callable[[], Mapping[str, Any]]) -> None:
        self._load = load
        self._data: Mapping[str, Any] | None = None

    def _value(self) -> Mapping[str, Any]:
        if self._data is None:
            self._data = self._load()
        return self._data

    def __getitem__(self, name: str) -> Any:
        return self._value()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._value())

    def __len__(self) -> int:
        return len(self._value())

    def __repr__(self) -> str:
        return repr(self._value())


class StoredObject(Struct, frozen=True):
    """One object as a target holds it: `applied` is what we last wrote, `live` is what is there (None: gone)."""

    address: str
    key: ObjectKey
    applied: Mapping[str, Any] | None
    live: Mapping[str, Any] | None
    protect: bool = False
    changed_by: str = ""
    """Where `live` differs from `applied`: who did that, as far as the target knows."""
    applied_digest: str = ""
    live_digest: str = ""
    """As `Manifest.digest`; empty where unknown. Compare these first: a target may load the objects when looked at."""
    token: str = ""
    depends_on: tuple[str, ...] = ()
    """What a `Manifest` needs besides its data, so that an earlier revision can be written again."""


class StoredDocument(Struct, frozen=True):
    """A document's effective values as they were when last applied."""

    address: SpecAddress
    effective: Mapping[str, Any]
    references: Mapping[str, SpecAddress]


class StartedRun(Struct, frozen=True):
    """A row of the ledger: a run that was started, whatever became of its object since.

    `outcome` is `succeeded` or `failed` as the target last saw it, empty while nobody has seen the end.
    """

    address: str
    key: ObjectKey
    started: str
    outcome: str = ""
    ended: str = ""


def ledger_with(
    before: Iterable[StartedRun],
    begun: Iterable[tuple[str, ObjectKey]],
    declared: Collection[SpecAddress],
    at: str,
) -> tuple[StartedRun, ...]:
    """The ledger after an apply: with the runs that it started, without those of documents that are gone."""
    rows = {run.key: run for run in before}
    for address, key in begun:
        rows.setdefault(key, StartedRun(address, key, at))
    names = {str(document) for document in declared}
    kept = (run for run in rows.values() if run.address.partition("/")[0] in names)
    return tuple(sorted(kept, key=lambda run: (run.address, run.key)))


def encode_run(run: StartedRun) -> dict[str, Any]:
    """As records hold it."""
    row = {
        "address": run.address,
        "key": list(run.key),
        "started": run.started,
        "outcome": run.outcome,
        "ended": run.ended,
    }
    return {name: value for name, value in row.items() if value}


def decode_run(row: Mapping[str, Any]) -> StartedRun:
    """Raises KeyError or TypeError where it is none."""
    key = ObjectKey(*row["key"])
    return StartedRun(row["address"], key, row.get("started", ""), row.get("outcome", ""), row.get("ended", ""))


class TargetState(Struct, frozen=True):
    """All that a target knows of a release. `identity` moves whenever anything in it moves."""

    identity: str
    revision: str
    desired_digest: str
    objects: tuple[StoredObject, ...]
    documents: tuple[StoredDocument, ...] = ()
    unowned: tuple[str, ...] = ()
    """Things found where only ours should be (files that somebody added), by name."""
    tool: str = ""
    """What wrote it: the tool's version and the digest of its lock, as `tool_identity` gives them; empty: unknown."""
    expected: tuple[str, ...] = ()
    """What programs of the target keep on our objects, as they should: for whoever asks who did what."""
    partitions: tuple[str, ...] = ()
    """Named partitions of the same environment and target that were seen beside this one, from the unnamed one."""
    shared: frozenset[SpecAddress] = frozenset()
    """Documents whose objects are left out of `objects`, because they are known to be just as they are wanted."""
    runs: tuple[StartedRun, ...] = ()
    """The ledger: runs of declared documents that were started, whether their objects are still there or not."""


def tool_identity(version: str, lock_digest: str) -> str:
    """Equal where the same specs give the same objects: the tool, and what its lock says of its data."""
    return f"{version} {lock_digest}"
