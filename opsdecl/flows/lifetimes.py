"""Models whose end of life a Maintenance declares -> what a plan says of it on a day."""

from collections.abc import Iterator
from datetime import date, timedelta

from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Severity
from opsdecl.diag.codes.maintenance import LIFE_ENDS
from opsdecl.flows.build import Built
from opsdecl.flows.project import place_of
from opsdecl.spec.kinds.maintenance import EndOfLife


def ends_of_life(built: Built, today: date) -> Iterator[Diagnostic]:
    """A warning from `warn` before the last day on; after it an error where the Maintenance refuses."""
    for document in built.graph.documents:
        if document.address.kind == "Maintenance" and document.model.spec.end_of_life is not None:
            yield from _ends(built, document, document.model.spec.end_of_life, today)


def _ends(built: Built, document: CompiledDocument, end: EndOfLife, today: date) -> Iterator[Diagnostic]:
    last = date.fromisoformat(end.date)
    if today < last - timedelta(seconds=end.warn.seconds):
        return
    over = today > last
    when = f"ended on {last}" if over else f"ends on {last}, in {(last - today).days} days"
    for kind, field, names in (("LLM", "llms", end.llms), ("Model", "models", end.models)):
        for index, name in enumerate(names):
            yield Diagnostic(
                LIFE_ENDS,
                f"the life of {kind}.{name} {when}",
                at=place_of(built.graph, document.address, ("spec", "endOfLife", field, index)),
                hint="replace the model, or move the date",
                severity_override=Severity.ERROR if over and end.then == "refuse" else None,
                subject=f"{kind}.{name}",
            )
