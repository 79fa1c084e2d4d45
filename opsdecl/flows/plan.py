"""`plan`: what would change and what it means, against a commit (review) or against the targets (execution)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl import __version__
from opsdecl.addr import Release, SpecAddress, digest_of
from opsdecl.apply.steps import add_steps
from opsdecl.compile.lock import FILE as LOCK_FILE
from opsdecl.compile.memo import Memo
from opsdecl.compile.partitions import is_partitioned, shown_partition
from opsdecl.diag import Checked, Diagnostic, Place, Severity, SpecPath
from opsdecl.diag.codes.compile import LOCK_MISMATCH
from opsdecl.diag.codes.fleet import CODES as FLEET_CODES
from opsdecl.diag.codes.plan import LOCK_MOVED
from opsdecl.diff.fields import Locate
from opsdecl.diff.handover import Move, announce
from opsdecl.diff.plan import make_plan, merge_documents, unknown_before
from opsdecl.diff.prune import PruneRules, check_prune
from opsdecl.diff.records import TargetState, tool_identity
from opsdecl.diff.release import ReleaseDiff, diff_release, state_from_manifests
from opsdecl.diff.types import BaseRef, Origin, Plan, SourceRef
from opsdecl.flows.build import Built, build, for_target
from opsdecl.flows.effects import effect_table
from opsdecl.flows.exceptions import exception_changes
from opsdecl.flows.fleet import fleet_change
from opsdecl.flows.gates import gates_of
from opsdecl.flows.lifetimes import ends_of_life
from opsdecl.flows.memory import Memory
from opsdecl.flows.models import Models
from opsdecl.flows.partitions import Part, concerning, divide, is_chosen, read_parts, settle, unknown_partition
from opsdecl.flows.project import Project, choose_environment, located, open_project, origin_of, place_of
from opsdecl.flows.rightsizing import cheaper_shapes
from opsdecl.flows.sizing import blame_bumps, changed_models
from opsdecl.flows.starting import starting_runs
from opsdecl.flows.targets import second_opinions, targets_of, waits
from opsdecl.flows.transparency import transparency_changes
from opsdecl.render.types import ManifestSet
from opsdecl.spec.types import SourceTree


class Planned(Struct, frozen=True):
    """A plan with what it was made from. `plan` is None where the specs do not even compile."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    lines: Callable[[str], Sequence[str] | None]
    environment: str = ""
    built: Built | None = None
    parts: tuple[Part, ...] = ()
    """The releases of a plan, in the order in which they are applied."""
    moves: tuple[Move, ...] = ()
    """Objects that go from one of the releases to another."""
    identities: Mapping[Release, str] = field(default_factory=dict)
    """What each release held when this was planned, also of those that were not chosen."""

    @property
    def has_partitions(self) -> bool:
        return self.built is not None and is_partitioned(self.built.environment.effective["spec"])

    @property
    def states(self) -> tuple[TargetState, ...]:
        return tuple(part.state for part in self.parts if part.state is not None)


class Wanted(Struct, frozen=True):
    """What a command asks for: environment, target and partition (None: the default, all), and what is to be let go."""

    environment: str | None = None
    target: str | None = None
    forget: tuple[str, ...] = ()
    partition: str | None = None
    today: date | None = None
    """Day by which ends of life are told; None tells none."""


def plan_review(
    desired: SourceTree,
    base: SourceTree,
    wanted: Wanted,
    source: SourceRef,
    base_ref: BaseRef,
    memory: Memory | None = None,
) -> Planned:
    """Offline: both sides are compiled, nothing else is read."""
    memory = memory or Memory()
    opened = open_built(desired, wanted, memory)
    if opened.built is None:
        return opened
    before = _build_base(base, opened.environment, memory)
    known = base_ref.model_copy(update={"known": before.known})
    unclear: tuple[Diagnostic, ...] = (unknown_before((), base_ref.ref),) if not before.known else ()
    if before.known and before.unknown:
        unclear = (unknown_before([str(a) for a in before.unknown], base_ref.ref),)
    parts = tuple(
        part for n in _target_names(opened.built, wanted) for part in _compiled(before.built, opened.built, n)
    )
    if wanted.partition is not None and not any(is_chosen(part.release, wanted.partition) for part in parts):
        return _without_plan(opened, (unknown_partition(wanted.partition, [part.release.partition for part in parts]),))
    unclear += _lock_moved(before.built, opened.built, base_ref.ref)
    return _finish(opened, parts, wanted, "review", source, known, unclear, before.unknown, memory.memo, before.built)


def _compiled(before: Built | None, after: Built, target: str) -> Iterator[Part]:
    """The releases of a target, with what they held if they were as the base says."""
    sides = divide(for_target(before, target)) if before is not None else ()
    held = {side.graph.release.partition: side for side in sides}
    for side in divide(for_target(after, target), held):
        yield Part(side, _compiled_state(before, held.get(side.graph.release.partition), side))


def _compiled_state(whole: Built | None, before: Built | None, after: Built) -> TargetState | None:
    if whole is None:
        return None
    given = before.manifests if before is not None else ManifestSet(after.graph.release, (), ())
    state = state_from_manifests(given, desired=after.manifests)
    return replace(state, tool=tool_identity(__version__, lock_digest(whole.project)))


def _lock_moved(before: Built | None, after: Built, reference: str) -> tuple[Diagnostic, ...]:
    """The same tool compiles both sides of a review, so it cannot see what another one had written."""
    if before is None or lock_digest(before.project) == lock_digest(after.project):
        return ()
    said = f"opsdecl.lock is another one than in `{reference}`: objects may change through the tool itself"
    return (Diagnostic(LOCK_MOVED, said, Place(LOCK_FILE), hint="only a plan with --live can tell which"),)


def plan_live(
    desired: SourceTree,
    root: Path,
    wanted: Wanted,
    source: SourceRef,
    memory: Memory | None = None,
    *,
    second_opinion: bool = False,
) -> Planned:
    """Against what the targets hold now. `second_opinion`: with what a target's own engine says of it."""
    opened = open_built(desired, wanted, memory)
    if opened.built is None:
        return opened
    parts: list[Part] = []
    findings: list[Diagnostic] = []
    for name in _target_names(opened.built, wanted):
        read, found = read_parts(for_target(opened.built, name), root)
        # Of a partition that nobody asked for it does not matter that it cannot be read.
        findings += (
            finding for release, some in found.items() if is_chosen(release, wanted.partition) for finding in some
        )
        parts += read
    chosen = [part for part in parts if is_chosen(part.release, wanted.partition)]
    if not chosen and wanted.partition is not None:
        unknown = unknown_partition(wanted.partition, [part.release.partition for part in parts])
        return _without_plan(opened, (*findings, unknown))
    if any(part.state is None for part in chosen):
        return _without_plan(opened, tuple(findings))
    memo = memory.memo if memory else None
    base = BaseRef(ref="live")
    return _finish(
        opened,
        tuple(parts),
        wanted,
        "execution",
        source,
        base,
        tuple(findings),
        (),
        memo,
        second_opinion=second_opinion,
    )


def open_built(tree: SourceTree, wanted: Wanted, memory: Memory | None = None) -> Planned:
    """The environment compiled, rendered and checked; no plan yet."""
    memory = memory or Memory()
    opened = open_project(tree, memory.files)
    if opened.value is None:
        return Planned(None, located(None, tree, opened.diagnostics), _no_lines)
    project = opened.value
    chosen = choose_environment(project, wanted.environment, opened.diagnostics)
    if chosen.value is None:
        return _broken(project, opened.diagnostics + chosen.diagnostics)
    built = build(project, chosen.value, target=wanted.target, memo=memory.memo, today=memory.today)
    ends = ends_of_life(built.value, wanted.today) if built.value is not None and wanted.today is not None else ()
    findings = located(project, tree, (*opened.diagnostics, *built.diagnostics, *ends))
    return Planned(None, findings, project.positions.source_lines, chosen.value, built.value)


class _Base(Struct, frozen=True):
    """The side before. `built` None with `known` True: the environment was not there yet."""

    built: Built | None
    known: bool = True
    unknown: tuple[SpecAddress, ...] = ()


def _build_base(tree: SourceTree, environment: str, memory: Memory) -> _Base:
    """Findings of the base are nobody's concern now; documents that do not compile there are 'before unknown'."""
    opened = open_project(tree, memory.files)
    if opened.value is None:
        return _Base(None, known=False)
    if environment not in opened.value.specs.environments():
        return _Base(None)
    built = build(opened.value, environment, memo=memory.memo, check=False)
    if built.value is None:
        return _Base(None, known=False)
    errors = [d for d in (*opened.diagnostics, *built.diagnostics) if _breaks(d)]
    subjects = {d.subject for d in errors if "." in d.subject}
    if any(not d.subject for d in errors) and not subjects:
        return _Base(None, known=False)
    return _Base(built.value, unknown=tuple(sorted(SpecAddress.parse(subject) for subject in subjects)))


def _breaks(finding: Diagnostic) -> bool:
    """Whether the base cannot be known for it. Its lock names the tool that it had then, which is no fault of its, and
    documents that its pools or its budget cannot bear compile all the same."""
    return finding.severity is Severity.ERROR and finding.code not in (LOCK_MISMATCH, *FLEET_CODES)


def _finish(
    opened: Planned,
    parts: tuple[Part, ...],
    wanted: Wanted,
    mode: Literal["review", "execution"],
    source: SourceRef,
    base: BaseRef,
    findings: tuple[Diagnostic, ...],
    unknown: tuple[SpecAddress, ...],
    memo: Memo | None,
    earlier: Built | None = None,
    second_opinion: bool = False,
) -> Planned:
    """`earlier` has the catalogue and the environment of a base that was compiled; else those of now hold for both."""
    built, memo = opened.built, memo or Memo()
    assert built is not None
    identities = {part.release: part.state.identity for part in parts if part.state is not None}
    moves, parts = settle(parts, wanted.partition)
    states = [part.state for part in parts]
    diffs: list[ReleaseDiff] = []
    for part in parts:
        diff = _diff(part, opened, wanted, base, unknown)
        stepped = _stepped(announce(_named(diff, part), part.built.manifests, moves), part)
        findings += stepped.diagnostics
        diffs.append(stepped.value or diff)
        asked = part.target if second_opinion else None
        findings += second_opinions(asked, part.built, diffs[-1].release)
    opened = replace(opened, diagnostics=concerning(built, opened.diagnostics, parts, wanted.partition))
    fleet = fleet_change(built, earlier or built, diffs, states, opened.diagnostics, unknown)
    models = Models(built.project.catalog, memo).within(built.environment)
    before = Models((earlier or built).project.catalog, memo).within((earlier or built).environment)
    sized = changed_models(models, before, built, diffs, states, unknown)
    changes = merge_documents(diffs)
    gated = gates_of(built, changes, states, unknown)
    findings += (*fleet.findings, *cheaper_shapes(built, models, _reshaped(diffs)), *gated.findings)
    all_findings = (
        *blame_bumps(opened.diagnostics, sized, built),
        *located(built.project, built.project.tree, findings),
    )
    spec = built.environment.model.spec
    plan = make_plan(
        diffs,
        mode=mode,
        environment=opened.environment,
        tool_version=__version__,
        source=source,
        base=base,
        approvals=spec.approvals,
        lock_digest=lock_digest(built.project),
        findings=all_findings,
        models=sized,
        runs=fleet.runs,
        fleet=fleet.totals,
        transparency=transparency_changes(built, earlier or built, diffs, states, unknown),
        starting=starting_runs(built, diffs),
        gates=gated.states,
        exceptions=exception_changes(built, changes, states, unknown),
    )
    return Planned(plan, all_findings, opened.lines, opened.environment, built, parts, moves, identities)


def _diff(part: Part, opened: Planned, wanted: Wanted, base: BaseRef, unknown: tuple[SpecAddress, ...]) -> ReleaseDiff:
    built = opened.built
    assert built is not None
    return diff_release(
        _comparable(part.state, built, opened.diagnostics),
        part.built.manifests,
        effects=effect_table(),
        base_ref=_base_of(base, part.state),
        locate=locator(built),
        unknown=unknown,
        forget=wanted.forget,
        tool_moved=_tool_moved(part.state, built),
    )


def _stepped(diff: ReleaseDiff, part: Part) -> Checked[ReleaseDiff]:
    """With its steps, and with what its prunes are found to be."""
    name, manifests = part.release.target, part.built.manifests
    stepped = add_steps(diff.release, manifests, part.state, wait=waits(part.built, name))
    findings = (*stepped.diagnostics, *check_prune(diff, _prune_rules(part.built, name)))
    return Checked(replace(diff, release=stepped.value or diff.release), findings)


def _named(diff: ReleaseDiff, part: Part) -> ReleaseDiff:
    if not is_partitioned(part.built.environment.effective["spec"]) and not part.release.partition:
        return diff
    named = {"partition": shown_partition(part.release.partition)}
    return replace(diff, release=diff.release.model_copy(update=named))


def _reshaped(diffs: Sequence[ReleaseDiff]) -> frozenset[SpecAddress]:
    """Documents that are new, or ask for something else of their GPUs."""
    changed = (document for diff in diffs for document in diff.documents)
    return frozenset(
        SpecAddress.parse(document.address)
        for document in changed
        if document.action == "create" or "capacity" in document.classes
    )


def _tool_moved(state: TargetState | None, built: Built) -> bool:
    here = tool_identity(__version__, lock_digest(built.project))
    return state is not None and bool(state.tool) and state.tool != here


def _comparable(state: TargetState | None, built: Built, findings: tuple[Diagnostic, ...]) -> TargetState | None:
    """Where something could not be read, what is missing may be declared all the same: it is not called deleted."""
    present = {str(document.address) for document in built.graph.documents}
    errors = {finding.subject for finding in findings if finding.severity is Severity.ERROR}
    if state is None or errors <= present:
        return state
    present |= {str(alias.spec) for manifest in built.manifests.manifests for alias in manifest.aliases}
    return replace(
        state,
        objects=tuple(o for o in state.objects if o.address.partition("/")[0] in present),
        documents=tuple(d for d in state.documents if str(d.address) in present),
    )


def locator(built: Built) -> Locate:
    """Effective path -> line, for the plan's origins."""

    def locate(address: SpecAddress, path: SpecPath) -> Origin | None:
        span = origin_of(built.project, built.graph, address, path)
        return Origin(file=span.file, line=span.line, column=span.column) if span else None

    return locate


def lock_digest(project: Project) -> str:
    """The digest of `opsdecl.lock`; empty where the project has none."""
    return digest_of(project.specs.lock) if project.specs.lock is not None else ""


def _base_of(base: BaseRef, state: TargetState | None) -> BaseRef:
    if base.ref != "live" or state is None:
        return base
    return base.model_copy(update={"commit": state.revision, "digest": state.identity})


def _prune_rules(built: Built, target: str) -> PruneRules:
    settings = built.environment.model.spec.targets[target]
    at = place_of(built.graph, built.environment.address, ("spec", "targets", target, "prune"))
    return PruneRules(settings.prune.budget, settings.prune.protect, settings.prune.protect_namespaces, at)


def _target_names(built: Built, wanted: Wanted) -> tuple[str, ...]:
    return (wanted.target,) if wanted.target else targets_of(built)


def _broken(project: Project, findings: tuple[Diagnostic, ...]) -> Planned:
    return Planned(None, located(project, project.tree, findings), project.positions.source_lines)


def _without_plan(opened: Planned, findings: tuple[Diagnostic, ...]) -> Planned:
    return Planned(None, (*opened.diagnostics, *findings), opened.lines, opened.environment, opened.built)


def _no_lines(_file: str) -> Sequence[str] | None:
    return None
