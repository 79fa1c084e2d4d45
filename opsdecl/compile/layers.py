"""A project's folders -> the layers of one environment, lowest first, and the documents in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsdecl.addr import SpecAddress
from opsdecl.diag import Checked, Diagnostic, Place, Related
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.types import Document, SpecSet

ENVIRONMENT = "Environment"
PROJECT = "Project"


@dataclass(frozen=True, slots=True)
class Layers:
    """`folders` in the order in which they are laid, the environment's own last. `documents` has the layers of each
    document, lowest first. `environment` is the environment's own document; `inherited` are the Environment documents
    of the folders that it extends, lowest first: only their variables count."""

    environment: Document
    inherited: tuple[Document, ...]
    folders: tuple[str, ...]
    documents: Mapping[SpecAddress, tuple[Document, ...]]


def find_environment(specs: SpecSet, environment: str) -> Checked[str]:
    """The folder of an environment, by folder or by name; an unknown one answers with the nearest."""
    known = specs.environments()
    for folder in known:
        if environment in (folder, _name_of(folder)):
            return Checked(folder)
    hint = did_you_mean(environment, known) or f"environments of this project: {', '.join(known) or 'none'}"
    message = f"there is no environment `{environment}` in this project"
    return Checked(None, (Diagnostic(codes.UNKNOWN_ENVIRONMENT, message, hint=hint),))


def layers_of(specs: SpecSet, environment: str) -> Checked[Layers]:
    """Every document of the environment with its layers. A cycle of folders gives None."""
    found = find_environment(specs, environment)
    own = _environment_document(specs, found.value) if found.value is not None else None
    if found.value is None or own is None:
        return Checked(None, found.diagnostics)
    folders, diagnostics = linearise(specs, found.value)
    if any(d.code is codes.EXTENDS_CYCLE for d in diagnostics):
        return Checked(None, diagnostics)
    documents, duplicates = _collect(specs, folders)
    inherited = tuple(d for folder in folders[:-1] if (d := _environment_document(specs, folder)) is not None)
    value = Layers(environment=own, inherited=inherited, folders=folders, documents=documents)
    return Checked(value, (*diagnostics, *_misnamed(own, found.value), *duplicates))


def linearise(specs: SpecSet, environment: str) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """Folders lowest first: a folder comes after everything that it extends, in the order written, each one once."""
    ordered: list[str] = []
    diagnostics: list[Diagnostic] = []
    _visit(specs, environment, (), ordered, diagnostics)
    return tuple(ordered), tuple(diagnostics)


def _visit(
    specs: SpecSet, folder: str, trail: tuple[str, ...], ordered: list[str], diagnostics: list[Diagnostic]
) -> None:
    if folder in ordered:
        return
    for index, extended in enumerate(_extends(specs, folder)):
        if extended in (*trail, folder):
            diagnostics.append(_cycle(specs, folder, index, (*trail, folder, extended)))
        elif extended not in specs.folders:
            diagnostics.append(_missing_folder(specs, folder, index, extended))
        else:
            _visit(specs, extended, (*trail, folder), ordered, diagnostics)
    if folder not in ordered:
        ordered.append(folder)


def _extends(specs: SpecSet, folder: str) -> Sequence[str]:
    """What a folder's Environment document extends; a wrong shape is the schema's to report."""
    document = _environment_document(specs, folder)
    spec = document.value.get("spec") if document is not None else None
    extends = spec.get("extends") if isinstance(spec, Mapping) else None
    return [name for name in extends if isinstance(name, str)] if isinstance(extends, list) else []


def _environment_document(specs: SpecSet, folder: str) -> Document | None:
    return next((d for d in specs.folders.get(folder, ()) if d.kind == ENVIRONMENT), None)


def _name_of(folder: str) -> str:
    """Names become labels and branches, where a slash would split them."""
    return folder.replace("/", "-")


def _cycle(specs: SpecSet, folder: str, index: int, trail: tuple[str, ...]) -> Diagnostic:
    path = " → ".join(trail[trail.index(trail[-1]) :])
    return Diagnostic(
        codes.EXTENDS_CYCLE,
        f"folders extend each other in a circle: {path}",
        at=_extends_place(specs, folder, index),
        hint="remove one of these entries of `extends`",
    )


def _missing_folder(specs: SpecSet, folder: str, index: int, extended: str) -> Diagnostic:
    known = sorted(name for name in specs.folders if name != folder)
    return Diagnostic(
        codes.UNKNOWN_FOLDER,
        f"`{folder}` extends `{extended}`, and there is no folder environments/{extended} with documents",
        at=_extends_place(specs, folder, index),
        hint=did_you_mean(extended, known) or f"folders of this project: {', '.join(known) or 'none'}",
    )


def _extends_place(specs: SpecSet, folder: str, index: int) -> Place | None:
    document = _environment_document(specs, folder)
    return None if document is None else document.place(("spec", "extends", index))


def _misnamed(document: Document, folder: str) -> tuple[Diagnostic, ...]:
    expected = _name_of(folder)
    if document.name == expected:
        return ()
    return (
        Diagnostic(
            codes.ENVIRONMENT_NAME,
            f"the environment in environments/{folder} is named `{document.name}`",
            at=document.place(("metadata", "name")),
            hint=f"name it `{expected}`, or move it to environments/{document.name}",
            subject=str(document.address),
        ),
    )


def _collect(
    specs: SpecSet, folders: Sequence[str]
) -> tuple[Mapping[SpecAddress, tuple[Document, ...]], tuple[Diagnostic, ...]]:
    layers: dict[SpecAddress, tuple[Document, ...]] = {}
    duplicates: list[Diagnostic] = []
    for folder in folders:
        first: dict[SpecAddress, Document] = {}
        for document in specs.folders[folder]:
            if document.kind == PROJECT:
                continue
            if (earlier := first.setdefault(document.address, document)) is not document:
                duplicates.append(_duplicate(earlier, document, folder))
            elif document.kind != ENVIRONMENT:
                layers[document.address] = (*layers.get(document.address, ()), document)
    return layers, tuple(duplicates)


def _duplicate(earlier: Document, document: Document, folder: str) -> Diagnostic:
    return Diagnostic(
        codes.DUPLICATE_DOCUMENT,
        f"{document.kind} `{document.name}` is declared twice in environments/{folder}",
        at=document.place(("metadata", "name")),
        hint="remove or rename one of them; to change an inherited document, write an overlay in another folder",
        related=(Related("declared here first", earlier.place(("metadata", "name"))),),
        subject=str(document.address),
    )
