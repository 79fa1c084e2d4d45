"""`plan`: what would change and what it means, against a commit (review) or against the targets (execution)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl import __version__
from opsdecl.addr import SpecAddress, digest_of
from opsdecl.apply.ports import Target
from opsdecl.apply.steps import add_steps
from opsdecl.compile.lock import FILE as LOCK_FILE
from opsdecl.compile.memo import Memo
from opsdecl.diag import Checked, Diagnostic, Place, Severity, SpecPath
from opsdecl.diag.codes.compile import LOCK_MISMATCH
from opsdecl.diag.codes.fleet import CODES as FLEET_CODES
from opsdecl.diag.codes.plan import LOCK_MOVED
from opsdecl.diff.classify import EffectTable
from opsdecl.diff.fields import Locate
from opsdecl.diff.plan import make_plan, unknown_before
from opsdecl.diff.prune import PruneRules, check_prune
from opsdecl.diff.records import TargetState, tool_identity
from opsdecl.diff.release import ReleaseDiff, diff_release, state_from_manifests
from opsdecl.diff.types import BaseRef, Origin, Plan, SourceRef
from opsdecl.flows.build import Built, build, for_target
from opsdecl.flows.fleet import fleet_change
from opsdecl.flows.memory import Memory
from opsdecl.flows.models import Models
from opsdecl.flows.project import Project, choose_environment, located, open_project, origin_of, place_of
from opsdecl.flows.rightsizing import cheaper_shapes
from opsdecl.flows.sizing import blame_bumps, changed_models
from opsdecl.flows.targets import open_target, second_opinions, targets_of, waits
from opsdecl.spec.fields import FieldEffect, effects_of, kind_names
from opsdecl.spec.types import SourceTree


class Planned(Struct, frozen=True):
    """A plan with what it was made from. `plan` is None where the specs do not even compile."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    lines: Callable[[str], Sequence[str] | None]
    environment: str = ""
    built: Built | None = None
    states: Mapping[str, TargetState] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)


class Wanted(Struct, frozen=True):
    """What a command asks for: environment and target (None: the default, all), and what is to be let go."""

    environment: str | None = None
    target: str | None = None
    forget: tuple[str, ...] = ()


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
    states = {n: _compiled_state(before.built, opened.built, n) for n in _target_names(opened.built, wanted)}
    unclear += _lock_moved(before.built, opened.built, base_ref.ref)
    return _finish(opened, states, wanted, "review", source, known, unclear, before.unknown, memory.memo, before.built)


def _compiled_state(before: Built | None, after: Built, target: str) -> TargetState | None:
    if before is None:
        return None
    state = state_from_manifests(for_target(before, target).manifests, desired=after.manifests)
    return replace(state, tool=tool_identity(__version__, lock_digest(before.project)))


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
    states: dict[str, TargetState | None] = {}
    targets: dict[str, Target] = {}
    findings: list[Diagnostic] = []
    for name in _target_names(opened.built, wanted):
        target = open_target(for_target(opened.built, name), root)
        read: Checked[TargetState] = target.value.read() if target.value else Checked(None)
        findings += (*target.diagnostics, *read.diagnostics)
        if target.value is not None and read.value is not None:
            targets[name], states[name] = target.value, read.value
    if len(states) < len(_target_names(opened.built, wanted)):
        return _without_plan(opened, tuple(findings))
    memo = memory.memo if memory else None
    base = BaseRef(ref="live")
    asked = targets if second_opinion else {}
    planned = _finish(opened, states, wanted, "execution", source, base, tuple(findings), (), memo, asked=asked)
    held = {name: state for name, state in states.items() if state is not None}
    return Planned(planned.plan, planned.diagnostics, planned.lines, planned.environment, planned.built, held, targets)


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
    built = build(project, chosen.value, target=wanted.target, memo=memory.memo)
    findings = located(project, tree, opened.diagnostics + built.diagnostics)
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
    states: Mapping[str, TargetState | None],
    wanted: Wanted,
    mode: Literal["review", "execution"],
    source: SourceRef,
    base: BaseRef,
    findings: tuple[Diagnostic, ...],
    unknown: tuple[SpecAddress, ...],
    memo: Memo | None,
    earlier: Built | None = None,
    asked: Mapping[str, Target] = MappingProxyType({}),
) -> Planned:
    """`earlier` has the catalogue and the environment of a base that was compiled; else those of now hold for both."""
    built, memo = opened.built, memo or Memo()
    assert built is not None
    locate = locator(built)
    diffs: list[ReleaseDiff] = []
    for name, state in states.items():
        side = for_target(built, name)
        diff = diff_release(
            _comparable(state, built, opened.diagnostics),
            side.manifests,
            effects=effect_table(),
            base_ref=_base_of(base, state),
            locate=locate,
            unknown=unknown,
            forget=wanted.forget,
            tool_moved=_tool_moved(state, built),
        )
        stepped = add_steps(diff.release, side.manifests, state, wait=waits(side, name))
        findings += (*stepped.diagnostics, *check_prune(diff, _prune_rules(built, name)))
        findings += second_opinions(asked.get(name), side, stepped.value or diff.release)
        diffs.append(ReleaseDiff(stepped.value or diff.release, diff.documents, diff.protected))
    fleet = fleet_change(built, earlier or built, diffs, states.values(), opened.diagnostics, unknown)
    models = Models(built.project.catalog, memo)
    before = Models((earlier or built).project.catalog, memo)
    sized = changed_models(models, before, built, diffs, states.values(), unknown)
    findings += (*fleet.findings, *cheaper_shapes(built, models, _reshaped(diffs)))
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
    )
    return Planned(plan, all_findings, opened.lines, opened.environment, built)


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


class _EffectsByKind(Mapping[str, Sequence[FieldEffect]]):
    """Walks through the fields of a kind when somebody asks about one."""

    def __getitem__(self, kind: str) -> Sequence[FieldEffect]:
        if kind not in kind_names():
            raise KeyError(kind)
        return effects_of(kind)

    def __iter__(self) -> Iterator[str]:
        return iter(kind_names())

    def __len__(self) -> int:
        return len(kind_names())


def effect_table() -> EffectTable:
    """What changes of fields mean, by kind, as the kinds themselves declare it."""
    return _EffectsByKind()


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
    return PruneRules(settings.prune.budget, settings.prune.protect, at)


def _target_names(built: Built, wanted: Wanted) -> tuple[str, ...]:
    return (wanted.target,) if wanted.target else targets_of(built)


def _broken(project: Project, findings: tuple[Diagnostic, ...]) -> Planned:
    return Planned(None, located(project, project.tree, findings), project.positions.source_lines)


def _without_plan(opened: Planned, findings: tuple[Diagnostic, ...]) -> Planned:
    return Planned(None, (*opened.diagnostics, *findings), opened.lines, opened.environment, opened.built)


def _no_lines(_file: str) -> Sequence[str] | None:
    return None
