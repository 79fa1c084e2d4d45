"""A YAML parser's complaint -> one finding in the words of somebody who writes YAML."""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct
from yaml.error import MarkedYAMLError, YAMLError

from opsdecl.diag.codes import source as codes
from opsdecl.diag.types import Code, Diagnostic, Related, Span
from opsdecl.spec.scalars import short


class _Spot(Struct, frozen=True):
    """A place in the text, counted from 0, with its line."""

    line: int
    column: int
    text: str

    @property
    def character(self) -> str:
        return self.text[self.column : self.column + 1]

    @property
    def before(self) -> str:
        return self.text[: self.column]

    @property
    def starts_line(self) -> bool:
        return not self.before.strip()

    def span(self, file: str, width: int = 1) -> Span:
        return Span(file, self.line + 1, self.column + 1, self.line + 1, self.column + 1 + width)


class _Complaint(Struct, frozen=True):
    file: str
    problem: str
    context: str
    at: _Spot
    begun: _Spot
    lines: list[str]

    def finding(self, code: Code, message: str, hint: str, at: _Spot | None = None, width: int = 1) -> Diagnostic:
        return Diagnostic(code, message, (at or self.at).span(self.file, width), hint=hint)


_Reading = Callable[[_Complaint], Diagnostic | None]


def describe(file: str, error: YAMLError, lines: list[str]) -> Diagnostic:
    """The finding for a syntax error. `lines` are those of the whole text."""
    if not isinstance(error, MarkedYAMLError):
        return Diagnostic(codes.SYNTAX, "the text cannot be read as YAML", Span(file, 1, 1, 1, 1))
    at = _spot(error.problem_mark or error.context_mark, lines)
    begun = _spot(error.context_mark or error.problem_mark, lines)
    complaint = _Complaint(file, error.problem or "", error.context or "", at, begun, lines)
    for read in _READINGS:
        found = read(complaint)
        if found is not None:
            return found
    words = complaint.problem or "something is wrong here"
    return complaint.finding(codes.SYNTAX, f"the text cannot be read as YAML: {words}", "repair the text here")


def _spot(mark: object, lines: list[str]) -> _Spot:
    line, column = getattr(mark, "line", 0), getattr(mark, "column", 0)
    # The end of the file is one line behind the last that anybody sees.
    while line > 0 and (line >= len(lines) or (line == len(lines) - 1 and not lines[line])):
        line = min(line - 1, len(lines) - 1)
        column = len(lines[line])
    return _Spot(line, column, lines[line])


def _merge_conflict(c: _Complaint) -> Diagnostic | None:
    for number in range(max(0, c.begun.line - 1), min(len(c.lines), c.at.line + 2)):
        if re.match(r"(<{7}|>{7}) |={7}$", c.lines[number]):
            spot = _Spot(number, 0, c.lines[number])
            message = "the markers of an unfinished merge are still in the file"
            return c.finding(codes.SYNTAX, message, "resolve the conflict and remove the markers", spot, 7)
    return None


def _tab(c: _Complaint) -> Diagnostic | None:
    indentation = re.match(r"[ \t]*", c.at.text)
    tab = indentation[0].find("\t") if indentation else -1
    if tab < 0:
        return None
    message = "a tab stands in the indentation"
    return c.finding(codes.TAB, message, "use spaces", _Spot(c.at.line, tab, c.at.text))


def _expression(c: _Complaint) -> Diagnostic | None:
    start = c.at.text.rfind("${{", 0, c.at.column + 3)
    if start < 0 or c.at.text.find("}}", start, c.at.column) >= 0:
        return None
    end = c.at.text.find("}}", start)
    width = end + 2 - start if end >= 0 else 3
    hint = "put the whole value in double quotes"
    if end >= 0:
        hint += f': "{c.at.text[start : end + 2]}"' if '"' not in c.at.text[start:end] else ", and use ' inside"
    message = "an expression here is only read inside quotes"
    return c.finding(codes.EXPRESSION_QUOTES, message, hint, _Spot(c.at.line, start, c.at.text), width)


def _quote(c: _Complaint) -> Diagnostic | None:
    if c.context != "while scanning a quoted scalar" or "unexpected" not in c.problem:
        return None
    name = "double quote" if c.begun.character == '"' else "single quote"
    return c.finding(codes.UNCLOSED, f"the {name} that begins here is not closed", "close it", c.begun)


def _bracket(c: _Complaint) -> Diagnostic | None:
    if c.context not in ("while parsing a flow mapping", "while parsing a flow sequence"):
        return None
    closing = "}" if c.begun.character == "{" else "]"
    if c.begun.line == c.at.line and c.at.column < len(c.at.text):
        message = f"expected a comma or `{closing}` here"
        return c.finding(codes.SYNTAX, message, "put a value that holds such characters in quotes")
    found = c.finding(
        codes.UNCLOSED, f"the `{c.begun.character}` that begins here is not closed", f"add `{closing}`", c.begun
    )
    related = Related(f"expected a comma or `{closing}` at the latest here", c.at.span(c.file))
    return Diagnostic(found.code, found.message, found.at, hint=found.hint, related=(related,))


def _bracket_above(c: _Complaint) -> Diagnostic | None:
    """At the end of a document a missing value mostly means that a bracket above was left open."""
    at_end = c.at.text.startswith("---") or c.at.line >= len(c.lines) - 2
    if c.problem != "did not find expected node content" or not at_end:
        return None
    for number in range(c.at.line, -1, -1):
        line = c.lines[number]
        for opening, closing in ("[]", "{}"):
            if line.count(opening) > line.count(closing):
                spot = _Spot(number, line.rindex(opening), line)
                message = f"the `{opening}` that begins here is not closed"
                return c.finding(codes.UNCLOSED, message, f"add `{closing}`", spot)
    return None


_WITHOUT_SPACE = re.compile(r"\s*(?:- )*([\w./-]+):(?=[^\s:/])")


def _second_colon(c: _Complaint) -> Diagnostic | None:
    if not c.problem.startswith("mapping values are not allowed"):
        return None
    if re.search(r":\s", c.at.before):
        message = "a second colon stands in one value"
        return c.finding(codes.NOT_A_PAIR, message, "put the value in quotes if the colon belongs to it")
    above = _line_above(c)
    missing = _missing_space(c, above) if above else None
    if missing:
        return missing
    first = len(c.at.text) - len(c.at.text.lstrip())
    message = "this line is indented more than the key above it, which already has a value"
    spot = _Spot(c.at.line, first, c.at.text)
    return c.finding(codes.INDENTATION, message, "align it with that key, or move that key's value", spot)


def _line_above(c: _Complaint) -> _Spot | None:
    for number in range(c.at.line - 1, -1, -1):
        if c.lines[number].strip():
            return _Spot(number, 0, c.lines[number])
    return None


def _missing_space(c: _Complaint, spot: _Spot) -> Diagnostic | None:
    match = _WITHOUT_SPACE.match(spot.text)
    if match is None:
        return None
    colon = _Spot(spot.line, match.end() - 1, spot.text)
    message = f"there is no space after the colon of `{short(match[1])}`"
    return c.finding(codes.NOT_A_PAIR, message, "write `key: value`", colon)


def _missing_colon(c: _Complaint) -> Diagnostic | None:
    if c.problem != "could not find expected ':'":
        return None
    missing = _missing_space(c, c.begun)
    if missing:
        return missing
    width = max(1, len(c.begun.text.rstrip()) - c.begun.column)
    message = "this line is no `key: value`"
    return c.finding(codes.NOT_A_PAIR, message, "add the colon and a value", c.begun, width)


def _misplaced(c: _Complaint) -> Diagnostic | None:
    if c.problem not in ("did not find expected key", "did not find expected '-' indicator"):
        return None
    if c.at.character == ":":
        return c.finding(codes.NOT_A_PAIR, "a key is missing before the colon", "write `key: value`")
    if not c.at.starts_line:
        message = "the value has ended, and more text follows on the line"
        hint = "put the whole value in quotes; inside single quotes a quote is written twice"
        return c.finding(codes.SYNTAX, message, hint)
    if c.at.text.lstrip().startswith("- "):
        message = "an item of a list stands where a key is expected"
        return c.finding(codes.INDENTATION, message, "align it with the other items of its list")
    message = "this line is indented like none of those it could belong to"
    return c.finding(codes.INDENTATION, message, "align it with the other keys of its mapping")


_MESSAGES: Mapping[str, tuple[Code, str, str]] = {
    "did not find expected node content": (
        codes.SYNTAX,
        "a value is missing here",
        "write a value, or close the bracket before it",
    ),
    "did not find expected <document start>": (
        codes.SYNTAX,
        "text follows the end of a document",
        "begin the next document with a line `---`",
    ),
    "did not find expected comment or line break": (
        codes.SYNTAX,
        "text follows on the line where a block of text begins",
        "begin the text on the next line, indented",
    ),
    "found unknown escape character": (
        codes.SYNTAX,
        "unknown escape between double quotes",
        "write the backslash twice, or use single quotes",
    ),
    "found invalid Unicode character escape code": (
        codes.SYNTAX,
        "this escape stands for no character",
        "write another character",
    ),
    "found undefined tag handle": (codes.TAG, "a tag cannot be used on this value", "remove the tag"),
}
_CONTEXTS: Mapping[str, tuple[Code, str, str]] = {
    "while scanning an alias": (
        codes.SYNTAX,
        "a value that begins with `*` is read as an alias",
        "put the value in quotes",
    ),
    "while scanning an anchor": (
        codes.SYNTAX,
        "a value that begins with `&` is read as an anchor",
        "put the value in quotes",
    ),
    "while parsing a tag": (codes.TAG, "a tag cannot be used on this value", "remove the tag"),
    "while scanning a tag": (codes.TAG, "a tag cannot be used on this value", "remove the tag"),
}


def _known_wording(c: _Complaint) -> Diagnostic | None:
    if c.problem.startswith("found character") and c.problem.endswith("cannot start any token"):
        shown = "a backtick" if c.at.character == "`" else f"`{c.at.character}`"
        message = f"a value cannot begin with {shown}"
        return c.finding(codes.SYNTAX, message, "put the value in quotes")
    known = _MESSAGES.get(c.problem) or _CONTEXTS.get(c.context)
    return c.finding(*known) if known else None


_READINGS: tuple[_Reading, ...] = (
    _merge_conflict,
    _tab,
    _expression,
    _quote,
    _bracket,
    _bracket_above,
    _second_colon,
    _missing_colon,
    _misplaced,
    _known_wording,
)
