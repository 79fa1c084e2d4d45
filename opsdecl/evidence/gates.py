"""One document that something else would answer for, beside a gate and all evidence -> whether the gate is open."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from opsdecl.diag import Code
from opsdecl.diag.codes import evidence as codes
from opsdecl.evidence.judging import failed_words, worse_than
from opsdecl.evidence.types import Evidence, Stored

Answers = Mapping[str, Any]
Moved = Callable[[Answers, Answers], Sequence[str]]
"""Paths of the fields through which other answers come; none where the same are to be expected."""


class Demand(Struct, frozen=True):
    """A gate of an environment: the evaluation whose evidence it demands."""

    gate: str
    evaluation: str
    allow_simulated: bool = False


class Changing(Struct, frozen=True):
    """A document with what it would answer with, and with what it answers until now (None: it is new). `output` is
    where its files lie, by which it may be the model of a training; so may the run that it names."""

    kind: str
    name: str
    answers: Answers
    current: Answers | None = None
    output: str = ""


class Opinion(Struct, frozen=True):
    """Open, or why not. `code` is None where it is open; `fields` moved since `evidence` was found."""

    state: Literal["open", "closed", "stale"]
    reason: str
    code: Code | None = None
    fields: tuple[str, ...] = ()
    evidence: str = ""


def opinion(demand: Demand, changing: Changing, every: Sequence[Stored], moved: Moved) -> Opinion:
    """Of several that fit, the last one counts, so that nobody may measure until it suits."""
    about = [s for s in every if s.evidence.evaluation.name == demand.evaluation and _is_about(changing, s.evidence)]
    fitting = [s for s in about if _fits(changing, s.evidence, moved)]
    if not fitting:
        return _nothing_fits(demand, changing, about, moved)
    usable = [s for s in fitting if s.evidence.trust == "real" or demand.allow_simulated]
    if not usable:
        said = f"what {demand.evaluation} found is only simulated"
        return Opinion("closed", said, codes.SIMULATED_EVIDENCE, evidence=fitting[-1].path)
    found = usable[-1]
    failed = [*failed_words(found.evidence.thresholds)]
    if failed:
        return Opinion("closed", "; ".join(failed), codes.FAILED_EVIDENCE, evidence=found.path)
    return _beside_current(demand, changing, found, every, moved)


def _is_about(changing: Changing, evidence: Evidence) -> bool:
    kind = evidence.candidate.document.partition(".")[0]
    trained = kind == "Training" and changing.kind == "Model"
    return not evidence.candidate.adapter and (kind == changing.kind or trained)


def _fits(changing: Changing, evidence: Evidence, moved: Moved) -> bool:
    if evidence.candidate.document.startswith("Training."):
        run = (changing.answers.get("training") or {}).get("run", "")
        by_run = bool(run) and evidence.candidate.identity == run
        return by_run or (bool(changing.output) and evidence.candidate.output == changing.output)
    return not moved(evidence.candidate.answers, changing.answers)


def _nothing_fits(demand: Demand, changing: Changing, about: Sequence[Stored], moved: Moved) -> Opinion:
    own = [s for s in about if s.evidence.candidate.document == f"{changing.kind}.{changing.name}"]
    if not own:
        return Opinion("closed", f"{demand.evaluation} found nothing about it yet", codes.NO_EVIDENCE)
    last = min(reversed(own), key=lambda s: len(moved(s.evidence.candidate.answers, changing.answers)))
    fields = tuple(moved(last.evidence.candidate.answers, changing.answers))
    when = last.evidence.finished_at[:16].replace("T", " ")
    said = f"{', '.join(fields)} changed since {demand.evaluation} measured it, {when} UTC"
    return Opinion("stale", said, codes.STALE_EVIDENCE, fields, last.path)


def _beside_current(
    demand: Demand, changing: Changing, found: Stored, every: Sequence[Stored], moved: Moved
) -> Opinion:
    """What thresholds against the version in use say. A document that is new takes nobody's place."""
    opened = Opinion("open", f"{demand.evaluation}: {_numbers(found.evidence)}", evidence=found.path)
    if changing.current is None or not any(v.against for v in found.evidence.thresholds):
        return opened
    before = Changing(changing.kind, changing.name, changing.current)
    comparable = [
        s
        for s in every
        if s.evidence.evaluation.name == demand.evaluation
        and _is_about(before, s.evidence)
        and _fits(before, s.evidence, moved)
        and _measured_alike(s.evidence, found.evidence)
        and (s.evidence.trust == "real" or demand.allow_simulated)
    ]
    if not comparable:
        said = f"{demand.evaluation} found nothing about the version in use, to compare with"
        return Opinion("closed", said, codes.NOT_COMPARED, evidence=found.path)
    worse = [*worse_than(found.evidence, comparable[-1].evidence)]
    if worse:
        return Opinion("closed", "; ".join(worse), codes.FAILED_EVIDENCE, evidence=found.path)
    return opened


def _measured_alike(one: Evidence, other: Evidence) -> bool:
    """The same data and the same questions; numbers of others cannot be compared."""
    same = ("recipe", "code", "parameters", "prompts", "image")
    return one.data == other.data and all(
        getattr(one.evaluation, name) == getattr(other.evaluation, name) for name in same
    )


def _numbers(evidence: Evidence) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in list(evidence.metrics.items())[:4])
