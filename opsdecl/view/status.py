"""What runs of a release: a line for each document, what does not work with its reason."""

from collections.abc import Sequence

from opsdecl.apply.types import ObjectStatus, ReadinessState, Status
from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.history import name_text, when_text
from opsdecl.view.plan.phrases import document_name
from opsdecl.view.style import ALARM, BOLD, CAUTION, DIM, GREEN, ink_for
from opsdecl.view.words import count

WORST_FIRST: tuple[ReadinessState, ...] = ("Failed", "NotFound", "Terminating", "InProgress", "Current")
_SIGNS: dict[ReadinessState, tuple[str, str]] = {
    "Failed": ("✗", ALARM),
    "NotFound": ("✗", ALARM),
    "Terminating": ("◐", CAUTION),
    "InProgress": ("◐", CAUTION),
    "Current": ("●", GREEN),
}
_SHORT = 10


def render_status(environment: str, target: str, status: Status, *, color: bool = False) -> str:
    """The head names the revision and who applied it; documents that do not work come first."""
    ink = ink_for(color)
    revision = status.revision
    head = f"{ink(printable(environment), BOLD)} · {printable(target)} · {count(len(status.objects), 'object')}"
    if revision is not None:
        head += f" · revision {printable(revision.id)[:_SHORT]}"
        head += f" applied {when_text(revision.at)} by {name_text(revision.who)}"
        head += f" ({printable(revision.source_commit[:7])})" if revision.source_commit else ""
    rows = [head]
    if status.holder:
        rows.append(ink(f"  held by {printable(status.holder)}", CAUTION))
    groups = sorted(_by_document(status.objects).items(), key=lambda item: (_rank(item[1]), item[0]))
    rows += [f"  {row}" for row in align([_row(name, objects) for name, objects in groups], ink)]
    return "\n".join(rows) + "\n"


def is_ready(status: Status) -> bool:
    return all(each.readiness.state == "Current" for each in status.objects)


def _by_document(objects: Sequence[ObjectStatus]) -> dict[str, list[ObjectStatus]]:
    found: dict[str, list[ObjectStatus]] = {}
    for each in objects:
        found.setdefault(each.address.partition("/")[0], []).append(each)
    return found


def _rank(objects: Sequence[ObjectStatus]) -> int:
    return min(WORST_FIRST.index(each.readiness.state) for each in objects)


def _row(name: str, objects: Sequence[ObjectStatus]) -> list[Cell]:
    worst = min(objects, key=lambda each: WORST_FIRST.index(each.readiness.state))
    sign, style = _SIGNS[worst.readiness.state]
    counted = [each.readiness for each in objects if each.readiness.wanted is not None]
    pods = " ".join(f"{each.ready or 0}/{each.wanted}" for each in counted)
    said = ""
    if worst.readiness.state != "Current":
        said = f"{worst.object}: {worst.readiness.message or worst.readiness.state}"
    elif told := next((each.readiness.message for each in objects if each.readiness.message), ""):
        # A run that is gone, or whatever else is well in a way that wants a word.
        said = told
    elif counted:
        said = "ready"
    return [
        Cell(f"{sign} {printable(document_name(name))}", style),
        Cell(pods),
        Cell(printable(said), "" if worst.readiness.state != "Current" else DIM),
    ]
