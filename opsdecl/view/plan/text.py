"""A plan in the terminal: one block per change, worst first; the last line is the one that is still on the screen."""

from collections.abc import Sequence

from msgspec import Struct

from opsdecl.diff.types import CLASSES, ChangeClass, DocumentChange, FieldChange, Finding, ObjectChange, Plan
from opsdecl.view.cells import Cell, align, printable, width_of
from opsdecl.view.plan.fleet import rollout_order
from opsdecl.view.plan.models import Tone
from opsdecl.view.plan.outline import (
    ChangeGroup,
    Outline,
    drifted_fields,
    fields_worst_first,
    outline,
    worst_first,
)
from opsdecl.view.plan.phrases import (
    approvals_text,
    base_text,
    change_texts,
    counts_text,
    cut_path,
    document_name,
    effects_text,
    field_name,
    group_text,
    head_text,
    loss_text,
    mode_text,
    note_text,
    object_name,
    objects_text,
    pods_text,
    severities_text,
    unlisted_restart,
    where_text,
)
from opsdecl.view.plan.releases import release_rows
from opsdecl.view.plan.transparency import TITLE, Sentence, sentences, told
from opsdecl.view.style import ALARM, BOLD, CAUTION, CYAN, DIM, GREEN, RED, YELLOW, Ink, ink_for
from opsdecl.view.words import count, listed

_CLASS_STYLES: dict[ChangeClass, str] = {
    **dict.fromkeys(CLASSES, DIM),
    "data-loss": ALARM,
    "removal": ALARM,
    "replace": CAUTION,
    "behaviour": CAUTION,
    "capacity": YELLOW,
    "rolling": YELLOW,
}
_SIGN_STYLES = {"+": GREEN, "-": RED, "~": YELLOW}
_FINDING_STYLES = {"error": ("x", ALARM), "warning": ("!", CAUTION), "note": ("·", CYAN)}
_TONES: dict[Tone, str] = {"": "", "good": GREEN, "bad": ALARM, "doubtful": CAUTION}
_FIELDS, _FOLLOWERS, _OBJECTS, _SENTENCES, _PATH_WIDTH = 12, 3, 6, 20, 48


def render_text(plan: Plan, *, color: bool = False, width: int = 100, details: bool = False) -> str:
    """`details` shows every field of every document and object. Ends with a line end."""
    ink, seen = ink_for(color), outline(plan)
    findings = [row for finding in seen.loose for row in _finding(finding, ink, indent="")]
    if seen.is_up_to_date and plan.base.known:
        rest = [severities_text(plan.findings)] if severities_text(plan.findings) else []
        return "\n".join([f"{printable(plan.environment)} is up to date", *findings, *rest]) + "\n"
    view = TextView(seen, ink, width, details)
    order = [f"rollouts {printable(text)}" for text in rollout_order(plan)]
    tail = [view.others(), view.drift(), view.releases(), order, findings, [view.summary()]]
    parts = [view.transparency(), *tail]
    blocks = [view.header(), *_closed_up(view.groups()), *parts]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _closed_up(blocks: Sequence[list[str]]) -> list[list[str]]:
    """Blocks of one line stand under each other."""
    closed: list[list[str]] = []
    for block, before in zip(blocks, [[], *blocks], strict=False):
        if closed and len(block) == 1 == len(before):
            closed[-1] += block
        else:
            closed.append(list(block))
    return closed


class TextView(Struct, frozen=True):
    """One plan on one terminal: everything that the parts of the text have in common."""

    seen: Outline
    ink: Ink
    width: int
    details: bool

    def header(self) -> list[str]:
        plan = self.seen.plan
        left = printable(f"opsdecl plan · {plan.environment} · {base_text(plan.base)} → {head_text(plan)}")
        right = printable(mode_text(plan))
        space = self.width - width_of(left) - width_of(right)
        rows = [f"{self.ink(left, BOLD)}{' ' * space}{self.ink(right, DIM)}"] if space >= 2 else [left, f"  {right}"]
        if not plan.base.known:
            rows.append(self.ink("before unknown: the base no longer compiles, so everything looks new", CAUTION))
        return rows

    def groups(self) -> list[list[str]]:
        heads = align([self._head(group.lead) for group in self.seen.groups], self.ink, gap=3)
        return [[head, *self._body(group)] for head, group in zip(heads, self.seen.groups, strict=True)]

    def _head(self, document: DocumentChange) -> list[Cell]:
        classes = worst_first(document.classes)
        worst = classes[0] if classes else "none"
        words = [name.upper() if name == worst else name for name in classes]
        action = "" if document.action == "update" else document.action.upper()
        label = " · ".join(part for part in (action, ", ".join(words)) if part)
        name = printable(document_name(document.address))
        return [Cell(name, BOLD), Cell(label, _CLASS_STYLES[worst]), Cell(printable(effects_text(document)))]

    def _body(self, group: ChangeGroup) -> list[str]:
        document = group.lead
        changes = [self.seen.objects[address] for address in document.objects if address in self.seen.objects]
        rows = [self.ink(f"  ! {printable(loss_text(c))}", ALARM) for c in changes if "data-loss" in c.classes]
        rows += self.fields(document.fields, document, indent="  ")
        rows += self.model(group)
        for finding in self.seen.findings.get(document.address, ()):
            rows += _finding(finding, self.ink, indent="  ")
        if field := unlisted_restart(document):
            rows.append(self.ink(f"    restarts because {printable(field_name(field))} changes", DIM))
        return rows + self._objects(changes) + self._followers(group)

    def fields(self, fields: Sequence[FieldChange], document: DocumentChange | None, *, indent: str) -> list[str]:
        shown = list(fields) if self.details or len(fields) <= _FIELDS else fields_worst_first(fields)[:_FIELDS]
        cells = [self._field(field, of_object=document is None) for field in shown]
        rows: list[str] = []
        for head, plain, field in zip(align(cells, self.ink), align(cells, ink_for(False)), shown, strict=True):
            note = printable(note_text(field, document) if document else field.reason)
            rows += self._noted(indent + head, width_of(plain) + len(indent), note)
        hidden = len(fields) - len(shown)
        return [*rows, self.ink(f"{indent}  and {count(hidden, 'more field')} (--details)", DIM)] if hidden else rows

    def model(self, group: ChangeGroup) -> list[str]:
        """What the change means for memory, pods and money."""
        lines = self.seen.of_group(group)
        cells = [
            [Cell(line.title, DIM), Cell(printable(line.text)), Cell(line.end, _TONES[line.tone])] for line in lines
        ]
        return [f"    {row}" for row in align(cells, self.ink)]

    def _field(self, field: FieldChange, *, of_object: bool) -> list[Cell]:
        sign, before, after = change_texts(field, max(16, (self.width - 64) // 2))
        value = " → ".join(part for part in (before, after) if part)
        name = printable(cut_path(field.path if of_object else field_name(field.path), _PATH_WIDTH))
        style = _SIGN_STYLES[sign]
        return [
            Cell(f"{sign} {name}", style if sign != "~" else ""),
            Cell(printable(value), style if sign != "~" else ""),
            Cell(printable(where_text(field)), DIM),
        ]

    def _noted(self, row: str, taken: int, note: str) -> list[str]:
        if not note:
            return [row]
        if taken + 3 + width_of(note) <= self.width:
            return [f"{row}   {self.ink(note, DIM)}"]
        return [row, self.ink(f"      {note}", DIM)]

    def _objects(self, changes: Sequence[ObjectChange]) -> list[str]:
        if not self.details:
            return [f"    objects: {printable(objects_text(changes, _OBJECTS))}"] if changes else []
        rows: list[str] = []
        for change in changes:
            rows.append(f"    {change.action} {printable(object_name(change.object))}{_why(change)}")
            rows += self.fields(change.fields, None, indent="      ")
        return rows

    def _followers(self, group: ChangeGroup) -> list[str]:
        if not group.followers:
            return []
        names = printable(listed([_with_pods(document) for document in group.followers], _FOLLOWERS))
        together = printable(group_text(group))
        where = "; JSON has each" if len(group.followers) > _FOLLOWERS else ""
        rows = [f"  = same in {len(group.followers):,} more: {names}{where}"]
        return [*rows, f"    all {len(group.documents):,}: {together}"] if together else rows

    def transparency(self) -> list[str]:
        found = sentences(self.seen.plan)
        shown = found if self.details else found[:_SENTENCES]
        heads = align([[Cell(f"  {printable(each.documents)}"), Cell("|")] for each in shown], ink_for(False))
        rows = [head.removesuffix("|") + self._told(each) for head, each in zip(heads, shown, strict=True)]
        rest = [self.ink(f"  and {count(len(found) - len(shown), 'more change')} (--details)", DIM)]
        return [self.ink(TITLE, BOLD), *rows, *(rest if shown != found else [])] if found else []

    def _told(self, each: Sentence) -> str:
        said, where = printable(told(each, each.before, each.after)), printable(each.where)
        return "   ".join(part for part in (said, self.ink(where, DIM), self.ink(", ".join(each.classes), DIM)) if part)

    def others(self) -> list[str]:
        if not self.seen.others:
            return []
        title = self.ink("Objects that change though no spec does", BOLD)
        rows = [
            [Cell(f"  {c.action} {printable(object_name(c.object))}"), Cell(", ".join(worst_first(c.classes)).upper())]
            for c in self.seen.others
        ]
        reasons = [_why(c) for c in self.seen.others]
        return [title, *(row + why for row, why in zip(align(rows, self.ink), reasons, strict=True))]

    def releases(self) -> list[str]:
        rows = [
            [Cell(f"  {printable(name)}"), Cell(counts), Cell(printable(said), DIM)]
            for name, counts, said in release_rows(self.seen.plan)
        ]
        return [self.ink("Releases", BOLD), *align(rows, self.ink)] if rows else []

    def drift(self) -> list[str]:
        if not self.seen.drift:
            return []
        title = self.ink(f"Changed outside opsdecl: {count(len(self.seen.drift), 'object')}", CAUTION)
        rows = [title + ", reverting needs --revert-drift"]
        for change in self.seen.drift:
            by = f"   by {printable(change.drifted_by)}" if change.drifted_by else ""
            rows.append(f"  {change.action} {printable(object_name(change.object))}{by}")
            rows += self.fields(drifted_fields(change), None, indent="    ")
        return rows

    def summary(self) -> str:
        plan = self.seen.plan
        losses = f"data loss in {count(len(self.seen.losses), 'object')}" if self.seen.losses else ""
        approvals = printable(approvals_text(plan))
        parts = [
            counts_text(plan.summary),
            self.ink(losses, ALARM),
            self.ink(severities_text(plan.findings), ALARM),
            self.ink(f"needs approval: {approvals}" if approvals else "", CAUTION),
        ]
        return " · ".join(part for part in parts if part)


def _finding(finding: Finding, ink: Ink, *, indent: str) -> list[str]:
    sign, style = _FINDING_STYLES[finding.severity]
    place = where_text(finding)
    row = f"{indent}{ink(sign, style)} {printable(finding.message)}"
    row += f"   {ink(printable(place), DIM)}" if place else ""
    row += f"   {ink(f'{finding.severity}[{finding.code}]', style)}"
    hint = printable(" ".join(finding.hint.split()))
    return [row, f"{indent}    help: {hint}"] if hint else [row]


def _with_pods(document: DocumentChange) -> str:
    pods = pods_text(document.effects.pods, {}, "").strip()
    return document_name(document.address) + (f" ({pods})" if pods else "")


def _why(change: ObjectChange) -> str:
    reasons = printable("; ".join(change.reasons))
    cause = "the tool itself" if change.cause == "tool" and not reasons else reasons
    return f"   {cause}" if cause else ""
