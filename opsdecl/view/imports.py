"""Proposed documents: what they were taken from, what was assumed, what an apply would change of what is there."""

from collections.abc import Iterator, Sequence

from opsdecl.addr import ObjectKey
from opsdecl.diag import Diagnostic
from opsdecl.diff.types import FieldChange, ObjectChange
from opsdecl.view.cells import Cell, align, clip, printable
from opsdecl.view.plan.phrases import change_texts, cut_path, document_name, object_name
from opsdecl.view.style import BOLD, CAUTION, DIM, Ink, ink_for
from opsdecl.view.words import count, listed

_PATH, _VALUE, _FIELDS, _NAMES, _REASON = 56, 40, 12, 8, 200
_WORDS = {
    "create": "would be made",
    "update": "would change",
    "replace": "would be made anew",
    "noop": "stays as it is",
}


def render_head(objects: int, documents: int, left_out: int, *, color: bool = False) -> str:
    ink = ink_for(color)
    head = f"{count(objects, 'object')} · {count(documents, 'document')} proposed · {left_out:,} left out"
    return ink(head, BOLD) + "\n"


def render_document(
    address: str,
    file: str,
    objects: Sequence[ObjectKey],
    remarks: Sequence[str],
    changes: Sequence[ObjectChange],
    findings: Sequence[Diagnostic],
    *,
    color: bool = False,
) -> str:
    """`remarks` are assumptions; `findings` what the compiler says of the document."""
    ink = ink_for(color)
    from_ = listed([printable(str(key)) for key in objects], _NAMES)
    rows = [f"{ink(printable(document_name(address)), BOLD)}  {printable(file)}" + (f"  from {from_}" if from_ else "")]
    rows += [f"  {ink('!', CAUTION)} {printable(remark)}" for remark in remarks]
    rows += ["  " + _said(finding) for finding in findings]
    for change in changes:
        rows += _change(change, ink)
    return "\n".join(rows) + "\n"


def render_environment(environment: str, findings: Sequence[Diagnostic], *, color: bool = False) -> str:
    """What would be wrong with the environment, were all documents in it."""
    if not findings:
        return ""
    rows = [f"{ink_for(color)(printable(environment), BOLD)}  with all of them", *("  " + _said(d) for d in findings)]
    return "\n".join(rows) + "\n"


def _said(finding: Diagnostic) -> str:
    return f"{finding.severity.word}[{finding.code.id}] {printable(finding.message)}"


def _change(change: ObjectChange, ink: Ink) -> Iterator[str]:
    fixed = next((field for field in change.fields if "replace" in field.classes), None)
    because = f": `{printable(fixed.path)}` cannot change" if fixed is not None and change.action == "replace" else ""
    yield f"  {printable(object_name(change.object))}  {_WORDS.get(change.action, change.action)}{because}"
    telling = sorted(change.fields, key=lambda field: "labels[" in field.path)
    shown = [] if change.action == "create" else telling[:_FIELDS]
    yield from ("    " + row for row in align([_field(field) for field in shown], ink))
    if shown and len(change.fields) > _FIELDS:
        yield ink(f"    and {count(len(change.fields) - _FIELDS, 'field')} more", DIM)


def _field(field: FieldChange) -> list[Cell]:
    _, before, after = change_texts(field, _VALUE)
    value = field.summary or f"{before or '(nothing)'} → {after or '(nothing)'}"
    return [Cell(printable(cut_path(field.path, _PATH))), Cell(printable(value), CAUTION)]


def render_left_out(rows: Sequence[tuple[ObjectKey, str]], odd: Sequence[str], *, color: bool = False) -> str:
    """Objects without a proposal, each with its reason."""
    ink = ink_for(color)
    cells = [[Cell(printable(str(key))), Cell(clip(printable(reason), _REASON), DIM)] for key, reason in rows]
    cells += [[Cell(printable(name)), Cell("it is no object as the API has it", DIM)] for name in odd]
    if not cells:
        return ""
    return "\n".join([ink("left out", BOLD), *("  " + row for row in align(cells, ink))]) + "\n"
