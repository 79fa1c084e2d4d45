"""One collapsed section per change, and the line that stands in for it where there is no room."""

from collections.abc import Sequence

from opsdecl.diff.types import DocumentChange, FieldChange, ObjectChange
from opsdecl.view.markup import code, html_code, prose, table_row
from opsdecl.view.plan.budget import Section
from opsdecl.view.plan.markdown_sections import arrow, finding_row
from opsdecl.view.plan.models import ModelLine
from opsdecl.view.plan.outline import ChangeGroup, Outline, fields_worst_first, worst_first
from opsdecl.view.plan.phrases import (
    change_texts,
    document_name,
    effects_text,
    field_name,
    group_text,
    note_text,
    object_name,
    unlisted_restart,
    where_text,
)

_FIELDS, _FOLLOWERS, _OBJECTS, _FINDINGS = 40, 20, 15, 10


def change_sections(seen: Outline) -> list[Section]:
    return [_section(group, seen) for group in seen.groups]


def _section(group: ChangeGroup, seen: Outline) -> Section:
    document = group.lead
    parts = [
        _table(document),
        _model(seen.of_group(group)),
        *(finding_row(f) for f in seen.findings.get(document.address, ())[:_FINDINGS]),
        _restart(document),
        _followers(group),
        _objects([seen.objects[address] for address in document.objects if address in seen.objects]),
    ]
    body = "\n\n".join(part for part in parts if part)
    text = f"<details><summary>{_summary(group)}</summary>\n\n{body}\n\n</details>\n"
    return Section(document.address, text, f"- {_brief(group)}\n")


def _title(document: DocumentChange) -> str:
    """Action and classes; the worst is bold. These words are ours, so they need no escaping."""
    classes = worst_first(document.classes)
    words = [f"<b>{classes[0]}</b>", *classes[1:]] if classes else []
    return " · ".join([*([document.action] if document.action != "update" else []), ", ".join(words)]).strip(" ·")


def _summary(group: ChangeGroup) -> str:
    together = group_text(group) if group.followers else effects_text(group.lead)
    more = f" and {len(group.followers):,} more" if group.followers else ""
    parts = [html_code(document_name(group.lead.address)) + more, _title(group.lead), _plain_html(together)]
    return " · ".join(part for part in parts if part)


def _plain_html(text: str) -> str:
    """Effects name GPU types, which are foreign words."""
    return html_code(text, 200) if text else ""


def _brief(group: ChangeGroup) -> str:
    document = group.lead
    more = f" and {len(group.followers):,} more" if group.followers else ""
    effects = group_text(group)
    texts = [code(document_name(document.address), 80) + more, _title(document), code(effects, 80) if effects else ""]
    return " · ".join(text for text in texts if text)


def _table(document: DocumentChange) -> str:
    if not document.fields:
        return ""
    shown = fields_worst_first(document.fields)[:_FIELDS]
    rows = [table_row("", "field", "change", "where", "why it matters"), "|---|---|---|---|---|"]
    rows += [_field(field, document) for field in shown]
    hidden = len(document.fields) - len(shown)
    return "\n".join(rows) + (f"\n\nand {hidden:,} more fields" if hidden else "")


def _field(field: FieldChange, document: DocumentChange) -> str:
    texts = change_texts(field, 100)
    place, note = where_text(field), note_text(field, document)
    return table_row(
        code(texts[0]),
        code(field_name(field.path)),
        arrow(*texts),
        code(place) if place else "",
        prose(note, 200) if note else "",
    )


def _model(lines: Sequence[ModelLine]) -> str:
    rows = [table_row(line.title, prose(line.text, 200), f"**{line.end}**" if line.end else "") for line in lines]
    return "\n".join(["| | what it means | |", "|---|---|---|", *rows]) if rows else ""


def _restart(document: DocumentChange) -> str:
    field = unlisted_restart(document)
    return f"Restarts because {code(field_name(field))} changes." if field else ""


def _followers(group: ChangeGroup) -> str:
    if not group.followers:
        return ""
    names = [code(document_name(d.address), 80) for d in group.followers[:_FOLLOWERS]]
    hidden = len(group.followers) - len(names)
    more = f" and {hidden:,} more (the JSON plan names each)" if hidden else ""
    return f"The same in {', '.join(names)}{more}."


def _objects(changes: Sequence[ObjectChange]) -> str:
    if not changes:
        return ""
    names = [f"{change.action} {code(object_name(change.object), 100)}" for change in changes[:_OBJECTS]]
    hidden = len(changes) - len(names)
    return "Objects: " + ", ".join(names) + (f" and {hidden:,} more" if hidden else "")
