"""`selection` of an evaluation: its candidates by their evidence, and the winner."""

from collections.abc import Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.evidence import NO_WINNER
from opsdecl.evidence.selection import Choice, Ranked, rank
from opsdecl.evidence.types import Stored
from opsdecl.flows.build import Built
from opsdecl.flows.evaluating import AskedRun, asked_runs, verdicts_of
from opsdecl.flows.project import place_of
from opsdecl.spec.kinds.evaluation import EvaluationSpec


class Selected(Struct, frozen=True):
    """All candidates, and which document of the winner's kind takes over its answers."""

    evaluation: str
    metric: str
    rows: tuple[Ranked, ...]
    winner: SpecAddress | None = None
    into: SpecAddress | None = None


def select(built: Built, name: str, every: Sequence[Stored]) -> Checked[Selected]:
    """By the evidence of exactly the runs that are declared now."""
    asked = asked_runs(built, [name])
    if asked.value is None:
        return Checked(None, asked.diagnostics)
    name = name.removeprefix("Evaluation.")
    document = built.graph.document(SpecAddress("Evaluation", name))
    assert document is not None
    spec: EvaluationSpec = document.model.spec
    if spec.selection is None:
        return Checked(None, (_none(built, name, "it has no `selection`", "add `selection: {metric: …}`"),))
    directions = {metric.name: metric.direction for metric in spec.metrics}
    chosen = spec.selection.metric
    nothing = dict.fromkeys(directions, 0.0)
    constraints = verdicts_of(spec, nothing, spec.selection.constraints)
    candidates = [(run.label, str(run.candidate.address), _evidence(run, every)) for run in asked.value]
    rows = rank(Choice(chosen, directions[chosen], constraints), candidates)
    best = next((row for row in rows if row.wins), None)
    if best is None:
        against = "; ".join(f"{row.label}: {row.against}" for row in rows)
        found = _none(built, name, against, "collect evidence: opsdecl evidence collect")
        return Checked(Selected(name, chosen, rows), (found,))
    winner = SpecAddress.parse(best.document)
    into = SpecAddress(winner.kind, spec.selection.into) if spec.selection.into else winner
    return Checked(Selected(name, chosen, rows, winner, into))


def _evidence(run: AskedRun, every: Sequence[Stored]) -> Stored | None:
    """The last of the run, real before simulated."""
    own = [
        stored
        for stored in every
        if stored.evidence.evaluation.run == run.request["run"]
        and stored.evidence.evaluation.name == run.evaluation.address.name
        and stored.evidence.candidate.document == str(run.candidate.address)
        and stored.evidence.candidate.adapter == run.request["candidate"].get("adapter", "")
    ]
    return next((s for s in reversed(own) if s.evidence.trust == "real"), own[-1] if own else None)


def _none(built: Built, name: str, said: str, hint: str) -> Diagnostic:
    address = SpecAddress("Evaluation", name)
    at = place_of(built.graph, address, ("spec", "selection"))
    return Diagnostic(NO_WINNER, f"{address} names no winner: {said}"[:400], at=at, hint=hint, subject=str(address))
