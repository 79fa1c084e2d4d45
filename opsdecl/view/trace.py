"""What answered when: a block for each stretch of time, and the same as JSON."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import to_builtins

from opsdecl.transparency.types import FORMAT_VERSION, Answer, Applied, Composition, Made, Trace
from opsdecl.view.card import guard_rows, made_words
from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.history import name_text
from opsdecl.view.style import BOLD, CAUTION, DIM, Ink, ink_for

_SHORT = 10
_MINUTES = len("2026-11-02T14:30")
_TIMES = "Times are those of applies; pods take a change over in the rollout after it."
Row = tuple[str, str]


def render_json(found: Trace) -> str:
    """`schemas/trace.schema.json` describes it."""
    return json.dumps({"formatVersion": FORMAT_VERSION, **to_builtins(found)}, indent=2, ensure_ascii=False) + "\n"


def render_trace(found: Trace, *, color: bool = False) -> str:
    """Times are those of applies, which is said: what runs follows them."""
    ink = ink_for(color)
    blocks = ["\n".join(_block(found, answer, ink)) for answer in found.answers]
    return "\n\n".join([*blocks, ink(_TIMES, DIM)]) + "\n"


def _block(found: Trace, answer: Answer, ink: Ink) -> Iterator[str]:
    exactly = answer.until[:_MINUTES] == answer.since[:_MINUTES]
    until = f"until {_when(answer.until, exactly=exactly)}" if answer.until else "to this day"
    named = found.address if found.start or answer.composition is None else answer.composition.address
    name = printable(f"{named} · {found.environment} · {answer.target}")
    yield f"{ink(name, BOLD)}   {_when(answer.since, exactly=exactly)} {until}"
    made, by = answer.composition, answer.brought_by
    rows = [*(_composition(made) if made is not None else [("", "was not there")])]
    rows += [("composition", answer.digest)] if answer.digest else []
    rows += [("brought by", _applied(by)), ("approvals", _approvals(by))]
    if answer.revision != by:
        rows += [("still so after", f"{_applied(answer.revision)}, which left the answers as they were")]
    cells = [[Cell(f"  {title}", DIM), Cell(printable(text))] for title, text in rows]
    yield from align(cells, ink)
    if "edit" in (by.kind, answer.revision.kind):
        said = "somebody changed the target by hand: what ran may differ from what was declared"
        yield f"  {ink(f'! {said}', CAUTION)}"


def _composition(made: Composition) -> Iterator[Row]:
    weights, engine = made.weights, made.engine
    if weights is not None:
        pinned = f" @ {weights.revision or weights.digest}" if weights.revision or weights.digest else ""
        yield "weights", f"{weights.uri}{pinned}"
        yield from (("fetched from", weights.location),) if weights.location else ()
        yield from (("licence", weights.license),) if weights.license else ()
        yield from _made("made by", weights.made)
    for adapter in made.adapters:
        pinned = f" @ {adapter.revision or adapter.digest}" if adapter.revision or adapter.digest else ""
        yield f"adapter {adapter.name}", f"{adapter.uri}{pinned}"
        yield from _made("  made by", adapter.made)
    if made.chat_template is not None:
        yield "chat template", f"{made.chat_template.file} {made.chat_template.digest}".strip()
    yield from guard_rows(made)
    if engine is not None:
        yield "engine", f"{engine.name} {engine.version}".strip()
        yield "image", engine.image
    named = (("sampling", made.sampling), ("parsers", made.parsers))
    settings = (("settings", engine.settings), ("flags", engine.args)) if engine is not None else ()
    yield from ((title, _pairs(values)) for title, values in (*named, *settings) if values)
    yield from (("quantisation", made.quantization),) if made.quantization else ()


def _made(title: str, made: Made | None) -> Iterator[Row]:
    """The run, and each dataset that it read."""
    if made is None:
        return
    yield title, made_words(made)
    for data in made.datasets:
        pinned = f" @ {data.pin}" if data.pin else ""
        version = f", version {data.version}" if data.version else ""
        yield f"  data {data.name}", f"{data.uri}{pinned}{version}, prepared as {data.content}"


def _applied(by: Applied) -> str:
    commit = f", from commit {by.source_commit[:_SHORT]} of the specs" if by.source_commit else ""
    return f"{by.kind} of {name_text(by.who)} at {_when(by.at)}, revision {by.revision[:_SHORT]}{commit}"


def _approvals(by: Applied) -> str:
    """What `--approved-by` claimed: whose word it is must not be read into it."""
    claimed = "; ".join(by.approvals)
    return f"{claimed} (as whoever applied it said; not checked)" if claimed else "none was named when it was applied"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _when(at: str, *, exactly: bool = False) -> str:
    """`2026-11-02 14:30 UTC`, with seconds where minutes would not tell two times apart."""
    return f"{at[:10]} {at[11 : 19 if exactly else _MINUTES]} UTC"
