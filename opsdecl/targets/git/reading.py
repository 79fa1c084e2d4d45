"""The text of a rendered file -> the object in it, read as kubectl reads it, in bounded depth and memory."""

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

MAX_BYTES = 4 * 2**20
_MAX_DEPTH = 100
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **{form: True for word in ("y", "yes", "on", "true") for form in (word, word.capitalize(), word.upper())},
    **{form: False for word in ("n", "no", "off", "false") for form in (word, word.capitalize(), word.upper())},
}
_INTEGERS: tuple[tuple[re.Pattern[str], Callable[[str], int]], ...] = (
    (re.compile(r"[-+]?(?:0|[1-9][0-9_]*)"), lambda text: int(text.replace("_", ""))),
    (re.compile(r"[-+]?0o?[0-7_]+"), lambda text: int(text.replace("_", "").replace("o", ""), 8)),
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), lambda text: int(text.replace("_", ""), 16)),
    (re.compile(r"[-+]?0b[01_]+"), lambda text: int(text.replace("_", "").replace("0b", ""), 2)),
)
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?")


class NotAnObject(ValueError):  # noqa: N818 - reads as what it says
    """The text is not one Kubernetes object; the message says why."""


def parse_object(data: bytes) -> dict[str, Any]:
    """The one object of a file. Raises NotAnObject for anything else, anchors and own tags included."""
    if len(data) > MAX_BYTES:
        raise NotAnObject(f"it is larger than {MAX_BYTES // 2**20} MiB")
    value = _parse(data)
    if not isinstance(value, dict):
        raise NotAnObject("it holds no mapping")
    metadata = value.get("metadata")
    named = isinstance(metadata, Mapping) and isinstance(metadata.get("name"), str)
    if not named or not isinstance(value.get("kind"), str) or not isinstance(value.get("apiVersion"), str):
        raise NotAnObject("it has no apiVersion, kind or metadata.name")
    return value


def _parse(data: bytes) -> Any:
    from yaml._yaml import CParser
    from yaml.error import YAMLError

    try:
        return _documents(CParser(data.decode("utf-8")))
    except UnicodeDecodeError:
        raise NotAnObject("it is not UTF-8 text") from None
    except YAMLError as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise NotAnObject(f"it is not YAML: {problem}") from None


def _documents(parser: Any) -> Any:
    """The value of the only document. Works through events and a stack of its own, so that depth costs nothing."""
    from yaml.events import (
        AliasEvent,
        DocumentStartEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
        StreamEndEvent,
    )

    build = _Builder()
    while True:
        event = parser.get_event()
        kind = type(event)
        if kind is ScalarEvent:
            build.add(_scalar(event))
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            _refuse_marks(event)
            build.open({} if kind is MappingStartEvent else [])
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            build.close()
        elif kind is AliasEvent:
            raise NotAnObject("it uses an anchor")
        elif kind is DocumentStartEvent:
            build.begin()
        elif kind is StreamEndEvent or event is None:
            return build.value


class _Builder:
    """A tree under construction: open containers, and for each mapping the key that waits for its value."""

    def __init__(self) -> None:
        self.value: Any = None
        self._documents = 0
        self._open: list[tuple[Any, list[Any]]] = []

    def begin(self) -> None:
        self._documents += 1
        if self._documents > 1:
            raise NotAnObject("it holds several documents")

    def add(self, value: Any) -> None:
        if not self._open:
            self.value = value
            return
        container, waiting = self._open[-1]
        if isinstance(container, list):
            container.append(value)
        elif not waiting:
            waiting.append(_key(value, container))
        else:
            container[waiting.pop()] = value

    def open(self, container: Any) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise NotAnObject("it is nested too deeply")
        self.add(container)
        self._open.append((container, []))

    def close(self) -> None:
        self._open.pop()


def _key(value: Any, container: dict[str, Any]) -> str:
    if isinstance(value, (dict, list)):
        raise NotAnObject("a key is not text")
    key = value if isinstance(value, str) else str(value).lower()
    if key in container:
        raise NotAnObject(f"the key `{key[:80]}` is there twice")
    return key


def _scalar(event: Any) -> Any:
    _refuse_marks(event)
    text: str = event.value
    return text if event.style in ("'", '"', "|", ">") else _plain(text)


def _refuse_marks(event: Any) -> None:
    if event.anchor:
        raise NotAnObject("it uses an anchor")
    if event.tag not in (None, "!"):
        raise NotAnObject(f"it uses the tag {str(event.tag)[:80]}")


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > 64 or not any(c.isdigit() for c in text):
        return text
    for pattern, read in _INTEGERS:
        if pattern.fullmatch(text):
            return read(text)
    return _number(float(text.replace("_", ""))) if _FLOAT.fullmatch(text) else text


def _number(value: float) -> Any:
    return int(value) if value.is_integer() and abs(value) <= 2**53 else value if isfinite(value) else str(value)
