"""Lines of a file with a stretch of them marked. Columns are characters; what is shown is counted in cells."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from opsdecl.diag import Span
from opsdecl.view.cells import glyphs, printable, width_of
from opsdecl.view.style import BLUE, Ink

Lines = Callable[[str], Sequence[str] | None]
HIDDEN = "(sensitive)"
_HEAD, _TAIL = 3, 2
_LEAST_WIDTH = 20


class Window(Struct, frozen=True):
    """A line as shown: its text, and the cells where the marked stretch begins and ends."""

    text: str
    start: int
    end: int


class Excerpts(Struct, frozen=True):
    """Shows stretches of files. `hidden` are stretches whose text must not appear in any excerpt."""

    lines: Lines
    hidden: Sequence[Span]
    ink: Ink
    width: int

    def show(self, span: Span, gutter: int, *, mark: str, label: str, style: str, context: int) -> list[str]:
        """Rows with line numbers, marks below; empty where the file or the line is not to be had."""
        lines = self.lines(span.file)
        if lines is None or not 1 <= span.line <= len(lines):
            return []
        end = _last_line(span, lines)
        if end == span.line:
            body = self._single(span, lines, gutter, mark, label, style)
        else:
            body = self._several(span, end, lines, gutter, mark, label, style)
        above = range(max(1, span.line - context), span.line)
        bar = self._bar("", gutter, "")
        return [bar, *(self._plain(span, n, lines, gutter, end > span.line) for n in above), *body, bar]

    def _bar(self, number: int | str, gutter: int, text: str) -> str:
        return (self.ink(f"{number:>{gutter}} |", BLUE) + f" {text}").rstrip()

    def _room(self, gutter: int) -> int:
        return max(_LEAST_WIDTH, self.width - gutter - 3)

    def _window(self, span: Span, number: int, lines: Sequence[str], room: int, first: int, last: int) -> Window:
        hidden = [s for s in self.hidden if s.file == span.file and s.line <= number <= s.end_line]
        return cut(mask(lines[number - 1], number, hidden), first, last, room)

    def _plain(self, span: Span, number: int, lines: Sequence[str], gutter: int, indent: bool) -> str:
        room = self._room(gutter) - (2 if indent else 0)
        return self._bar(number, gutter, ("  " if indent else "") + self._window(span, number, lines, room, 0, 0).text)

    def _single(self, span: Span, lines: Sequence[str], gutter: int, mark: str, label: str, style: str) -> list[str]:
        end_column = span.end_column if span.end_line == span.line else len(lines[span.line - 1].rstrip()) + 1
        room = self._room(gutter)
        window = self._window(span, span.line, lines, room, span.column - 1, max(end_column, span.column + 1) - 1)
        marks = " " * window.start + self.ink(mark * max(1, window.end - window.start), style)
        rows = [self._bar(span.line, gutter, window.text)]
        return rows + [self._bar("", gutter, text) for text in self._labelled(marks, window, label, style, room)]

    def _labelled(self, marks: str, window: Window, label: str, style: str, room: int) -> list[str]:
        """The label beside the marks; on a line of its own where it would run over the edge."""
        text = printable(label)
        if not text:
            return [marks]
        if max(window.end, window.start + 1) + 1 + width_of(text) <= room:
            return [f"{marks} {self.ink(text, style)}"]
        indent = window.start if window.start + width_of(text) <= room else 0
        return [marks, " " * indent + self.ink(text, style)]

    def _several(
        self, span: Span, end: int, lines: Sequence[str], gutter: int, mark: str, label: str, style: str
    ) -> list[str]:
        shown = _ends(span.line, end)
        side = self.ink("|", style)
        room = self._room(gutter) - 2
        rows = []
        for number in shown:
            if number is None:
                rows.append(self._bar("", gutter, f"{side} …"))
                continue
            text = self._window(span, number, lines, room, 0, 0).text
            opening = self.ink("/", style) if number == span.line else side
            rows.append(self._bar(number, gutter, f"{opening} {text}"))
        tail = self.ink(f"|_{mark}" + (f" {printable(label)}" if label else ""), style)
        return [*rows, self._bar("", gutter, tail)]


def _last_line(span: Span, lines: Sequence[str]) -> int:
    """The last line with text of the stretch: a block ends at the start of a line behind it."""
    end = min(span.end_line, len(lines))
    if end == span.end_line and end > span.line and not lines[end - 1][: span.end_column - 1].strip():
        end -= 1
    while end > span.line and not lines[end - 1].strip():
        end -= 1
    return end


def _ends(first: int, last: int) -> list[int | None]:
    if last - first < _HEAD + _TAIL + 1:
        return list(range(first, last + 1))
    return [*range(first, first + _HEAD), None, *range(last - _TAIL + 1, last + 1)]


def mask(line: str, number: int, hidden: Sequence[Span]) -> list[tuple[str, int]]:
    """Glyphs of a line; a hidden stretch is one fixed word, so that not even its length shows."""
    row = list(glyphs(line))
    for span in hidden:
        start = span.column - 1 if span.line == number else len(line) - len(line.lstrip())
        end = span.end_column - 1 if span.end_line == number else len(row)
        if start < end:
            row[start:end] = [(HIDDEN, len(HIDDEN)), *[("", 0)] * (min(end, len(row)) - start - 1)]
    return row


def cut(row: Sequence[tuple[str, int]], first: int, last: int, room: int) -> Window:
    """The part of a line around the characters `first` to `last` (exclusive) that fits into `room` cells."""
    edges = [0]
    for _, cells in row:
        edges.append(edges[-1] + cells)
    total = edges[-1]
    start, end = edges[min(first, len(row))], edges[min(last, len(row))]
    left = 0 if total <= room else max(0, min(start - room // 3, total - room))
    right = min(total, left + room)
    text = "".join(g for i, (g, _) in enumerate(row) if _inside(edges, i, left, right, total))
    lead = _lead(edges, left)
    text = ("…" + " " * (lead - left - 1) if left else "") + text + ("…" if right < total else "")
    return Window(text.rstrip(), max(start - left, 0), min(end, right) - left)


def _inside(edges: Sequence[int], index: int, left: int, right: int, total: int) -> bool:
    lowest = left + 1 if left else 0
    highest = right - 1 if right < total else total
    return lowest <= edges[index] and edges[index + 1] <= highest


def _lead(edges: Sequence[int], left: int) -> int:
    """The cell at which the first whole character behind the left ellipsis begins."""
    return next((edge for edge in edges if edge >= left + 1), left + 1)
