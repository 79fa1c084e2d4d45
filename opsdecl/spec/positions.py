"""Places -> spans. A file is composed when somebody first asks about a place in it."""

from collections.abc import Mapping, Sequence

from opsdecl.diag import Diagnostic, Place, Span
from opsdecl.spec.decode import decode, split_lines
from opsdecl.spec.limits import DEFAULT_LIMITS, Limits
from opsdecl.spec.nodes import Extent, Node, compose_documents
from opsdecl.spec.types import SourceTree


class Positions:
    """Answers for one tree, and remembers each file that it composed."""

    def __init__(self, tree: SourceTree, limits: Limits = DEFAULT_LIMITS) -> None:
        self._tree = tree
        self._limits = limits
        self._texts: dict[str, str | None] = {}
        self._lines: dict[str, list[str]] = {}
        self._roots: dict[str, Mapping[int, Node]] = {}

    def locate(self, place: Place) -> Span | None:
        """Where a place is shown; None where its file cannot be read as text.

        A value that is a block of lines is shown by its key, and one that is not there by the key of the nearest value
        around it. What came through an alias or `<<` is shown there. A whole document is shown by its `kind`.
        """
        text = self._text(place.file)
        if text is None:
            return None
        if place.file not in self._roots:
            self._roots[place.file] = compose_documents(text, self._limits)
        root = self._roots[place.file].get(place.document)
        extent = Extent(0, 0, 0, 0) if root is None else _find(root, place)
        return self._span(place.file, extent)

    def source_lines(self, file: str) -> Sequence[str] | None:
        """The lines of a file as `Span` counts them; None where it cannot be read as text."""
        text = self._text(file)
        if text is None:
            return None
        if file not in self._lines:
            self._lines[file] = split_lines(text)
        return self._lines[file]

    def _text(self, file: str) -> str | None:
        if file not in self._texts:
            self._texts[file] = self._read(file)
        return self._texts[file]

    def _read(self, file: str) -> str | None:
        try:
            data = self._tree.read(file)
        except OSError:
            return None
        text = decode(file, data) if len(data) <= self._limits.file_bytes else None
        if isinstance(text, Diagnostic):
            # Shown all the same, so that the place of the character that was refused can be seen.
            return data.decode("utf-8", errors="replace").removeprefix("\ufeff")
        return text

    def _span(self, file: str, extent: Extent) -> Span:
        """A block of text ends with its last line, not where the next thing begins."""
        lines = self.source_lines(file) or [""]
        if extent.line >= len(lines):  # an empty value at the end of the file
            return Span(file, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 1)
        line, column = extent.end_line, extent.end_column
        while line > extent.line and not (line < len(lines) and lines[line][:column].strip()):
            line -= 1
            column = len(lines[line])
        return Span(file, extent.line + 1, extent.column + 1, line + 1, column + 1)


def _find(root: Node, place: Place) -> Extent:
    node, key = root, None
    for part in place.path:
        if node.is_alias:
            return node.extent
        child = node.children.get(part)
        if child is None:
            return key or _beginning(node, root)
        node, key = child, node.keys.get(part)
    if key is not None and (place.part == "key" or node.is_block or _is_empty(node.extent)):
        return key
    return _beginning(node, root)


def _beginning(node: Node, root: Node) -> Extent:
    """What stands for a whole node: all of it, or of a block its first key, or the `kind` of a document."""
    if node is root and "kind" in node.keys:
        value = node.children["kind"].extent
        start = node.keys["kind"]
        return Extent(start.line, start.column, value.end_line, value.end_column)
    while node.is_block and node.children:
        part, child = next(iter(node.children.items()))
        if part in node.keys:
            return node.keys[part]
        node = child
    return node.extent


def _is_empty(extent: Extent) -> bool:
    return (extent.line, extent.column) == (extent.end_line, extent.end_column)
