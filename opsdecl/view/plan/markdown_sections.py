"""The parts of the comment beside the changes themselves. Each one is bounded, whatever the plan holds."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from opsdecl.diag.codes.exceptions import CODES as EXCEPTIONS
from opsdecl.diff.types import Action, Approval, BaseRef, Finding, ModelChange, ObjectChange, Plan
from opsdecl.view.markup import code, plain, prose, table_row
from opsdecl.view.plan.budget import Section
from opsdecl.view.plan.fleet import fleet_rows
from opsdecl.view.plan.models import VERDICTS
from opsdecl.view.plan.outline import Outline, drifted_fields, totals, worst_class, worst_findings_first, worst_first
from opsdecl.view.plan.phrases import (
    SHORT_COMMIT,
    change_texts,
    counts_text,
    document_name,
    kind_of,
    mode_text,
    object_name,
    where_text,
)
from opsdecl.view.plan.releases import release_rows
from opsdecl.view.plan.transparency import TITLE, Sentence, sentences, told
from opsdecl.view.words import count, documents_noun, span_of

_ROWS, _GROUPS, _NAMES = 20, 8, 3
_POLICY_CODES = ("OD8", *(known.id for known in EXCEPTIONS))
_SIGNS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}


def verdict_table(seen: Outline) -> str:
    """Two columns: what, and how much of it."""
    rows = [
        ("changes", _changes(seen)),
        *_running(seen),
        *_memory(seen),
        *((title, prose(text, 300)) for title, text in fleet_rows(seen.plan)),
        *_approvals(seen.plan),
        ("compared", _compared(seen.plan)),
    ]
    if seen.is_empty:
        rows = rows[-1:]
    return "\n".join(["| | |", "|---|---|", *(table_row(name, text) for name, text in rows)]) + "\n"


def _changes(seen: Outline) -> str:
    documents = [document for group in seen.groups for document in group.documents]
    classes = Counter(worst_class(document.classes) for document in documents)
    parts = ", ".join(f"{classes[name]:,} {name}" for name in worst_first(classes))
    return counts_text(seen.plan.summary) + (f" ({parts})" if parts else "")


def _running(seen: Outline) -> list[tuple[str, str]]:
    documents = [document for group in seen.groups for document in group.documents]
    noun = documents_noun([kind_of(document.address) for document in documents if document.effects.pods != (0, 0)])
    rows = []
    titles: tuple[tuple[str, tuple[Action, ...]], ...]
    titles = (("restarts", ("update", "replace")), ("starts", ("create",)), ("stops", ("delete",)))
    for title, actions in titles:
        found = totals(documents, *actions)
        if found.pods == (0, 0):
            continue
        text = f"{span_of(*found.pods)} {'pod' if found.pods[1] == 1 else 'pods'} in {count(found.documents, noun)}"
        gpus = [f"{span_of(*number)} × {code(gpu, 40)}" for gpu, number in found.gpus.items()]
        rows.append((title, ", ".join([text, *_bounded(gpus, _GROUPS)])))
    return rows


def _memory(seen: Outline) -> list[tuple[str, str]]:
    """Models that fit no longer or not for certain, and how many of the longest requests the others lose."""
    doubtful = [m for m in seen.plan.models if m.after is not None and m.after.verdict in ("tight", "does-not-fit")]
    texts = [
        f"{code(document_name(model.address), 60)}{_role(model)} **{VERDICTS[model.after.verdict or ''][0]}**"
        for model in doubtful
        if model.after is not None
    ]
    return [("memory", ", ".join(_bounded(texts, _GROUPS)))] if texts else []


def _role(model: ModelChange) -> str:
    return f" ({model.role})" if model.role else ""


def _approvals(plan: Plan) -> list[tuple[str, str]]:
    groups: dict[str, list[Approval]] = {}
    for approval in plan.approvals:
        groups.setdefault(approval.group, []).append(approval)
    texts = [f"{code(name, 60)} for {_classes(found)}" for name, found in groups.items()]
    return [("needs approval", "; ".join(_bounded(texts, _GROUPS)))] if texts else []


def _classes(approvals: Sequence[Approval]) -> str:
    return ", ".join(f"{a.change_class} ({_documents(a.documents)})" for a in approvals[:_GROUPS])


def _documents(addresses: Sequence[str]) -> str:
    names = [code(document_name(address), 60) for address in addresses[:_NAMES]]
    more = len(addresses) - len(names)
    return ", ".join([*names, f"{more:,} more"] if more else names) or "the environment"


def _compared(plan: Plan) -> str:
    base = "nothing known" if not plan.base.known else _ref(plan.base) or "nothing"
    source = plan.source
    head = code(source.commit[:SHORT_COMMIT], 40) if source.commit else "the work tree"
    dirty = " with uncommitted changes" if source.dirty and source.commit else ""
    return f"{base} → {head}{dirty} · {plain(mode_text(plan)[:200])}"


def _ref(base: BaseRef) -> str:
    commit = code(base.commit[:SHORT_COMMIT], 40) if base.commit else ""
    ref = code(base.ref, 60) if base.ref and base.ref != base.commit else ""
    return f"{commit} ({ref})" if commit and ref else commit or ref


def finding_section(seen: Outline) -> Section | None:
    found = [f for f in worst_findings_first(seen.plan.findings) if not f.code.startswith(_POLICY_CODES)]
    return _listing("Findings", [finding_row(f) for f in found], "the findings")


def policy_section(seen: Outline) -> Section | None:
    found = [f for f in worst_findings_first(seen.plan.findings) if f.code.startswith(_POLICY_CODES)]
    return _listing("Policies", [finding_row(f) for f in found], "what policies say")


def finding_row(finding: Finding) -> str:
    place, hint = where_text(finding), " ".join(finding.hint.split())
    row = f"- {_SIGNS[finding.severity]} {code(finding.code, 20)} {prose(finding.message)}"
    return row + (f" — {code(place)}" if place else "") + (f" — {prose(hint, 200)}" if hint else "")


def loss_section(seen: Outline) -> Section | None:
    rows = [f"- **{c.action}** {code(object_name(c.object))}: {_reasons(c)}" for c in seen.losses]
    return _listing("🛑 Data is lost", rows, "which data is lost")


def _reasons(change: ObjectChange) -> str:
    return prose("; ".join(change.reasons), 200) if change.reasons else "its data is lost"


def drift_section(seen: Outline) -> Section | None:
    rows = [_drift_row(change) for change in seen.drift]
    title = "Changed outside opsdecl (reverting needs `--revert-drift`)"
    return _listing(title, rows, "what was changed outside opsdecl")


def _drift_row(change: ObjectChange) -> str:
    by = f" by {code(change.drifted_by, 80)}" if change.drifted_by else ""
    fields = drifted_fields(change)
    texts = [f"{code(f.path)} {arrow(*change_texts(f, 60))}" for f in fields[:_NAMES]]
    more = [f"{len(fields) - _NAMES:,} more fields"] if len(fields) > _NAMES else []
    listed = ", ".join([*texts, *more])
    return f"- {change.action} {code(object_name(change.object))}{by}" + (f": {listed}" if listed else "")


def arrow(sign: str, before: str, after: str) -> str:
    """Both sides, or the one there is."""
    sides = [code(side, 140) for side in (before, after) if side]
    return " → ".join(sides) or {"+": "added", "-": "removed"}.get(sign, "changed")


def release_section(seen: Outline) -> Section | None:
    """None where there is only one release."""
    rows = [
        f"- {code(name)} {' · '.join(part for part in (counts, plain(said)) if part)}"
        for name, counts, said in release_rows(seen.plan)
    ]
    return _listing("Releases", rows, "the releases")


def transparency_section(seen: Outline) -> Section | None:
    rows = [_sentence(each) for each in sentences(seen.plan)]
    return _listing(TITLE, rows, "what cards and bills of materials say otherwise")


def _sentence(each: Sentence) -> str:
    before, after = (code(value, 140) if value else "" for value in (each.before, each.after))
    said = told(replace(each, subject=plain(each.subject)), before, after)
    place = f" — {code(each.where)}" if each.where else ""
    return f"- {code(each.documents, 140)} {said} ({', '.join(each.classes)}){place}"


def other_section(seen: Outline) -> Section | None:
    rows = [
        f"- {c.action} {code(object_name(c.object))}: {_reasons(c) if c.reasons else 'through the tool itself'}"
        for c in seen.others
    ]
    return _listing("Objects that change though no spec does", rows, "objects that change though no spec does")


def _listing(title: str, rows: Sequence[str], missing_title: str) -> Section | None:
    if not rows:
        return None
    return Section(missing_title, f"\n#### {title}\n\n" + "\n".join(_bounded(rows, _ROWS, "- ")) + "\n")


def _bounded(rows: Iterable[str], limit: int, lead: str = "") -> list[str]:
    every = list(rows)
    return every if len(every) <= limit else [*every[:limit], f"{lead}and {len(every) - limit:,} more"]
