"""Bytes of a spec file -> text, or the one finding that says why not."""

import re
from bisect import bisect_right

from opsdecl.diag.codes.source import CONTROL_CHARACTER, NOT_UTF8
from opsdecl.diag.types import Diagnostic, Span

_BOM = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL_BYTES = bytes(b for b in range(0x20) if b not in b"\t\n\r") + b"\x7f"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_BREAK = re.compile(r"\r\n|\r|\n")


def decode(file: str, data: bytes) -> str | Diagnostic:
    """UTF-8 text without its byte order mark; a Diagnostic for other encodings and invisible characters."""
    data = data.removeprefix(_BOM)
    if data.startswith(_UTF16_MARKS) or _looks_like_utf16(data):
        return Diagnostic(
            NOT_UTF8, "the file is UTF-16, not UTF-8", Span(file, 1, 1, 1, 1), hint="save the file as UTF-8"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(file, data, error.start)
    if data.isascii() and len(data.translate(None, _CONTROL_BYTES)) == len(data):
        return text
    found = _CONTROL.search(text)
    return _control_character(file, text, found.start()) if found else text


def split_lines(text: str) -> list[str]:
    """Lines as YAML counts them in a decoded text, without their ends."""
    return _BREAK.split(text)


class LineIndex:
    """Finds the line and column of characters of one text."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._starts = [0, *(match.end() for match in _BREAK.finditer(text))]

    def span(self, start: int, end: int) -> Span:
        """The span of a stretch of the text, given in characters."""
        return Span(self._file, *self._place(start), *self._place(end))

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def _looks_like_utf16(data: bytes) -> bool:
    head = data[:64]
    return len(head) >= 4 and (not any(head[1::2]) or not any(head[::2]))


def _not_utf8(file: str, data: bytes, start: int) -> Diagnostic:
    before = data[:start].decode("utf-8")
    at = LineIndex(file, before).span(len(before), len(before) + 1)
    message = f"byte 0x{data[start]:02x} is not UTF-8 text"
    return Diagnostic(NOT_UTF8, message, at, hint="save the file as UTF-8")


def _control_character(file: str, text: str, start: int) -> Diagnostic:
    name = f"U+{ord(text[start]):04X}"
    message = f"the text holds the invisible character {name}"
    at = LineIndex(file, text).span(start, start + 1)
    return Diagnostic(CONTROL_CHARACTER, message, at, hint="remove the character")
