"""Releases of one environment -> the plan: documents, approvals, totals, findings."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from opsdecl.diag import Diagnostic, Span
from opsdecl.diag.codes import plan as codes
from opsdecl.diff.classify import ordered, worst
from opsdecl.diff.models import NO_MODELS, ModelChanges
from opsdecl.diff.release import ACTIONS, ReleaseDiff
from opsdecl.diff.running import total
from opsdecl.diff.types import (
    CLASSES,
    Approval,
    BaseRef,
    DocumentChange,
    DocumentRuns,
    ExceptionChange,
    FieldChange,
    Finding,
    FleetTotals,
    GateState,
    ObjectChange,
    Plan,
    RunChange,
    SourceRef,
    TransparencyChange,
)


def make_plan(
    diffs: Sequence[ReleaseDiff],
    *,
    mode: Literal["review", "execution"],
    environment: str,
    tool_version: str,
    source: SourceRef,
    base: BaseRef,
    approvals: Mapping[str, Sequence[str]],
    lock_digest: str = "",
    findings: Iterable[Diagnostic | Finding] = (),
    models: ModelChanges = NO_MODELS,
    runs: Sequence[RunChange] = (),
    fleet: FleetTotals | None = None,
    transparency: Sequence[TransparencyChange] = (),
    starting: Sequence[DocumentRuns] = (),
    gates: Sequence[GateState] = (),
    exceptions: Sequence[ExceptionChange] = (),
) -> Plan:
    """`diffs` are in the order in which they are applied. `approvals` maps a class to the groups that must agree.
    Diagnostics should be located already."""
    releases = tuple(diff.release for diff in diffs)
    documents = merge_documents(diffs)
    changes = [change for release in releases for change in release.changes]
    return Plan(
        tool_version=tool_version,
        mode=mode,
        environment=environment,
        source=source,
        base=base,
        lock_digest=lock_digest,
        releases=releases,
        documents=documents,
        models=models.rows,
        verdicts=models.verdicts,
        runs=tuple(runs),
        fleet=fleet,
        transparency=tuple(transparency),
        starting=tuple(starting),
        gates=tuple(gates),
        exceptions=tuple(exceptions),
        approvals=needed_approvals(documents, changes, approvals),
        summary=_sum([release.summary for release in releases]),
        findings=tuple(f if isinstance(f, Finding) else finding_of(f) for f in findings),
    )


def unknown_before(documents: Sequence[str], ref: str) -> Diagnostic:
    """The warning that goes with documents, or a whole base where `documents` is empty, that do not compile."""
    names = ", ".join(f"`{name}`" for name in documents) or "the whole environment"
    return Diagnostic(
        codes.BEFORE_UNKNOWN,
        f"`{ref}` cannot be compiled for {names}, so what changes there is unknown",
        hint="compare with a base that compiles, or with what is applied: --live",
    )


def merge_documents(diffs: Sequence[ReleaseDiff]) -> tuple[DocumentChange, ...]:
    """One row per document, the worst first: a document may be rendered to several targets."""
    grouped: dict[str, list[DocumentChange]] = {}
    for diff in diffs:
        for document in diff.documents:
            grouped.setdefault(document.address, []).append(document)
    merged = (_merge(rows) for rows in grouped.values())
    return tuple(sorted(merged, key=lambda document: (worst(document.classes), document.address)))


def _merge(rows: list[DocumentChange]) -> DocumentChange:
    if len(rows) == 1:
        return rows[0]
    fields: dict[tuple[str, str], FieldChange] = {}
    for row in rows:
        for field in row.fields:
            fields.setdefault((field.path, repr(field.before)), field)
    actions = sorted({row.action for row in rows}, key=ACTIONS.index)
    return DocumentChange(
        address=rows[0].address,
        action=actions[0] if len(actions) == 1 else "update",
        classes=ordered(c for row in rows for c in row.classes),
        fields=tuple(fields.values()),
        effects=total(row.effects for row in rows),
        shared_by={path: count for row in rows for path, count in row.shared_by.items()},
        objects=tuple(sorted({address for row in rows for address in row.objects})),
    )


def needed_approvals(
    documents: Sequence[DocumentChange], changes: Sequence[ObjectChange], groups: Mapping[str, Sequence[str]]
) -> tuple[Approval, ...]:
    """Each class that is present needs the approval of each of its groups. Objects without a document count alone."""
    covered = {address for document in documents for address in document.objects}
    alone = (change for change in changes if change.address not in covered)
    rows: list[DocumentChange | ObjectChange] = [*documents, *alone]
    found = []
    for change_class in CLASSES:
        concerned = tuple(sorted({row.address for row in rows if change_class in row.classes}))
        if concerned:
            found += [
                Approval(change_class=change_class, group=group, documents=concerned)
                for group in dict.fromkeys(groups.get(change_class, ()))
            ]
    return tuple(found)


def _sum(summaries: Sequence[Mapping[str, int]]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for summary in summaries:
        counted.update(summary)
    return {action: counted[action] for action in ACTIONS}


def finding_of(diagnostic: Diagnostic) -> Finding:
    """A diagnostic as a plan carries it; one that is not located keeps its file."""
    at = diagnostic.at
    return Finding(
        code=diagnostic.code.id,
        severity=diagnostic.severity.word,
        title=diagnostic.code.title,
        message=diagnostic.message,
        file=at.file if at is not None else None,
        line=at.line if isinstance(at, Span) else None,
        column=at.column if isinstance(at, Span) else None,
        hint=diagnostic.hint,
        subject=diagnostic.subject,
    )
