"""`validate`: everything that can be known from the files alone, for every environment, in one go."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import chain

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.memo import Memo
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Place, SpecPath
from opsdecl.diag.codes.exceptions import CODES as ABOUT_EXCEPTIONS
from opsdecl.flows.build import Built, build, has_exceptions, policies_at_work, policies_of
from opsdecl.flows.memory import Memory
from opsdecl.flows.project import Project, choose_environment, located, open_project, place_of
from opsdecl.spec.positions import Positions
from opsdecl.spec.types import SourceTree


class Validation(Struct, frozen=True):
    """What was looked at, and what was found."""

    environments: tuple[str, ...]
    documents: int
    objects: int
    diagnostics: tuple[Diagnostic, ...]
    lines: Callable[[str], Sequence[str] | None]


def validate_tree(
    tree: SourceTree, *, environments: tuple[str, ...] | None = None, today: date | None = None
) -> tuple[Diagnostic, ...]:
    """Located findings, sorted, each once."""
    return validate(tree, environments=environments, memory=Memory(today=today)).diagnostics


def validate(
    tree: SourceTree, *, environments: tuple[str, ...] | None = None, memory: Memory | None = None
) -> Validation:
    """All environments where none is named. Findings that environments share are reported once."""
    memory = memory or Memory()
    opened = open_project(tree, memory.files)
    project = opened.value
    if project is None:
        return Validation((), 0, 0, located(None, tree, opened.diagnostics), Positions(tree).source_lines)
    findings = list(opened.diagnostics)
    names, missing = _chosen(project, environments, opened.diagnostics)
    findings += missing
    built: list[Built] = []
    for name in names:
        done = build(project, name, memo=memory.memo, today=memory.today)
        findings += done.diagnostics
        built += [done.value] if done.value else []
    if len(built) == len(project.specs.environments()):
        right = _right_policies(built, findings)
        findings += (*_idle_policies(built, right, memory.memo), *_unneeded_exceptions(built, right, memory.today))
        memory.memo.save()
    documents = sum(len(each.graph.documents) for each in built)
    objects = sum(len(each.manifests.heads) for each in built)
    return Validation(
        names, documents, objects, located(project, tree, tuple(findings)), project.positions.source_lines
    )


_Seen = Mapping[SpecAddress, tuple[CompiledDocument, Built]]
"""Policies, each with the last of the environments that have it."""


def _right_policies(built: Sequence[Built], findings: Sequence[Diagnostic]) -> _Seen:
    """What is said of all environments is said only where every one could be looked at: a policy may be meant for one
    of them. One whose rules are wrong has been reported already."""
    wrong = {finding.subject for finding in findings if finding.code not in ABOUT_EXCEPTIONS}
    return {p.address: (p, each) for each in built for p in policies_of(each) if str(p.address) not in wrong}


def _idle_policies(built: Sequence[Built], right: _Seen, memo: Memo) -> tuple[Diagnostic, ...]:
    """One that is for no environment is told once."""
    at_work = frozenset(address for each in built for address in policies_at_work(each, memo))

    from opsdecl.policy.evaluate import report_idle, report_nowhere

    policies, place = [policy for policy, _ in right.values()], _place_in(right)
    nowhere = tuple(report_nowhere(policies, [each.environment.address.name for each in built], place))
    told = {finding.subject for finding in nowhere}
    return (*nowhere, *report_idle([p for p in policies if str(p.address) not in told], at_work, place))


def _unneeded_exceptions(built: Sequence[Built], right: _Seen, today: date | None) -> tuple[Diagnostic, ...]:
    """An environment's own exceptions stand in its own overlay of the policy, so each side is asked for its own."""
    if not any(has_exceptions(policy) for each in built for policy in policies_of(each)):
        return ()
    from opsdecl.policy.review import excused_in, report_unneeded

    excused = [excused_in(_chosen_policies(e, right), e.graph.documents, e.manifests, e.environment) for e in built]
    found = (
        report_unneeded(_chosen_policies(each, right), excused, today, partial(place_of, each.graph)) for each in built
    )
    return tuple(dict.fromkeys(chain.from_iterable(found)))


def _chosen_policies(built: Built, right: _Seen) -> list[CompiledDocument]:
    return [policy for policy in policies_of(built) if policy.address in right and has_exceptions(policy)]


def _place_in(seen: _Seen) -> Callable[[SpecAddress, SpecPath], Place | None]:
    def place(address: SpecAddress, path: SpecPath) -> Place | None:
        return place_of(seen[address][1].graph, address, path)

    return place


def _chosen(
    project: Project, wanted: tuple[str, ...] | None, known: tuple[Diagnostic, ...]
) -> tuple[tuple[str, ...], list[Diagnostic]]:
    if not wanted:
        return project.specs.environments(), []
    names: list[str] = []
    findings: list[Diagnostic] = []
    for each in wanted:
        chosen = choose_environment(project, each, known)
        findings += chosen.diagnostics
        if chosen.value:
            names.append(chosen.value)
    return tuple(names), findings
