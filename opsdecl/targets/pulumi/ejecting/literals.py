"""Plain data -> Python source, laid out as `ruff format` would leave it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WIDTH = 88
_STEP = 4
_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class Expression(str):
    """Text that is source already, such as the name of a variable."""

    __slots__ = ()


def literal(value: Any, indent: int = 0, before: int = 0) -> str:
    """An expression. `indent` is that of its line, `before` the columns that the line has used up to here; a comma is
    allowed for after it."""
    flat = _flat(value)
    if _is_short(value, flat, before):
        return flat
    match value:
        case Expression():
            return str(value)
        case Mapping():
            heads = ((f"{_text(str(name))}: ", item) for name, item in value.items())
            return _spread("{", "}", heads, indent)
        case str():
            return _lines(value) if "\n" in value.strip("\n") and _is_plain(value) else flat
        case Sequence():
            return _spread("[", "]", (("", item) for item in value), indent)
        case _:
            return flat


def call(name: str, positional: Iterable[Any], keywords: Mapping[str, Any], indent: int = 0) -> str:
    """A call with one argument a line."""
    heads = [("", item) for item in positional] + [(f"{keyword}=", item) for keyword, item in keywords.items()]
    return _spread(f"{name}(", ")", heads, indent)


def _spread(opening: str, closing: str, items: Iterable[tuple[str, Any]], indent: int) -> str:
    inner = indent + _STEP
    rows = [f"{' ' * inner}{head}{literal(item, inner, inner + len(head))}," for head, item in items]
    return "\n".join([opening, *rows, " " * indent + closing])


def _is_short(value: Any, flat: str, before: int) -> bool:
    if isinstance(value, Mapping | list | tuple) and not value:
        return True
    if not isinstance(value, Mapping | list | tuple):
        return "\n" not in str(value) if isinstance(value, str) else True
    return before + len(flat) + 1 <= WIDTH and "\\n" not in flat


def _flat(value: Any) -> str:
    match value:
        case Expression():
            return str(value)
        case Mapping():
            return "{" + ", ".join(f"{_text(str(name))}: {_flat(item)}" for name, item in value.items()) + "}"
        case str():
            return _text(value)
        case Sequence():
            return "[" + ", ".join(map(_flat, value)) + "]"
        case _:
            return repr(value)


def _text(text: str) -> str:
    """In double quotes, unless single ones need fewer escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + _escaped(text).replace(quote, "\\" + quote) + quote


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() else _code(c) for c in text.translate(_ESCAPED))


def _code(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _is_plain(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


def _lines(text: str) -> str:
    """A text of several lines, as it is read."""
    body = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return '"""\\\n' + (body[:-1] + '\\"' if body.endswith('"') else body) + '"""'
