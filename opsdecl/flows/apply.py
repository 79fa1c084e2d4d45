"""`apply`, `rollback`, `destroy`: a fresh execution plan, held against what was reviewed, then written."""

from collections.abc import Callable, Collection, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl import __version__
from opsdecl.addr import Address, Release
from opsdecl.apply.ports import Record, Target
from opsdecl.apply.steps import add_steps
from opsdecl.apply.types import Event, Outcome
from opsdecl.diag import Checked, Diagnostic, Span
from opsdecl.diag.codes.cluster import REPLACEMENT
from opsdecl.diag.codes.plan import NOT_REVIEWABLE, UNCOMMITTED, UNREVIEWED_DRIFT
from opsdecl.diff.containment import check_contained
from opsdecl.diff.plan import make_plan
from opsdecl.diff.planfile import load_plan, plan_digest
from opsdecl.diff.prune import PruneRules, check_prune
from opsdecl.diff.records import StoredObject, TargetState
from opsdecl.diff.release import ReleaseDiff, diff_release
from opsdecl.diff.types import DONE, BaseRef, ObjectChange, Plan, ReleasePlan, SourceRef
from opsdecl.flows.effects import effect_table
from opsdecl.flows.partitions import blocked_by
from opsdecl.flows.plan import Planned
from opsdecl.render.types import DocumentView, Manifest, ManifestSet

KEEP = "say that its data may go too: --including-protected"


class Signed(Struct, frozen=True):
    """Who does it, when, and what the record will name as the reviewed plan."""

    who: str
    at: str
    plan_digest: str = ""
    approvals: tuple[str, ...] = ()
    """As somebody says; nothing is held against them."""


def check_ready(
    planned: Planned, reviewed: bytes | None, *, allow_drift: bool = False, replace_only: Collection[str] | None = None
) -> Checked[str]:
    """May this plan be carried out? Answers the digest that the record names: of the reviewed plan, else of ours.

    `allow_drift`: changes from outside that no reviewed plan names may be undone, since somebody said so.
    `replace_only`: objects or documents of which a cluster may hold another object afterwards; None for all.
    """
    assert planned.plan is not None
    refusal = (*_errors_inside(planned), *_uncommitted(planned))
    if refusal:
        return Checked(None, refusal)
    if reviewed is None:
        unsaid = () if allow_drift else tuple(_drifted(planned.plan))
        unsaid += () if replace_only is None else tuple(_replaced(planned, replace_only))
        return Checked(None, unsaid) if unsaid else Checked(plan_digest(planned.plan))
    given = load_plan(reviewed)
    if given.value is None:
        return Checked(None, given.diagnostics)
    moved = _mover(planned)
    findings = check_contained(planned.plan, given.value, allow_drift=allow_drift, moved_by=moved)
    return Checked(None, findings) if findings else Checked(plan_digest(given.value))


class Return(Struct, frozen=True):
    """A way back: what would be written to a target, and how that differs from what it holds."""

    target: Target
    state: TargetState
    desired: ManifestSet
    diff: ReleaseDiff
    kind: str
    name: str = ""
    """Of the release, as people know it."""
    protected: tuple[Diagnostic, ...] = ()
    """What stands against it: objects that would go away although they are protected."""

    @property
    def plan(self) -> ReleasePlan:
        return self.diff.release


def plan_return(
    target: Target, release: Release, revision: str | None, rules: PruneRules, *, wait: bool = False
) -> Checked[Return]:
    """To an earlier revision, or to nothing where `revision` is None. `rules`: what of the target is protected."""
    then = target.read_revision(revision) if revision is not None else Checked(_nothing())
    if then.value is None:
        return Checked(None, then.diagnostics)
    desired = manifests_of(release, then.value)
    target = target.comparing_with(desired)
    now = target.read()
    if now.value is None:
        return Checked(None, now.diagnostics)
    base = BaseRef(ref="live", commit=now.value.revision)
    diff = diff_release(now.value, desired, effects=effect_table(), base_ref=base)
    stepped = add_steps(diff.release, desired, now.value, wait=wait)
    if stepped.value is None:
        return Checked(None, stepped.diagnostics)
    kind = "destroy" if revision is None else "rollback"
    protected = tuple(replace(d, hint=KEEP) for d in check_prune(diff, rules))
    way = Return(target, now.value, desired, replace(diff, release=stepped.value), kind, protected=protected)
    return Checked(way, now.diagnostics)


def show_returns(ways: Sequence[Return], environment: str, revision: str | None) -> Plan:
    """The ways back as one plan, to be shown."""
    return make_plan(
        [way.diff for way in ways],
        mode="execution",
        environment=environment,
        tool_version=__version__,
        source=SourceRef(ref=revision or "nothing", commit=revision or ""),
        base=BaseRef(ref="live", commit=ways[0].state.revision if len(ways) == 1 else ""),
        approvals={},
    )


def carry_back(way: Return, signed: Signed, source_commit: str, emit: Callable[[Event], None]) -> Checked[Outcome]:
    """Writes it through the same path as an apply."""
    record = Record(
        kind=way.kind,
        who=signed.who,
        at=signed.at,
        source_commit=source_commit,
        plan_digest=signed.plan_digest,
        tool_version=__version__,
        lock_digest="",
        summary=_subject(way.kind, way.plan),
        approvals=signed.approvals,
    )
    return way.target.write(way.desired, way.plan, record, expected=way.state.identity, emit=emit)


def _errors_inside(planned: Planned) -> tuple[Diagnostic, ...]:
    """The findings themselves were reported; this one makes the refusal explicit where they are of no refusing kind."""
    assert planned.built is not None
    reached = blocked_by(planned.built, planned.diagnostics, planned.states)
    if not reached.all and any(part.release.partition not in reached.partitions for part in planned.parts):
        return ()
    hint = "mend what the findings name, and plan again"
    return (Diagnostic(NOT_REVIEWABLE, "the plan holds errors, so nothing was applied", hint=hint),)


def _drifted(plan: Plan) -> Iterator[Diagnostic]:
    for change in plan.changes:
        if change.cause in ("drift", "both"):
            by = f" by {change.drifted_by}" if change.drifted_by else ""
            said = f"`{change.address}` was changed outside opsdecl{by}, and nobody reviewed that this undoes it"
            hint = "repeat with --revert-drift, or apply a reviewed plan with --plan"
            yield Diagnostic(UNREVIEWED_DRIFT, said, hint=hint, subject=change.address.partition("/")[0])


def _replaced(planned: Planned, named: Collection[str]) -> Iterator[Diagnostic]:
    """Objects of clusters that others of the same name take the place of; other targets' engines have their own say."""
    assert planned.built is not None
    assert planned.plan is not None
    targets = planned.built.environment.effective["spec"]["targets"]
    for release in planned.plan.releases:
        changes = release.changes if targets[release.target]["type"] == "cluster" else ()
        for change in changes:
            document = change.address.partition("/")[0]
            if change.action == "replace" and change.replaces is None and not {change.address, document} & set(named):
                yield _replacement(change, document)


def _replacement(change: ObjectChange, document: str) -> Diagnostic:
    field = next((f for f in change.fields if "replace" in f.classes), None)
    at = field.origin if field is not None else None
    because = f"`{field.path}` cannot change" if field is not None else "it cannot change in place"
    return Diagnostic(
        REPLACEMENT,
        f"this deletes {change.object.kind} `{change.object.namespace}/{change.object.name}` (`{change.address}`) and "
        f"makes another, since {because}",
        at=Span(at.file, at.line, at.column, at.line, at.column) if at is not None else None,
        hint=f"say that it may: --replace {change.address}, or apply a reviewed plan with --plan",
        subject=document,
    )


def _uncommitted(planned: Planned) -> tuple[Diagnostic, ...]:
    assert planned.plan is not None
    assert planned.built is not None
    if not (planned.plan.source.dirty and planned.built.environment.effective["spec"]["protected"]):
        return ()
    said = f"files of the project are not committed, and `{planned.environment}` is protected"
    return (Diagnostic(UNCOMMITTED, said, hint="commit them, or put them away: git stash"),)


def _mover(planned: Planned) -> str:
    revisions = [state.revision[:12] for state in planned.states if state.revision]
    return f"revision {', '.join(revisions)}" if revisions else ""


def record_of(kind: str, plan: Plan, release: ReleasePlan, signed: Signed) -> Record:
    return Record(
        kind=kind,
        who=signed.who,
        at=signed.at,
        source_commit=plan.source.commit + ("-dirty" if plan.source.dirty and plan.source.commit else ""),
        plan_digest=signed.plan_digest,
        tool_version=plan.tool_version,
        lock_digest=plan.lock_digest,
        summary=_subject(kind, release),
        approvals=signed.approvals,
    )


def _subject(kind: str, release: ReleasePlan) -> str:
    """`apply prod: 1 created, 3 updated`, for the first line of a commit."""
    environment = release.id.split("/")[1]
    counted = [f"{count} {word}" for action, word in DONE.items() if (count := release.summary.get(action))]
    return f"{kind} {environment}: {', '.join(counted) or 'nothing changed'}"


def _nothing() -> TargetState:
    return TargetState("", "", "", ())


def manifests_of(release: Release, state: TargetState) -> ManifestSet:
    """What a revision held, as a desired set: exactly what opsdecl wrote then, not what people made of it."""
    held = [_manifest(stored) for stored in state.objects if stored.applied is not None]
    documents = tuple(
        DocumentView(d.address, d.effective, d.references, digest="")
        for d in sorted(state.documents, key=lambda d: d.address)
    )
    return ManifestSet(release, tuple(sorted(held, key=lambda m: m.address)), documents)


def _manifest(stored: StoredObject) -> Manifest:
    assert stored.applied is not None
    return Manifest(
        address=Address.parse(stored.address),
        key=stored.key,
        token=stored.token,
        data=dict(stored.applied),
        origins={},
        depends_on=tuple(Address.parse(address) for address in stored.depends_on),
        protect=stored.protect,
    )
