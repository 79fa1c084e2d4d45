"""`opsdecl.lock`: written from the tool, the tables and the models in use now."""

from pathlib import Path

from opsdecl import __version__
from opsdecl.compile.lock import FILE, LockFacts, locked_models, make_lock
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic
from opsdecl.flows.build import build
from opsdecl.flows.project import Project, located, open_project
from opsdecl.render.schema_store import schemas_identity
from opsdecl.spec.types import SourceTree
from opsdecl.targets.files import write_file


def update_lock(root: Path, tree: SourceTree) -> tuple[Diagnostic, ...]:
    """Writes the file from what all environments use; findings only where the project cannot be read at all."""
    opened = open_project(tree)
    if opened.value is None:
        return located(None, tree, opened.diagnostics)
    text = make_lock(_facts(opened.value))
    return write_file(root / FILE, text.encode()).diagnostics


def _facts(project: Project) -> LockFacts:
    documents: list[CompiledDocument] = []
    for name in project.specs.environments():
        built = build(project, name, check=False)
        documents += built.value.graph.documents if built.value else ()
    return LockFacts(__version__, project.catalog.digest, schemas_identity(), locked_models(tuple(documents)))
