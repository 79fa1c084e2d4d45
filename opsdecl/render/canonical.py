"""Plain data -> canonical YAML: one text per value, read alike by YAML 1.1 and YAML 1.2 parsers."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

# Words that YAML 1.1 (kubectl, PyYAML) or YAML 1.2 read as booleans or null.
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# Plain text starts with a letter or "/", so it is never a number, a date, a sexagesimal, or an indicator. A colon
# stays inside words, since ": " and a final ":" would begin a mapping.
_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./+@=-]|:(?=[A-Za-z0-9_./+@-]))*")
_FLAG = re.compile(r"--?[A-Za-z][A-Za-z0-9-]*(?:=[A-Za-z0-9_./+@-]*)?")
_QUANTITY = re.compile(r"[0-9]{1,9}(?:m|Ki|Mi|Gi|Ti)")
# What is not printable to some YAML reader, or ends a line for one of them, is escaped.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_NOT_LITERAL = re.compile("[^\\t\\n\\x20-\\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BLANK_LINE = re.compile(r"^[ \t]+$|^\t", re.MULTILINE)
_FIRST = ("apiVersion", "kind", "metadata", "name")


def to_yaml(data: Any) -> str:
    """One document, `\\n` line ends, final newline, no `---`. Equal data give equal text.

    Keys are sorted after apiVersion, kind, metadata and name. Raises TypeError for what JSON does not know and
    ValueError for numbers that are not finite.
    """
    lines: list[str] = []
    if isinstance(data, Mapping) and data:
        _emit_mapping(data, "", "", lines)
    elif isinstance(data, Sequence) and data and not isinstance(data, str):
        _emit_sequence(data, "", "", lines)
    else:
        lines.append(json.dumps(data) if isinstance(data, str) and "\n" in data else _scalar(data))
    lines.append("")
    return "\n".join(lines)


def join_documents(texts: Iterable[str]) -> str:
    """Several documents in one text, each after a `---` line."""
    return "".join(f"---\n{text}" for text in texts)


def _emit_mapping(value: Mapping[str, Any], first: str, indent: str, lines: list[str]) -> None:
    """`first` stands before the first key: the dash of a list item takes the place of its indentation."""
    for key in _ordered(value):
        item = value[key]
        head = f"{first}{_text(key)}:"
        first = indent
        if type(item) is str and "\n" not in item:
            lines.append(f"{head} {_text(item)}")
        elif isinstance(item, dict) and item:
            lines.append(head)
            _emit_mapping(item, indent + "  ", indent + "  ", lines)
        elif isinstance(item, list | tuple) and item:
            lines.append(head)
            _emit_sequence(item, indent, indent, lines)
        else:
            _emit_leaf(head, item, indent + "  ", lines)


def _emit_sequence(value: Sequence[Any], first: str, indent: str, lines: list[str]) -> None:
    for item in value:
        head = f"{first}-"
        first = indent
        if isinstance(item, dict) and item:
            _emit_mapping(item, f"{head} ", indent + "  ", lines)
        elif isinstance(item, list | tuple) and item:
            _emit_sequence(item, f"{head} ", indent + "  ", lines)
        else:
            _emit_leaf(head, item, indent + "  ", lines)


def _emit_leaf(head: str, value: Any, indent: str, lines: list[str]) -> None:
    if isinstance(value, str) and "\n" in value and _is_literal(value):
        lines.append(f"{head} |{_chomping(value)}")
        body = value[:-1] if value.endswith("\n") else value
        lines.extend(f"{indent}{line}" if line else "" for line in body.split("\n"))
    else:
        lines.append(f"{head} {_scalar(value)}")


def _ordered(value: Mapping[str, Any]) -> list[str]:
    keys = sorted(value)
    front = [key for key in _FIRST if key in value]
    return front + [key for key in keys if key not in _FIRST] if front else keys


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence):
        return "[]"
    raise TypeError(f"{type(value).__name__} cannot be written as YAML")


def _number(value: float) -> str:
    """YAML 1.1 sees a float only where there is a dot."""
    text = json.dumps(value, allow_nan=False)
    mantissa, mark, exponent = text.partition("e")
    return text if "." in mantissa else f"{mantissa}.0{mark}{exponent}"


@lru_cache(maxsize=16384)
def _text(value: str) -> str:
    """A scalar of text on one line: plain where every reader agrees, else double-quoted."""
    if len(value) < 1000 and _is_plain(value):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _is_plain(value: str) -> bool:
    if _PLAIN.fullmatch(value):
        return value.lower() not in _WORDS
    return bool(_FLAG.fullmatch(value) or _QUANTITY.fullmatch(value))


def _is_literal(value: str) -> bool:
    """A block needs its first line to set the indentation, and lines whose ends nobody trims."""
    return not (value[0] in " \n\t" or _NOT_LITERAL.search(value) or _BLANK_LINE.search(value))


def _chomping(value: str) -> str:
    if not value.endswith("\n"):
        return "-"
    return "+" if value.endswith("\n\n") else ""
