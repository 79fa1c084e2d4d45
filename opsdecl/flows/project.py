"""Opening a project: files -> parsed documents, catalogue and positions, from a work tree or from a commit."""

from collections.abc import Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.catalog.load import load_catalog
from opsdecl.catalog.types import Catalog
from opsdecl.compile.types import Graph
from opsdecl.diag import Checked, Diagnostic, Place, Severity, Span, SpecPath, unique
from opsdecl.diag.codes.compile import UNKNOWN_ENVIRONMENT
from opsdecl.diag.codes.source import AMBIGUOUS, NUMBER_RANGE, UNREADABLE
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.load import load_project
from opsdecl.spec.parse_cache import ParsedFiles
from opsdecl.spec.positions import Positions
from opsdecl.spec.types import SourceTree, SpecSet

CATALOG_FOLDER = "catalog/"
REFUSED_SCALARS = (AMBIGUOUS, NUMBER_RANGE)


class Project(Struct, frozen=True):
    """One tree, read. `positions` finds the line of any place in it."""

    tree: SourceTree
    specs: SpecSet
    catalog: Catalog
    positions: Positions


def open_project(tree: SourceTree, files: ParsedFiles | None = None) -> Checked[Project]:
    """Every finding about text and catalogue at once; documents of readable files survive those of broken ones."""
    loaded = load_project(tree, files)
    catalog = project_catalog(tree)
    findings = loaded.diagnostics + catalog.diagnostics
    if loaded.value is None or catalog.value is None:
        return Checked(None, findings)
    project = Project(tree, loaded.value, catalog.value, Positions(tree))
    return Checked(project, findings + _unknown_default(project, findings))


def _unknown_default(project: Project, findings: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """An error where commands that name no environment would find none."""
    document, name, known = project.specs.project, _default_environment(project), project.specs.environments()
    if document is None or not name or name in known or "${{" in name or _explained(name, findings):
        return ()
    message = f"`defaultEnvironment: {name}` names no environment of this project"
    hint = did_you_mean(name, known) or f"use one of: {', '.join(known) or 'none is declared yet'}"
    at = document.place(("spec", "defaultEnvironment"))
    return (Diagnostic(UNKNOWN_ENVIRONMENT, message, at=at, hint=hint, subject=f"Project.{document.name}"),)


def project_catalog(tree: SourceTree) -> Checked[Catalog]:
    """The built-in catalogue with the project's own entries over it."""
    overrides, unreadable = _catalog_files(tree)
    catalog = load_catalog(overrides)
    return Checked(catalog.value, unreadable + catalog.diagnostics)


def _catalog_files(tree: SourceTree) -> tuple[dict[str, bytes], tuple[Diagnostic, ...]]:
    """Those that can be read, and a finding for each that cannot: the loader reports on specs only."""
    found: dict[str, bytes] = {}
    unreadable: list[Diagnostic] = []
    for entry in tree.entries():
        if entry.path.startswith(CATALOG_FOLDER):
            try:
                found[entry.path] = tree.read(entry.path)
            except OSError as error:
                reason = error.strerror or str(error)
                unreadable.append(Diagnostic(UNREADABLE, f"the file cannot be read: {reason}", Place(entry.path)))
    return found, tuple(unreadable)


def choose_environment(project: Project, wanted: str | None, findings: Sequence[Diagnostic] = ()) -> Checked[str]:
    """The named environment, else the project's default, else the only one there is.

    Where `findings` of the files explain why it is not there, nothing is added to them.
    """
    known = project.specs.environments()
    name = wanted or _default_environment(project) or (known[0] if len(known) == 1 else "")
    if name in known:
        return Checked(name)
    if _explained(name, findings):
        return Checked(None)
    said = f"`{name}` is not an environment of this project" if name else "no environment was named"
    hint = did_you_mean(name, known) or f"name one with --env: {', '.join(known) or 'none is declared yet'}"
    return Checked(None, (Diagnostic(UNKNOWN_ENVIRONMENT, said, hint=hint),))


def _explained(name: str, findings: Sequence[Diagnostic]) -> bool:
    folder = f"environments/{name}/" if name else "environments/"
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    return any(finding.at.file.startswith(folder) if finding.at else not name for finding in errors)


def _default_environment(project: Project) -> str:
    document = project.specs.project
    spec = document.value.get("spec") if document else None
    default = spec.get("defaultEnvironment") if isinstance(spec, dict) else None
    return default if isinstance(default, str) else ""


def located(project: Project | None, tree: SourceTree, findings: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The findings at their lines, sorted, each once."""
    positions = project.positions if project else Positions(tree)
    return without_echoes(unique(finding.located(positions.locate) for finding in findings))


def without_echoes(findings: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """A scalar that was refused is kept as text, so that its field may complain of the type: once is enough."""
    refused = {_start(f) for f in findings if f.code in REFUSED_SCALARS}
    return tuple(f for f in findings if f.code in REFUSED_SCALARS or f.at is None or _start(f) not in refused)


def _start(finding: Diagnostic) -> tuple[str, int, int] | None:
    return (finding.at.file, finding.at.line, finding.at.column) if isinstance(finding.at, Span) else None


def origin_of(project: Project, graph: Graph, address: SpecAddress, path: SpecPath) -> Span | None:
    """The line that decided the value at a path of a document's effective tree."""
    place = place_of(graph, address, path)
    return project.positions.locate(place) if place else None


def place_of(graph: Graph, address: SpecAddress, path: SpecPath) -> Place | None:
    """The place of the layer that won."""
    setters = graph.setters(address, path)
    return setters[-1].place if setters else None
