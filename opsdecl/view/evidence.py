"""Evidence for people, and as JSON: what was found, of what, and what that says."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from opsdecl.evidence.types import Evidence, Stored, Verdict
from opsdecl.view.as_json import render_json
from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.style import ALARM, BOLD, CAUTION, DIM, GREEN, ink_for
from opsdecl.view.words import count

_SHORT = 10


class Collected(Protocol):
    """What a command wrote: evidence, and which files of it are new."""

    @property
    def stored(self) -> tuple[Stored, ...]: ...
    @property
    def written(self) -> tuple[str, ...]: ...


class Row(Protocol):
    """A candidate beside the others."""

    @property
    def label(self) -> str: ...
    @property
    def value(self) -> float | None: ...
    @property
    def against(self) -> str: ...
    @property
    def evidence(self) -> str: ...
    @property
    def trust(self) -> str: ...
    @property
    def wins(self) -> bool: ...


class Selected(Protocol):
    """Candidates in their order, and the metric that decides."""

    @property
    def evaluation(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def rows(self) -> Sequence[Row]: ...


def digest_of_path(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")


def render_collected(collected: Collected, *, color: bool = False) -> str:
    ink = ink_for(color)
    rows = [
        [
            Cell(f"  {digest_of_path(each.path)[:_SHORT]}", BOLD),
            *_cells(each.evidence),
            Cell("new" if each.path in collected.written else "there already", DIM),
        ]
        for each in collected.stored
    ]
    if not rows:
        return "no evidence was found\n"
    new = len(collected.written)
    head = f"{count(new, 'new file')} below evidence/" if new else "nothing new"
    hint = ["commit them, so that gates and promotions can see them: git add evidence"] if new else []
    return "\n".join([head, *align(rows, ink), *hint]) + "\n"


def render_list(every: Sequence[Stored], *, color: bool = False) -> str:
    ink = ink_for(color)
    if not every:
        return "no evidence yet: opsdecl evidence collect\n"
    rows = [
        [
            Cell(digest_of_path(each.path)[:_SHORT], BOLD),
            *_cells(each.evidence),
            Cell(each.evidence.finished_at[:16].replace("T", " "), DIM),
        ]
        for each in every
    ]
    return "\n".join(align(rows, ink)) + "\n"


def _cells(evidence: Evidence) -> list[Cell]:
    adapter = f" + {evidence.candidate.adapter}" if evidence.candidate.adapter else ""
    return [
        Cell(printable(evidence.evaluation.name)),
        Cell(printable(f"{evidence.candidate.document}{adapter}")),
        Cell(printable(_numbers(evidence))),
        _verdict(evidence),
        Cell(evidence.trust, CAUTION if evidence.trust == "simulated" else DIM),
    ]


def _numbers(evidence: Evidence) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in list(evidence.metrics.items())[:3])


def _verdict(evidence: Evidence) -> Cell:
    return Cell("failed", ALARM) if evidence.has_failed else Cell("reached", GREEN)


def render_evidence(stored: Stored, *, color: bool = False) -> str:
    ink, found = ink_for(color), stored.evidence
    rows = [[Cell(f"  {name}", DIM), Cell(printable(text))] for name, text in _facts(found) if text]
    numbers = [[Cell(f"  {printable(name)}"), Cell(f"{value:g}")] for name, value in found.metrics.items()]
    bounds = [[Cell(f"  {printable(v.metric)}"), Cell(_bound(v)), _holds(v)] for v in found.thresholds]
    blocks = [
        [ink(f"evidence {digest_of_path(stored.path)}", BOLD), *align(rows, ink)],
        [ink("Found", BOLD), *align(numbers, ink)],
        [ink("Demanded", BOLD), *align(bounds, ink)] if bounds else [],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _facts(found: Evidence) -> Iterator[tuple[str, str]]:
    used, candidate, data, by = found.evaluation, found.candidate, found.data, found.producer
    made = candidate.composition
    yield "evaluation", f"{used.name} in {found.environment} of {found.project}, run {used.run}"
    yield "candidate", candidate.document + (f" with adapter {candidate.adapter}" if candidate.adapter else "")
    yield "model", candidate.model or (made.weights.revision or made.weights.digest if made and made.weights else "")
    yield "prompt", made.chat_template.digest if made and made.chat_template else ""
    yield "data", f"{data.dataset} {data.split}".strip() + f", {data.digest or data.content}" if data else ""
    yield "samples", f"{found.samples:,}" if found.samples is not None else ""
    yield "measured by", " in ".join(text for text in (used.engine or used.recipe, used.image_id or used.image) if text)
    yield "trust", found.trust
    yield "found by", f"job {by.namespace}/{by.job} on {by.cluster}" if by.job else f"{by.by}, and recorded"
    yield "time", f"{found.started_at} to {found.finished_at}"


def _bound(verdict: Verdict) -> str:
    if verdict.against:
        allowed = f", {verdict.tolerance:g} worse is allowed" if verdict.tolerance else ""
        return f"not worse than the version in use{allowed}"
    sides = ((verdict.min, "at least"), (verdict.max, "at most"))
    return ", ".join(f"{word} {value:g}" for value, word in sides if value is not None)


def _holds(verdict: Verdict) -> Cell:
    if verdict.holds is None:
        return Cell("decided at the gate", DIM)
    return Cell("reached", GREEN) if verdict.holds else Cell("failed", ALARM)


def render_stored_json(every: Sequence[Stored]) -> str:
    rows = [{"digest": digest_of_path(s.path), "evidence": msgspec.to_builtins(s.evidence)} for s in every]
    return render_json(evidence=rows)


def render_selection(selected: Selected, *, color: bool = False) -> str:
    ink = ink_for(color)
    rows = [
        [
            Cell("  →" if row.wins else "   ", GREEN),
            Cell(printable(row.label), BOLD if row.wins else ""),
            Cell(f"{row.value:g}" if row.value is not None else ""),
            Cell("wins" if row.wins else printable(row.against), GREEN if row.wins else DIM),
            Cell(row.trust if row.trust == "simulated" else "", CAUTION),
        ]
        for row in selected.rows
    ]
    return "\n".join([ink(printable(f"{selected.evaluation} by {selected.metric}"), BOLD), *align(rows, ink)]) + "\n"


def render_selection_json(selected: Selected) -> str:
    rows = [
        {name: getattr(row, name) for name in ("label", "value", "against", "evidence", "trust", "wins")}
        for row in selected.rows
    ]
    return render_json(evaluation=selected.evaluation, metric=selected.metric, candidates=rows)
