"""Remembered results: what is made from the same things as before is not made again, in this run or a later one.

A result is found by a key that stands for everything it is made from. What a document asks of its surroundings is
known only after it has been compiled, so those results keep their questions with the answers: see `remember`.
"""

import json
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from opsdecl.spec.types import Json, Texts

T = TypeVar("T")

MOST_AT_ONCE = 2000
"""Entries that wait to be handed on: beyond, memory costs more than another transaction."""
MOST_TRACES = 4
"""Results of one document that are kept beside each other: for the sides of a plan, and for going back and forth."""


class Memo:
    """Values by key for this run, and JSON by key for later ones where there are `texts`.

    JSON is kept only of what has no findings: those hold places, and are found again.
    """

    def __init__(self, texts: Texts | None = None) -> None:
        self._texts = texts
        self._values: dict[Hashable, Any] = {}
        self._fetched: dict[str, str | None] = {}
        self._new: dict[str, str] = {}

    def get(self, key: Hashable) -> Any:
        """What was put in this run; None where nothing was."""
        return self._values.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        self._values[key] = value

    def expect(self, keys: Iterable[str]) -> None:
        """Fetches what earlier runs kept under these keys, all at once; what this run has already is not fetched."""
        missing = [key for key in keys if key not in self._fetched and key not in self._values]
        if self._texts is not None and missing:
            self._fetched |= {**dict.fromkeys(missing), **self._texts.get_many(missing)}

    def recall(self, key: str) -> Json:
        """What was kept in an earlier run; None where nothing was. Of any shape: check it. To be asked once."""
        if self._texts is None:
            return None
        self.expect((key,))
        text = self._fetched.pop(key, None)
        try:
            return None if text is None else json.loads(text)
        except (ValueError, RecursionError):
            return None

    def keep(self, key: str, value: Json) -> None:
        """For later runs."""
        if self._texts is not None:
            self._new[key] = json.dumps(value, separators=(",", ":"))
            if len(self._new) >= MOST_AT_ONCE:
                self.save()

    def names(self, key: str) -> frozenset[str]:
        """What `add_names` kept, in this run or an earlier one."""
        known: frozenset[str] | None = self._values.get(("names", key))
        if known is None:
            kept = self.recall(key)
            names = kept.get("names") if isinstance(kept, dict) else None
            known = frozenset(map(str, names)) if isinstance(names, list) else frozenset()
            self._values["names", key] = known
        return known

    def add_names(self, key: str, new: Collection[str], present: Collection[str]) -> None:
        """Keeps many facts of one sort in one entry, which is read in a fraction of the time of an entry for each.
        Where most of them are about what is not `present` any more, those leave."""
        known = self.names(key)
        if known.issuperset(new):
            return
        together = known.union(new)
        kept = together if len(together) <= MOST_TRACES * len(present) else together.intersection(present)
        self._values["names", key] = kept
        self.keep(key, {"names": sorted(kept)})

    def save(self) -> None:
        """Hands on what was kept."""
        if self._texts is not None and self._new:
            self._texts.put_many(self._new)
            self._new = {}


class Question(NamedTuple):
    """What a document asks of its surroundings: `("document", "Runtime", "vllm")`, `("names", "Runtime")`."""

    about: str
    kind: str = ""
    name: str = ""


class Answer(Struct, frozen=True):
    """`identity` is equal exactly where `value` would have the same effect, in any run. None equals nothing."""

    value: Any
    identity: str | None


Ask = Callable[[Question], Answer]


class Trace(Struct, Generic[T], frozen=True):
    """A result, and every question that led to it with the identity of its answer."""

    asked: Sequence[tuple[Question, str | None]]
    result: T

    def holds(self, ask: Ask) -> bool:
        """Whether the same answers would be given now."""
        return all(identity is not None and ask(question).identity == identity for question, identity in self.asked)


class Codec(Protocol[T]):
    """Results as JSON and back."""

    def encode(self, result: T) -> Json:
        """None for what later runs should work out themselves."""
        ...

    def decode(self, value: Json) -> T:
        """Raises ValueError, TypeError, KeyError or AttributeError for what `encode` did not make."""
        ...


def remember(memo: Memo | None, key: str, ask: Ask, work: Callable[[Ask], T], codec: Codec[T]) -> T:
    """`work` done once for equal `key` and equal answers to whatever it asked; the very same object afterwards."""
    if memo is None:
        return work(ask)
    traces: tuple[Trace[T], ...] | None = memo.get(key)
    if traces is None:
        traces = _decoded(memo.recall(key), codec)
        memo.put(key, traces)
    for trace in traces:
        if trace.holds(ask):
            return trace.result
    trace = _traced(ask, work)
    memo.put(key, (*traces, trace))
    rows = [_encoded(each, codec) for each in (*traces, trace)[-MOST_TRACES:]]
    memo.keep(key, [row for row in rows if row is not None])
    return trace.result


def _traced(ask: Ask, work: Callable[[Ask], T]) -> Trace[T]:
    asked: dict[Question, str | None] = {}

    def recording(question: Question) -> Answer:
        answer = ask(question)
        asked[question] = answer.identity
        return answer

    result = work(recording)
    return Trace(tuple(asked.items()), result)


def _encoded(trace: Trace[T], codec: Codec[T]) -> Json:
    result = codec.encode(trace.result)
    if result is None or any(identity is None for _, identity in trace.asked):
        return None
    return {"asked": [[*question, identity] for question, identity in trace.asked], "result": result}


def _decoded(rows: Json, codec: Codec[T]) -> tuple[Trace[T], ...]:
    try:
        return tuple(Trace(_questions(row["asked"]), codec.decode(row["result"])) for row in rows or ())
    except (ValueError, TypeError, KeyError, AttributeError):
        return ()


def _questions(rows: Json) -> tuple[tuple[Question, str | None], ...]:
    return tuple((Question(about, kind, name), identity) for about, kind, name, identity in rows)
