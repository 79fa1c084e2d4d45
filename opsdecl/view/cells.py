"""Text in terminal cells: how wide it is, cut, padded, and free of what a terminal would obey."""

import unicodedata
from collections.abc import Iterator, Sequence

from msgspec import Struct

from opsdecl.view.style import Ink

_ZWJ = "\u200d"
_KEPT_FORMAT = frozenset((_ZWJ, "\u200c"))
_NOT_SHOWN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_SKIN_TONES = range(0x1F3FB, 0x1F400)


class Cell(Struct, frozen=True):
    """One entry of a table."""

    text: str
    style: str = ""


def printable(text: str) -> str:
    """The text on one line, with control, bidirectional and broken characters shown instead of sent."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char.isprintable() or char in _KEPT_FORMAT:
        return char
    if char in "\n\t":
        return "⏎" if char == "\n" else " "
    if ord(char) < 0x20:
        return chr(0x2400 + ord(char))
    return f"<U+{ord(char):04X}>" if unicodedata.category(char) in _NOT_SHOWN else char


def glyphs(text: str) -> Iterator[tuple[str, int]]:
    """For each character what is shown for it, and in how many cells. A tab is four spaces."""
    joined, first = False, True
    for char in text:
        shown = "    " if char == "\t" else printable(char)
        merges = joined or (ord(char) in _SKIN_TONES and not first)
        yield shown, 0 if merges else sum(_char_width(c) for c in shown)
        joined, first = char == _ZWJ, False


def _char_width(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def width_of(text: str) -> int:
    """Cells that a text takes; it must be printable."""
    return len(text) if text.isascii() else sum(width for _, width in glyphs(text))


def clip(text: str, width: int) -> str:
    """At most `width` cells, an ellipsis for what was cut."""
    if width <= 0 or width_of(text) <= width:
        return text if width > 0 else ""
    kept, used = "", 0
    for shown, cells in glyphs(text):
        if used + cells > max(0, width - 1):
            break
        kept, used = kept + shown, used + cells
    return kept + "…"


def pad(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def align(rows: Sequence[Sequence[Cell]], ink: Ink, *, gap: int = 2) -> list[str]:
    """Rows with their columns under each other, no spaces at the ends. Columns that are empty throughout vanish."""
    count = max((len(row) for row in rows), default=0)
    widths = [max((width_of(row[i].text) for row in rows if i < len(row)), default=0) for i in range(count)]
    return [_join(row, widths, ink, " " * gap) for row in rows]


def _join(row: Sequence[Cell], widths: Sequence[int], ink: Ink, gap: str) -> str:
    used = [i for i, cell in enumerate(row) if widths[i]]
    last = max((i for i in used if row[i].text), default=-1)
    parts = [ink(row[i].text, row[i].style) + " " * _rest(row[i].text, widths[i], i == last) for i in used if i <= last]
    return gap.join(parts)


def _rest(text: str, width: int, is_last: bool) -> int:
    return 0 if is_last else width - width_of(text)
