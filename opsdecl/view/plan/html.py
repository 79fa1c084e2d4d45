"""A plan as one page that needs nothing else: no scripts, no fonts, no requests. All text is escaped."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl._data import data_root
from opsdecl.diff.types import DocumentChange, FieldChange, Finding, ObjectChange, Plan
from opsdecl.view.cells import printable
from opsdecl.view.plan.fleet import fleet_rows
from opsdecl.view.plan.markdown import verdict
from opsdecl.view.plan.outline import ChangeGroup, Outline, drifted_fields, outline, totals, worst_class, worst_first
from opsdecl.view.plan.phrases import (
    approvals_text,
    base_text,
    change_texts,
    counts_text,
    document_name,
    effects_text,
    field_name,
    group_text,
    head_text,
    mode_text,
    note_text,
    object_name,
    totals_text,
    unlisted_restart,
    where_text,
)
from opsdecl.view.plan.transparency import sentences, told

TEMPLATE = "plan.html.j2"
_VALUE_WIDTH = 400


def render_html(plan: Plan, *, digest: str) -> str:
    """`digest` is the plan's, as `apply --plan` will demand it."""
    import jinja2

    loader = jinja2.FileSystemLoader(data_root() / "templates")
    engine = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    engine.finalize = lambda value: printable(value) if type(value) is str else value
    return engine.get_template(TEMPLATE).render(page(outline(plan), digest))


def page(seen: Outline, digest: str) -> dict[str, Any]:
    """Everything that the template shows, in words."""
    plan = seen.plan
    documents = [document for group in seen.groups for document in group.documents]
    return {
        "environment": plan.environment,
        "verdict": verdict(seen),
        "bad": any(finding.severity == "error" for finding in plan.findings),
        "compared": f"{base_text(plan.base)} → {head_text(plan)}",
        "mode": mode_text(plan),
        "known": plan.base.known,
        "counts": counts_text(plan.summary),
        "fleet": fleet_rows(plan),
        "restarts": totals_text(totals(documents, "update", "replace")),
        "approvals": approvals_text(plan),
        "findings": [_finding(finding) for finding in seen.loose],
        "groups": [_group(group, seen) for group in seen.groups],
        "transparency": [
            (each.documents, told(each, each.before, each.after), ", ".join(each.classes), each.where)
            for each in sentences(plan)
        ],
        "drift": [_object(change, drifted_fields(change)) for change in seen.drift],
        "others": [_object(change, change.fields) for change in seen.others],
        "digest": digest,
        "tool_version": plan.tool_version,
    }


def _group(group: ChangeGroup, seen: Outline) -> Mapping[str, Any]:
    document = group.lead
    objects = [seen.objects[address] for address in document.objects if address in seen.objects]
    return {
        "name": document_name(document.address),
        "action": document.action,
        "worst": worst_class(document.classes),
        "classes": worst_first(document.classes),
        "effects": effects_text(document),
        "fields": [_field(field, document) for field in document.fields],
        "model": seen.of_group(group),
        "findings": [_finding(finding) for finding in seen.findings.get(document.address, ())],
        "restart": field_name(unlisted_restart(document)),
        "objects": [_object(change, change.fields) for change in objects],
        "followers": [(document_name(d.address), effects_text(d)) for d in group.followers],
        "together": group_text(group) if group.followers else "",
    }


def _field(field: FieldChange, document: DocumentChange | None) -> Mapping[str, Any]:
    sign, before, after = change_texts(field, _VALUE_WIDTH)
    return {
        "path": field_name(field.path) if document else field.path,
        "sign": sign,
        "before": before,
        "after": after,
        "where": where_text(field),
        "note": note_text(field, document) if document else field.reason,
    }


def _finding(finding: Finding) -> Mapping[str, str]:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "where": where_text(finding),
        "hint": finding.hint,
    }


def _object(change: ObjectChange, fields: Sequence[FieldChange]) -> Mapping[str, Any]:
    return {
        "name": object_name(change.object),
        "action": change.action,
        "worst": worst_class(change.classes),
        "reasons": "; ".join(change.reasons),
        "by": change.drifted_by,
        "fields": [_field(field, None) for field in fields],
    }
