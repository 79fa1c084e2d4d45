"""Text -> YAML events, document by document. A broken document does not hide those after it."""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import DocumentStartEvent, StreamEndEvent

from opsdecl.spec.decode import split_lines

T = TypeVar("T")
Event = Any
NextEvent = Callable[[], Event]

_DOCUMENT_START = re.compile(r"---(?:[ \t]|$)")


def each_document(
    text: str,
    compose: Callable[[NextEvent], T],
    broken: Callable[[YAMLError, list[str]], bool],
) -> Iterator[tuple[int, T]]:
    """Index and result of each readable document. `compose` reads the events of one root node.

    `broken` is told of each syntax error, with the lines of the text; reading goes on at the next `---` while it
    answers True. A broken document has an index too.
    """
    index, stretch, lines, first = -1, text, [""], 0
    while True:
        next_event = open_events(stretch)
        try:
            while (event := next_event()).__class__ is not StreamEndEvent:
                if event.__class__ is DocumentStartEvent:
                    index += 1
                    result = compose(next_event)
                    next_event()  # the document's end: a document is readable only if it ends well
                    yield index, result
            return
        except YAMLError as error:
            lines = split_lines(text)
            restart = _next_document(error, lines, first)
            if not broken(error, lines) or restart is None:
                return
        # Blank lines in front keep the line numbers, which costs less than an offset in every mark.
        first, stretch = restart, "\n" * restart + "\n".join(lines[restart:])


def open_events(text: str) -> NextEvent:
    """A function that gives the next event. It raises YAMLError; after StreamEndEvent it is not to be called."""
    try:
        from yaml._yaml import CParser
    except ImportError:  # a platform without a compiled wheel: slower, and otherwise the same
        return iter(yaml.parse(text, Loader=yaml.SafeLoader)).__next__
    next_event: NextEvent = CParser(text.encode("utf-8")).get_event
    return next_event


def _next_document(error: YAMLError, lines: list[str], first: int) -> int | None:
    """The line where the next document begins; `first` is where the broken stretch did."""
    mark = (error.context_mark or error.problem_mark) if isinstance(error, MarkedYAMLError) else None
    if mark is None:
        return None
    after = max(first + 1, mark.line + (1 if mark.column else 0))
    return next((n for n in range(after, len(lines)) if _DOCUMENT_START.match(lines[n])), None)
