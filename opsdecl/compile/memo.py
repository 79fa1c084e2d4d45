"""Remembered answers: a document whose layers, environment and references are the same is not compiled again."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Memo(Protocol):
    """Frozen values by key. A `put` may be forgotten, a `get` never answers anything but what was put."""

    def get(self, key: Hashable) -> Any: ...

    def put(self, key: Hashable, value: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class MemoryMemo:
    """In memory, for the two sides of a plan and for repeated runs in one process."""

    values: dict[Hashable, Any] = field(default_factory=dict)

    def get(self, key: Hashable) -> Any:
        return self.values.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        self.values[key] = value


class Question(NamedTuple):
    """What a document asks of its surroundings: `("document", "Runtime", "vllm")`, `("names", "Runtime")`."""

    about: str
    kind: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`identity` is equal exactly where `value` would have the same effect."""

    value: Any
    identity: Hashable


Ask = Callable[[Question], Answer]


@dataclass(frozen=True, slots=True)
class Trace(Generic[T]):
    """A result, and every question that led to it with the identity of its answer."""

    asked: Sequence[tuple[Question, Hashable]]
    result: T


def remember(memo: Memo | None, key: Hashable, ask: Ask, work: Callable[[Ask], T]) -> T:
    """`work` done once for equal `key` and equal answers to whatever it asked; the very same object afterwards."""
    if memo is None:
        return work(ask)
    traces: tuple[Trace[T], ...] = memo.get(key) or ()
    for trace in traces:
        if all(ask(question).identity == identity for question, identity in trace.asked):
            return trace.result
    asked: dict[Question, Hashable] = {}

    def recording(question: Question) -> Answer:
        answer = ask(question)
        asked[question] = answer.identity
        return answer

    result = work(recording)
    memo.put(key, (*traces, Trace(tuple(asked.items()), result)))
    return result
