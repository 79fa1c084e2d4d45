"""Candidates beside their evidence -> the best of them."""

from collections.abc import Sequence

from msgspec import Struct

from opsdecl.evidence.judging import better, failed_words, judge
from opsdecl.evidence.types import Stored, Verdict


class Choice(Struct, frozen=True):
    """What `selection` of an evaluation says. A constraint is a verdict without a value yet."""

    metric: str
    direction: str
    constraints: tuple[Verdict, ...] = ()


class Ranked(Struct, frozen=True):
    """A candidate with what stands against it; without that, and with the best value, it wins."""

    label: str
    document: str
    value: float | None = None
    against: str = ""
    evidence: str = ""
    trust: str = ""
    wins: bool = False


def rank(choice: Choice, candidates: Sequence[tuple[str, str, Stored | None]]) -> tuple[Ranked, ...]:
    """In the order of the candidates: label, document and evidence of each."""
    rows = [_row(choice, label, document, stored) for label, document, stored in candidates]
    best: int | None = None
    for index, row in enumerate(rows):
        if row.value is None or row.against:
            continue
        metrics = {choice.metric: row.value}
        if best is None or better(metrics, {choice.metric: rows[best].value or 0.0}, choice.metric, choice.direction):
            best = index
    return tuple(
        Ranked(r.label, r.document, r.value, r.against, r.evidence, r.trust, index == best)
        for index, r in enumerate(rows)
    )


def _row(choice: Choice, label: str, document: str, stored: Stored | None) -> Ranked:
    if stored is None:
        return Ranked(label, document, against="no evidence of this run")
    found = stored.evidence
    asked = [judge(_valued(each, found.metrics[each.metric])) for each in choice.constraints]
    against = "; ".join((*failed_words(found.thresholds), *failed_words(asked)))
    return Ranked(label, document, found.metrics[choice.metric], against, stored.path, found.trust)


def _valued(constraint: Verdict, value: float) -> Verdict:
    return Verdict(
        metric=constraint.metric, direction=constraint.direction, value=value, min=constraint.min, max=constraint.max
    )
