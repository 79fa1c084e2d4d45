"""What every stage says to people: findings as values, reported by place and located later."""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Generic, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

T = TypeVar("T")
U = TypeVar("U")

PathPart = str | int
SpecPath = tuple[PathPart, ...]


class Severity(IntEnum):
    """Ordered so that the worst finding is the maximum."""

    NOTE = 0
    WARNING = 1
    ERROR = 2

    @property
    def word(self) -> str:
        return self.name.lower()


class Code(Struct, frozen=True):
    """One kind of finding. `title` never holds user names, so that it can be learnt."""

    id: str
    title: str
    explanation: str
    example: str = ""
    severity: Severity = Severity.ERROR


class Span(Struct, frozen=True):
    """A stretch of a file; lines and columns count from 1, `end_column` is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Place(Struct, frozen=True):
    """A node of a document, named by path; `spec.positions` turns it into a `Span` when someone looks."""

    file: str
    document: int = 0
    path: SpecPath = ()
    part: Literal["key", "value"] = "value"


class Related(Struct, frozen=True):
    """A second place that matters to a finding, with what it has to do with it."""

    message: str
    at: Place | Span | None = None


class Diagnostic(Struct, frozen=True):
    """A finding. `message` is one sentence, `label` stands beside the carets, `hint` says what to do."""

    code: Code
    message: str
    at: Place | Span | None = None
    hint: str = ""
    label: str = ""
    related: tuple[Related, ...] = ()
    severity_override: Severity | None = None
    subject: str = ""
    """Address of the document it is about (`LLM.chat`), where there is one."""
    sensitive: bool = False
    """The text at the place must not be shown: it may be a credential."""

    @property
    def severity(self) -> Severity:
        return self.code.severity if self.severity_override is None else self.severity_override

    @property
    def span(self) -> Span | None:
        return self.at if isinstance(self.at, Span) else None

    def located(self, locate: Callable[[Place], Span | None]) -> "Diagnostic":
        """The same finding with every place turned into a span."""
        related = tuple(replace(r, at=_locate(r.at, locate)) for r in self.related)
        return replace(self, at=_locate(self.at, locate), related=related)


def _locate(at: Place | Span | None, locate: Callable[[Place], Span | None]) -> Span | None:
    return locate(at) if isinstance(at, Place) else at


class Checked(Struct, Generic[T], frozen=True):
    """A stage's answer: the value, or None where going on would be meaningless, and what was found."""

    value: T | None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        return self.value is None or has_errors(self.diagnostics)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(d.severity is Severity.ERROR for d in diagnostics)


def sort_key(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    """Order for people: file, line, column, code, message. Only located findings have lines."""
    at = diagnostic.at
    if isinstance(at, Span):
        return at.file, at.line, at.column, diagnostic.code.id, diagnostic.message
    return (at.file if at else ""), 0, 0, diagnostic.code.id, diagnostic.message


def unique(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted, each finding once: environments that share a layer report the same thing several times."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=sort_key))
