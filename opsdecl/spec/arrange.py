"""Documents of a project -> folders, with each identity once in a folder and one Project."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from opsdecl.diag import Diagnostic, Related
from opsdecl.diag.codes import source as codes
from opsdecl.spec.source import ROOT
from opsdecl.spec.types import Document

PROJECT = "Project"


class Arranged(Struct, frozen=True):
    """`folders` is sorted by name, documents in the order they were given."""

    project: Document | None
    folders: Mapping[str, tuple[Document, ...]]
    diagnostics: tuple[Diagnostic, ...]


def arrange(documents: Iterable[Document], *, root_is_readable: bool = True) -> Arranged:
    """A Project is only missed where every file that could hold it was readable."""
    found: list[Diagnostic] = []
    projects: list[Document] = []
    misplaced: list[Document] = []
    folders: dict[str, dict[tuple[str, str], Document]] = {}
    for document in documents:
        folder = folder_of(document)
        if document.kind == PROJECT:
            (misplaced if folder else projects).append(document)
        if (document.kind == PROJECT) != (folder == ""):
            found.append(_outside_folder(document, folder))
        elif folder:
            known = folders.setdefault(folder, {}).setdefault((document.kind, document.name), document)
            found += [] if known is document else [_twice(document, known, folder)]
    found += [_another_project(other, projects[0]) for other in projects[1:]]
    projects = projects or misplaced
    if not projects and root_is_readable:
        found.append(_no_project())
    layers = {folder: tuple(documents.values()) for folder, documents in sorted(folders.items())}
    return Arranged(projects[0] if projects else None, layers, tuple(found))


def folder_of(document: Document) -> str:
    """The folder below `environments/`, empty for a file directly in it."""
    return document.file.removeprefix(f"{ROOT}/").rpartition("/")[0]


def _outside_folder(document: Document, folder: str) -> Diagnostic:
    if document.kind == PROJECT:
        message = f"the Project lies in the folder `{folder}`"
        hint = "move it to environments/project.yaml"
    else:
        message = f"{document.address} lies in no folder, so no environment can use it"
        hint = "move it to a folder, such as environments/base"
    at = document.place(("kind",))
    return Diagnostic(codes.OUTSIDE_FOLDER, message, at, hint=hint, subject=str(document.address))


def _twice(document: Document, known: Document, folder: str) -> Diagnostic:
    related = Related("first declared here", known.place(("metadata", "name")))
    message = f"{document.address} is declared twice in the folder `{folder}`"
    at = document.place(("metadata", "name"))
    hint = "join the two, or rename one"
    return Diagnostic(codes.DECLARED_TWICE, message, at, hint=hint, related=(related,), subject=str(document.address))


def _another_project(document: Document, first: Document) -> Diagnostic:
    related = Related("the first one", first.place(("metadata", "name")))
    message = f"a second Project, `{document.name}`, beside `{first.name}`"
    at = document.place(("metadata", "name"))
    return Diagnostic(codes.PROJECT_TWICE, message, at, hint="remove one of them", related=(related,))


def _no_project() -> Diagnostic:
    message = "there is no document of kind Project in `environments/`"
    return Diagnostic(codes.NO_PROJECT, message, hint="write environments/project.yaml, or run `opsdecl init`")
