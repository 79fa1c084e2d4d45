"""Facts of a plan in words, without markup: values, effects, counts, approvals, what was compared with what."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opsdecl.diff.types import (
    Action,
    Approval,
    BaseRef,
    DocumentChange,
    FieldChange,
    Finding,
    ObjectChange,
    ObjectRef,
    Plan,
)
from opsdecl.view.plan.outline import ChangeGroup, Totals, pods_action, totals
from opsdecl.view.words import count, documents_noun, listed, span_of

_COUNTED = (("update", "updated"), ("create", "created"), ("delete", "deleted"), ("noop", "unchanged"))
_RARE = (("replace", "replaced"), ("adopt", "adopted"), ("forget", "forgotten"))
_VERBS: Mapping[Action, str] = {"create": "starts", "delete": "stops", "adopt": "takes over", "forget": "lets go of"}
SHORT_COMMIT = 7


def kind_of(address: str) -> str:
    return address.partition(".")[0]


def document_name(address: str) -> str:
    """`LLM.chat` -> `LLM chat`."""
    kind, _, name = address.partition(".")
    return f"{kind} {name}" if name else kind


def object_name(ref: ObjectRef) -> str:
    where = f"{ref.namespace}/" if ref.namespace else ""
    return f"{ref.kind} {where}{ref.name}"


def objects_text(changes: Sequence[ObjectChange], limit: int) -> str:
    """`update Deployment chat; create HorizontalPodAutoscaler chat, PersistentVolumeClaim chat-cache and 2 more`."""
    by_action: dict[str, list[str]] = {}
    for change in changes:
        by_action.setdefault(change.action, []).append(f"{change.object.kind} {change.object.name}")
    return "; ".join(f"{action} {listed(names, limit)}" for action, names in by_action.items())


def field_name(path: str) -> str:
    """Specs are what people write: `spec.` goes without saying."""
    return path.removeprefix("spec.")


def value_text(value: Any, *, among_text: bool = False) -> str:
    """One line that can be told from every other value: text is quoted where it could be mistaken.

    `among_text`: it stands beside other text only, so `512` cannot be taken for a number.
    """
    if isinstance(value, str) and not _has_hidden_edges(value) and (among_text or not _is_json(value)):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _has_hidden_edges(text: str) -> bool:
    return not text or text != text.strip() or "\n" in text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def cut_pair(before: str, after: str, width: int) -> tuple[str, str]:
    """Both at most `width` characters, cut so that what differs is still seen."""
    if len(before) <= width and len(after) <= width:
        return before, after
    same = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, same - width // 3) if same >= width - 1 else 0
    return cut_text(before, width, start), cut_text(after, width, start)


def cut_path(path: str, width: int) -> str:
    """Its beginning and, mostly, its end, which is what tells fields apart."""
    if len(path) <= width:
        return path
    lead = path[: width // 3]
    lead = lead.rpartition(".")[0] or lead
    return f"{lead}…{path[len(path) - (width - len(lead) - 1) :]}"


def cut_text(text: str, width: int, start: int = 0) -> str:
    shown = text[start:] if start == 0 else "…" + text[start + 1 :]
    return shown if len(shown) <= width else shown[: max(0, width - 1)] + "…"


def change_texts(field: FieldChange, width: int) -> tuple[str, str, str]:
    """Sign, text before, text after; the text of a side that is absent is empty."""
    both_text = isinstance(field.before, str) and isinstance(field.after, str)
    before = "" if "before" in field.absent else value_text(field.before, among_text=both_text)
    after = "" if "after" in field.absent else value_text(field.after, among_text=both_text)
    sign = "+" if "before" in field.absent else "-" if "after" in field.absent else "~"
    if field.summary:
        return sign, "", cut_text(field.summary, 2 * width)
    return (sign, *cut_pair(before, after, width))


def where_text(item: FieldChange | Finding) -> str:
    """`file:line`, empty where the place is not known."""
    if isinstance(item, FieldChange):
        return f"{item.origin.file}:{item.origin.line}" if item.origin else ""
    return f"{item.file}:{item.line}" if item.file and item.line else item.file or ""


def note_text(field: FieldChange, document: DocumentChange) -> str:
    """Why the change matters beyond this line: who shares it, what it means."""
    shared = document.shared_by.get(field.path, 0)
    noun = documents_noun([kind_of(document.address)])
    notes = [f"shared by {count(shared, noun)}" if shared > 1 else "", field.reason, restart_note(field, document)]
    return " · ".join(note for note in notes if note)


def restart_note(field: FieldChange, document: DocumentChange) -> str:
    """Which of several fields is the one that restarts pods."""
    return "this restarts the pods" if len(document.fields) > 1 and field.path == document.effects.restart_field else ""


def unlisted_restart(document: DocumentChange) -> str:
    """The field that restarts pods, where it is not one of the fields shown."""
    field = document.effects.restart_field
    return "" if any(f.path == field for f in document.fields) else field


def pods_text(pods: tuple[int, int], gpus: Mapping[str, tuple[int, int]], verb: str = "restarts") -> str:
    """`restarts 2–6 pods, 2–6 × h100-80gb`; empty where nothing runs differently."""
    if pods == (0, 0):
        return ""
    noun = "pod" if pods[1] == 1 else "pods"
    return f"{verb} {span_of(*pods)} {noun}" + "".join(f", {span_of(*n)} × {gpu}" for gpu, n in gpus.items())


def effects_text(document: DocumentChange) -> str:
    effects = document.effects
    gpus = {effects.gpu or "GPU": effects.gpus} if effects.gpus != (0, 0) else {}
    return pods_text(effects.pods, gpus, _VERBS.get(pods_action(document), "restarts"))


def totals_text(found: Totals) -> str:
    return pods_text(found.pods, found.gpus)


def group_text(group: ChangeGroup) -> str:
    """Of all documents of a group, which change in the same way."""
    found = totals(group.documents)
    return pods_text(found.pods, found.gpus, _VERBS.get(pods_action(group.lead), "restarts"))


def counts_text(summary: Mapping[str, int]) -> str:
    """`3 objects updated, 0 created, 0 deleted, 41 unchanged`, rarer actions only where they occur."""
    rare = [(name, word) for name, word in _RARE if summary.get(name)]
    (first, word), *common = _COUNTED
    rest = [f"{summary.get(name, 0):,} {word}" for name, word in [*common[:-1], *rare, common[-1]]]
    return ", ".join([f"{count(summary.get(first, 0), 'object')} {word}", *rest])


def severities_text(findings: Iterable[Finding]) -> str:
    """`1 error, 2 warnings`; notes are not counted."""
    found = [finding.severity for finding in findings]
    return ", ".join(count(found.count(name), name) for name in ("error", "warning") if found.count(name))


def approvals_text(plan: Plan) -> str:
    """`ml-leads (behaviour in prod, 2 models), platform (replace in prod, 1 model)`."""
    groups: dict[str, list[Approval]] = {}
    for approval in plan.approvals:
        groups.setdefault(approval.group, []).append(approval)
    return ", ".join(f"{name} ({_reasons(found, plan.environment)})" for name, found in groups.items())


def _reasons(approvals: Sequence[Approval], environment: str) -> str:
    return "; ".join(f"{a.change_class} in {environment}{_how_many(a)}" for a in approvals)


def _how_many(approval: Approval) -> str:
    noun = documents_noun([kind_of(address) for address in approval.documents])
    return f", {count(len(approval.documents), noun)}" if approval.documents else ""


def commit_text(commit: str, ref: str = "") -> str:
    """`3f2a91c (origin/main)`, or whichever half is known."""
    short = commit[:SHORT_COMMIT]
    return f"{short} ({ref})" if short and ref and ref != commit else short or ref


def base_text(base: BaseRef) -> str:
    return commit_text(base.commit, base.ref) or "nothing"


def head_text(plan: Plan) -> str:
    text = commit_text(plan.source.commit, plan.source.ref) or "work tree"
    return f"{text} + uncommitted changes" if plan.source.dirty and plan.source.commit else text


def mode_text(plan: Plan) -> str:
    if plan.mode == "review":
        return "offline, no cluster read"
    names = target_names(plan)
    held = f"targets {names} hold" if ", " in names else f"target {names} holds"
    return f"compared with what {held}" if names else "compared with what is there"


def target_names(plan: Plan) -> str:
    return ", ".join(dict.fromkeys(release.target for release in plan.releases))


def loss_text(change: ObjectChange) -> str:
    """`deletes PersistentVolumeClaim assist/chat-cache: its data is lost`."""
    reason = "; ".join(change.reasons) or "its data is lost"
    return f"{change.action}s {object_name(change.object)}: {reason}"
