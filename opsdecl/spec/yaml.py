"""Text of one file -> plain Python values, strictly. Values are shared where aliases share them."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from yaml.error import YAMLError
from yaml.events import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent

from opsdecl.diag.codes import source as codes
from opsdecl.diag.types import Code, Diagnostic, Related, Span
from opsdecl.spec.events import Event, NextEvent, each_document
from opsdecl.spec.limits import DEFAULT_LIMITS, Limits
from opsdecl.spec.scalars import SPECIAL_FIRST, ScalarError, read_plain, short
from opsdecl.spec.syntax import describe
from opsdecl.spec.types import Json

_CORE = "tag:yaml.org,2002:"
_SCALAR_TYPES: Mapping[str, type] = {"int": int, "float": float, "bool": bool, "null": type(None)}
_WEIGHT_SHIFT = 5
_OPEN = object()


class ParsedDocument(Struct, frozen=True):
    """One document of a file. `index` counts all documents, empty and broken ones too."""

    index: int
    value: Json


class ParsedFile(Struct, frozen=True):
    """What could be read of a file, empty documents left out, and what was wrong with it."""

    documents: tuple[ParsedDocument, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


class LimitError(Exception):
    """A bound was passed; nothing more is read of this file."""

    def __init__(self, code: Code, message: str, event: Event) -> None:
        super().__init__(message)
        self.code, self.message, self.event = code, message, event


def parse_text(file: str, text: str, limits: Limits = DEFAULT_LIMITS) -> ParsedFile:
    """Never raises. Each finding has a span; a scalar that was refused is there as text."""
    if text.count("\n%") > limits.directives:
        return ParsedFile((), (_too_many_directives(file),))
    found: list[Diagnostic] = []
    documents: list[ParsedDocument] = []
    composer = Composer(file, len(text), limits, found)

    def broken(error: YAMLError, lines: list[str]) -> bool:
        found.append(describe(file, error, lines))
        return sum(d.code in _SYNTAX_CODES for d in found) < limits.broken_documents

    try:
        for index, value in each_document(text, composer.compose, broken):
            if index >= limits.documents:
                found.append(_too_many_documents(file, limits))
                break
            if value is not None:
                documents.append(ParsedDocument(index, value))
    except LimitError as error:
        found.append(Diagnostic(error.code, error.message, event_span(file, error.event)))
    return ParsedFile(tuple(documents), tuple(found))


_SYNTAX_CODES = (
    codes.SYNTAX,
    codes.TAB,
    codes.UNCLOSED,
    codes.INDENTATION,
    codes.NOT_A_PAIR,
    codes.EXPRESSION_QUOTES,
    codes.TAG,
)


def event_span(file: str, event: Event) -> Span:
    """Where an event stands; a block that goes over several lines is shown by its first."""
    start, end = event.start_mark, event.end_mark
    if end.line > start.line and end.column == 0:
        return Span(file, start.line + 1, start.column + 1, start.line + 1, start.column + 2)
    return Span(file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def weigh(value: Json, most: int) -> tuple[int, int]:
    """How many values it holds with every alias written out, long texts counted by length, and how many levels.

    Stops above `most`.
    """
    total, height, waiting = 0, 0, [(value, 0)]
    while waiting and total <= most:
        item, level = waiting.pop()
        total += 1
        height = max(height, level)
        if item.__class__ is str:
            total += len(item) >> _WEIGHT_SHIFT
        elif item.__class__ is dict:
            total += len(item)
            waiting.extend((child, level + 1) for child in item.values())
        elif item.__class__ is list:
            waiting.extend((child, level + 1) for child in item)
    return total, height


class Composer:
    """Events of one file -> values. Findings go to `found`; it is used once, for documents in order."""

    __slots__ = ("_anchors", "_expanded", "_file", "_found", "_limits", "_long", "_next", "_nodes")

    def __init__(self, file: str, length: int, limits: Limits, found: list[Diagnostic]) -> None:
        self._file, self._limits, self._found = file, limits, found
        self._long = length > limits.scalar
        self._anchors: dict[str, Any] = {}
        self._nodes = self._expanded = 0

    def compose(self, next_event: NextEvent) -> Json:
        """The root node of a document. Raises LimitError and the parser's YAMLError."""
        self._next, self._anchors = next_event, {}
        return self._node(next_event(), 0)

    def _node(self, event: Event, depth: int) -> Json:
        kind = event.__class__
        if kind is AliasEvent:
            return self._alias(event, depth)
        value = self._scalar(event) if kind is ScalarEvent else self._collection(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _scalar(self, event: Event) -> Json:
        text: str = event.value
        if self._long and len(text) > self._limits.scalar:
            raise LimitError(codes.SCALAR_TOO_LONG, f"a value is longer than {self._limits.scalar} characters", event)
        if event.tag is not None:
            return self._tagged(event)
        if event.style or (text and text[0] not in SPECIAL_FIRST):
            return text
        try:
            return read_plain(text)
        except ScalarError as error:
            self._report(error.code, error.message, event, error.hint)
            return text

    def _collection(self, event: Event, depth: int) -> Json:
        if depth >= self._limits.depth:
            raise self._too_deep(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _OPEN
        is_mapping = event.__class__ is MappingStartEvent
        if event.tag not in (None, f"{_CORE}map" if is_mapping else f"{_CORE}seq"):
            self._refuse_tag(event)
        return self._mapping(depth + 1) if is_mapping else self._sequence(depth + 1)

    def _sequence(self, depth: int) -> list[Json]:
        items: list[Json] = []
        while (event := self._next()).__class__ is not SequenceEndEvent:
            items.append(self._node(event, depth))
            self._count(event)
        return items

    def _mapping(self, depth: int) -> dict[str, Json]:
        entries: dict[str, Json] = {}
        keys: dict[str, Event] = {}
        merged: dict[str, Json] | None = None
        while (event := self._next()).__class__ is not MappingEndEvent:
            key = self._key(event, depth)
            if key is None or key in keys:
                if key is not None:
                    self._report_duplicate(key, event, keys[key])
                self._node(self._next(), depth)
                continue
            keys[key] = event
            if key == "<<" and not event.style:
                merged = self._merge(depth)
            else:
                entries[key] = self._node(self._next(), depth)
            self._count(event)
        return entries if merged is None else {**merged, **entries}

    def _count(self, event: Event) -> None:
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise LimitError(codes.TOO_MUCH, f"the file holds more than {self._limits.nodes} values", event)

    def _key(self, event: Event, depth: int) -> str | None:
        """None for a key that cannot be kept."""
        if event.__class__ is ScalarEvent and event.tag is None and not self._long:
            text: str = event.value
            if event.style or text == "<<" or (text and text[0] not in SPECIAL_FIRST):
                if event.anchor is not None:
                    self._anchors[event.anchor] = text
                return text
        return self._unusual_key(event, depth)

    def _unusual_key(self, event: Event, depth: int) -> str | None:
        before = len(self._found)
        value = self._node(event, depth)
        if isinstance(value, str) and len(self._found) == before:
            return value
        text: str = event.value if event.__class__ is ScalarEvent else ""
        if len(self._found) >= self._limits.findings:
            return text or None
        if len(self._found) > before:
            self._found[-1] = replace(self._found[-1], hint="put the key in quotes")
        else:
            shown = f"the key `{short(text)}` is {_type_name(value)}, not text" if text else "a key is not text"
            self._report(codes.KEY_NOT_TEXT, shown, event, _KEY_HINTS.get(type(value), "put the key in quotes"))
        return text or None

    def _merge(self, depth: int) -> dict[str, Json]:
        event = self._next()
        value = self._node(event, depth)
        sources = value if isinstance(value, list) else [value]
        merged: dict[str, Json] = {}
        for source in reversed(sources):
            if isinstance(source, dict):
                merged.update(source)
            elif source is not None or event.__class__ is not AliasEvent:
                self._report(codes.MERGE, f"`<<` is given {_type_name(source)}, not a mapping", event)
                break
        return merged

    def _alias(self, event: Event, depth: int) -> Json:
        value = self._anchors.get(event.anchor, _OPEN)
        if value is _OPEN:
            inside = event.anchor in self._anchors
            reason = "is inside the value that it stands for" if inside else "stands for nothing in this document"
            self._report(codes.ALIAS, f"the alias `*{short(event.anchor)}` {reason}", event, "write the value out")
            return None
        weight, height = weigh(value, self._limits.expanded - self._expanded)
        self._expanded += weight
        if self._expanded > self._limits.expanded:
            raise LimitError(codes.TOO_MUCH, f"the aliases stand for more than {self._limits.expanded} values", event)
        if depth + height > self._limits.depth:
            raise self._too_deep(event)
        return value

    def _tagged(self, event: Event) -> Json:
        name = event.tag.removeprefix(_CORE)
        if name == "str":
            return event.value
        wanted = _SCALAR_TYPES.get(name)
        try:
            value = read_plain(event.value)
        except ScalarError as error:
            value = error
        if wanted is float and type(value) is int:
            return float(value)
        if wanted is None or type(value) is not wanted:
            self._refuse_tag(event)
            return event.value
        return value

    def _too_deep(self, event: Event) -> LimitError:
        return LimitError(codes.TOO_DEEP, f"values are nested deeper than {self._limits.depth} levels", event)

    def _refuse_tag(self, event: Event) -> None:
        tag = short(event.tag.replace(_CORE, "!!"))
        self._report(codes.TAG, f"the tag `{tag}` cannot be used on this value", event, "remove the tag")

    def _report_duplicate(self, key: str, event: Event, first: Event) -> None:
        message = f"the key `{short(key)}` is there twice in one mapping"
        related = Related("first given here", event_span(self._file, first))
        at = event_span(self._file, event)
        self._keep(Diagnostic(codes.DUPLICATE_KEY, message, at, hint="keep one of the two", related=(related,)))

    def _report(self, code: Code, message: str, event: Event, hint: str = "") -> None:
        self._keep(Diagnostic(code, message, event_span(self._file, event), hint=hint))

    def _keep(self, finding: Diagnostic) -> None:
        if len(self._found) < self._limits.findings:
            self._found.append(finding)


_KEY_HINTS: Mapping[type, str] = {
    dict: "write `${{ … }}` if an expression is meant, or put the key in quotes",
    type(None): "write a key before the colon, in quotes if it is this text",
}


def _type_name(value: Json) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    names: Mapping[type, str] = {dict: "a mapping", list: "a list", str: "text"}
    return names.get(type(value), "null")


def _too_many_directives(file: str) -> Diagnostic:
    message = "the file holds too many directives (lines that begin with `%`)"
    return Diagnostic(codes.TOO_MUCH, message, Span(file, 1, 1, 1, 1), hint="remove them; none is needed")


def _too_many_documents(file: str, limits: Limits) -> Diagnostic:
    message = f"the file holds more than {limits.documents} documents; the rest was not read"
    return Diagnostic(codes.TOO_MANY_DOCUMENTS, message, Span(file, 1, 1, 1, 1), hint="split the file")
