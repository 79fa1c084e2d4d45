"""Plan -> what every view of it says: changes worst first, equal ones together, totals, drift, findings by subject."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import is_run
from opsdecl.diff.types import (
    CLASSES,
    Action,
    ChangeClass,
    DocumentChange,
    DocumentRuns,
    ExceptionChange,
    FieldChange,
    Finding,
    GateState,
    ModelChange,
    ObjectChange,
    Plan,
    RunChange,
)
from opsdecl.view.plan.exceptions import exception_lines
from opsdecl.view.plan.fleet import rollout_lines, run_lines
from opsdecl.view.plan.gates import gate_lines
from opsdecl.view.plan.models import ModelLine, model_lines
from opsdecl.view.plan.starting import starting_lines
from opsdecl.view.words import listed

_RANK = {name: rank for rank, name in enumerate(CLASSES)}
_OTHER_ROLLOUTS, _NAMED = 6, 3
_SEVERITIES = ("error", "warning", "note")


class ChangeGroup(Struct, frozen=True):
    """Documents that change in exactly the same way; mostly one, many where a shared document changed."""

    documents: tuple[DocumentChange, ...]

    @property
    def lead(self) -> DocumentChange:
        return self.documents[0]

    @property
    def followers(self) -> tuple[DocumentChange, ...]:
        return self.documents[1:]


class Totals(Struct, frozen=True):
    """Over documents: pods that restart, start or stop as lowest and highest, by GPU type too."""

    documents: int
    pods: tuple[int, int]
    gpus: Mapping[str, tuple[int, int]]


class Outline(Struct, frozen=True):
    """`loose` are findings about no changed document; `others` are object changes that no document change explains."""

    plan: Plan
    groups: tuple[ChangeGroup, ...]
    objects: Mapping[str, ObjectChange]
    losses: tuple[ObjectChange, ...]
    drift: tuple[ObjectChange, ...]
    others: tuple[ObjectChange, ...]
    models: Mapping[str, tuple[ModelChange, ...]]
    runs: Mapping[str, RunChange]
    starting: Mapping[str, DocumentRuns]
    gates: Mapping[str, tuple[GateState, ...]]
    exceptions: Mapping[str, tuple[ExceptionChange, ...]]
    findings: Mapping[str, tuple[Finding, ...]]
    loose: tuple[Finding, ...]

    def lines(self, address: str) -> list[ModelLine]:
        """What the change means for memory, pods and money of one document."""
        memory = [line for model in self.models.get(address, ()) for line in model_lines(model)]
        running = run_lines(self.runs[address]) if address in self.runs else []
        starting = starting_lines(self.starting[address]) if address in self.starting else []
        excepted = exception_lines(self.exceptions.get(address, ()))
        return memory + running + starting + gate_lines(self.gates.get(address, ())) + excepted

    def of_group(self, group: ChangeGroup) -> list[ModelLine]:
        """What it means for the first document, and how the rollouts of the others differ from its own."""
        lead = self.lines(group.lead.address)
        others: dict[ModelLine, list[str]] = defaultdict(list)
        for document in group.followers:
            for line in rollout_lines(self.runs.get(document.address)):
                if line not in lead:
                    others[line].append(document.address.partition(".")[2])
        shown = [replace(line, text=f"{listed(names, _NAMED)}: {line.text}") for line, names in others.items()]
        hidden = len(shown) - _OTHER_ROLLOUTS
        more = [ModelLine("rollout", f"{hidden} more that differ; JSON has each")] if hidden > 0 else []
        return [*lead, *shown[:_OTHER_ROLLOUTS], *more]

    @property
    def is_empty(self) -> bool:
        plan = self.plan
        return not self.groups and not plan.transparency and not any(c.action != "noop" for c in plan.changes)

    @property
    def is_up_to_date(self) -> bool:
        """Where there are errors, what could not be looked at may differ."""
        return self.is_empty and not any(finding.severity == "error" for finding in self.plan.findings)


def outline(plan: Plan) -> Outline:
    documents = sorted((d for d in plan.documents if d.action != "noop"), key=_badness)
    changes = [change for change in plan.changes if change.action != "noop"]
    findings = by_subject(plan.findings)
    changed = {d.address for d in documents}
    explained = {address for d in documents for address in d.objects}
    drift = [c for c in changes if c.cause in ("drift", "both")]
    models = {model.address: tuple(m for m in plan.models if m.address == model.address) for model in plan.models}
    gates = {state.address: tuple(s for s in plan.gates if s.address == state.address) for state in plan.gates}
    exceptions = {
        each.address: tuple(e for e in plan.exceptions if e.address == each.address) for each in plan.exceptions
    }
    return Outline(
        plan,
        group(
            documents,
            apart={*findings, *gates, *exceptions, *(model.address for model in plan.models if model_lines(model))},
        ),
        {change.address: change for change in changes},
        tuple(c for c in changes if "data-loss" in c.classes),
        tuple(drift),
        tuple(
            c for c in changes if c.cause in ("spec", "tool") and c.address not in explained and not c.other_partition
        ),
        models,
        {run.address: run for run in plan.runs},
        {document.address: document for document in plan.starting},
        gates,
        exceptions,
        {subject: found for subject, found in findings.items() if subject in changed},
        tuple(f for f in worst_findings_first(plan.findings) if f.subject not in changed),
    )


def worst_class(classes: Sequence[ChangeClass]) -> ChangeClass:
    return min(classes, key=_RANK.__getitem__, default="none")


def worst_first(classes: Iterable[ChangeClass]) -> list[ChangeClass]:
    return sorted(set(classes) - {"none"}, key=_RANK.__getitem__)


def worst_findings_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: (_SEVERITIES.index(f.severity), f.file or "", f.line or 0, f.code))


def fields_worst_first(fields: Sequence[FieldChange]) -> list[FieldChange]:
    return sorted(fields, key=lambda f: _RANK[worst_class(f.classes)])


def drifted_fields(change: ObjectChange) -> tuple[FieldChange, ...]:
    """Only what somebody else changed; the spec may have moved other fields of the same object."""
    return tuple(field for field in change.fields if field.cause in ("drift", "both")) or change.fields


def _badness(document: DocumentChange) -> tuple[int, str]:
    return _RANK[worst_class(document.classes)], document.address


def by_subject(findings: Iterable[Finding]) -> dict[str, tuple[Finding, ...]]:
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in worst_findings_first(findings):
        if finding.subject:
            found[finding.subject].append(finding)
    return {subject: tuple(several) for subject, several in found.items()}


def group(documents: Sequence[DocumentChange], *, apart: set[str]) -> tuple[ChangeGroup, ...]:
    """Updates with equal classes and fields stand together, where the first of them stands."""
    groups: dict[object, list[DocumentChange]] = defaultdict(list)
    for document in documents:
        alone = document.action != "update" or not document.fields or document.address in apart
        groups[document.address if alone else _likeness(document)].append(document)
    return tuple(ChangeGroup(tuple(members)) for members in groups.values())


def _likeness(document: DocumentChange) -> tuple[object, ...]:
    return document.classes, repr(document.fields)


def pods_action(document: DocumentChange) -> Action:
    """What becomes of its pods. A run does not change: those of another are new, whatever becomes of the document."""
    changed = document.action in ("update", "replace")
    return "create" if changed and any(map(is_run, document.objects)) else document.action


def totals(documents: Iterable[DocumentChange], *actions: Action) -> Totals:
    """Over the documents with one of these actions that touch running pods."""
    touched = [d for d in documents if d.effects.pods != (0, 0) and (not actions or pods_action(d) in actions)]
    gpus: dict[str, tuple[int, int]] = {}
    for document in touched:
        if document.effects.gpus != (0, 0):
            name = document.effects.gpu or "GPU"
            gpus[name] = _sum(gpus.get(name, (0, 0)), document.effects.gpus)
    pods = (0, 0)
    for document in touched:
        pods = _sum(pods, document.effects.pods)
    return Totals(len(touched), pods, dict(sorted(gpus.items())))


def _sum(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    return left[0] + right[0], left[1] + right[1]
