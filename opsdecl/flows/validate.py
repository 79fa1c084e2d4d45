"""`validate`: everything that can be known from the files alone, for every environment, in one go."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.memo import Memo
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Place, SpecPath
from opsdecl.flows.build import Built, build, policies_at_work, policies_of
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


def validate_tree(tree: SourceTree, *, environments: tuple[str, ...] | None = None) -> tuple[Diagnostic, ...]:
    """Located findings, sorted, each once."""
    return validate(tree, environments=environments).diagnostics


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
        done = build(project, name, memo=memory.memo)
        findings += done.diagnostics
        built += [done.value] if done.value else []
    if len(built) == len(project.specs.environments()):
        findings += _idle_policies(built, findings, memory.memo)
        memory.memo.save()
    documents = sum(len(each.graph.documents) for each in built)
    objects = sum(len(each.manifests.heads) for each in built)
    return Validation(
        names, documents, objects, located(project, tree, tuple(findings)), project.positions.source_lines
    )


def _idle_policies(built: Sequence[Built], findings: Sequence[Diagnostic], memo: Memo) -> tuple[Diagnostic, ...]:
    """Only where every environment could be looked at: a policy may be meant for one of them. One that is wrong has
    been reported already."""
    wrong = {finding.subject for finding in findings}
    at_work = frozenset(address for each in built for address in policies_at_work(each, memo))
    seen: dict[SpecAddress, tuple[CompiledDocument, Built]] = {}
    for each in built:
        seen |= {policy.address: (policy, each) for policy in policies_of(each)}

    from opsdecl.policy.evaluate import report_idle

    def place(address: SpecAddress, path: SpecPath) -> Place | None:
        return place_of(seen[address][1].graph, address, path)

    right = [policy for policy, _ in seen.values() if str(policy.address) not in wrong]
    return report_idle(right, at_work, place)


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
