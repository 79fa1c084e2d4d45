"""`validate`: everything that can be known from the files alone, for every environment, in one go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opsdecl.diag import Diagnostic
from opsdecl.flows.build import build
from opsdecl.flows.project import Project, choose_environment, located, open_project
from opsdecl.spec.parse_cache import ParseCache
from opsdecl.spec.positions import Positions
from opsdecl.spec.types import SourceTree


@dataclass(frozen=True, slots=True)
class Validation:
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
    tree: SourceTree, *, environments: tuple[str, ...] | None = None, cache: ParseCache | None = None
) -> Validation:
    """All environments where none is named. Findings that environments share are reported once."""
    opened = open_project(tree, cache)
    project = opened.value
    if project is None:
        return Validation((), 0, 0, located(None, tree, opened.diagnostics), Positions(tree).source_lines)
    findings = list(opened.diagnostics)
    names, missing = _chosen(project, environments)
    findings += missing
    documents = objects = 0
    for name in names:
        built = build(project, name)
        findings += built.diagnostics
        if built.value:
            documents += len(built.value.graph.documents)
            objects += len(built.value.manifests.manifests)
    return Validation(
        names, documents, objects, located(project, tree, tuple(findings)), project.positions.source_lines
    )


def _chosen(project: Project, wanted: tuple[str, ...] | None) -> tuple[tuple[str, ...], list[Diagnostic]]:
    if not wanted:
        return project.specs.environments(), []
    names: list[str] = []
    findings: list[Diagnostic] = []
    for each in wanted:
        chosen = choose_environment(project, each)
        findings += chosen.diagnostics
        if chosen.value:
            names.append(chosen.value)
    return tuple(names), findings
