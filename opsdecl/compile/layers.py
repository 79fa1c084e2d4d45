"""A project's folders -> the layers of one environment, lowest first, and the documents in them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import SpecAddress, digest_of_texts
from opsdecl.compile.merge import DELETE
from opsdecl.diag import Checked, Diagnostic, Place, Related
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.types import Document, SpecSet

ENVIRONMENT = "Environment"
PROJECT = "Project"


class Source(Struct, frozen=True, dict=True):
    """What one document is compiled from: its layers, lowest first. `own` says that the last one lies in the
    environment's own folder, `alone` that there are lower folders and none of them has it."""

    address: SpecAddress
    layers: tuple[Document, ...]
    own: bool = True
    alone: bool = False

    @cached_property
    def identity(self) -> str:
        """Equal for equal content at equal places, in any run."""
        layers = [text for layer in self.layers for text in (layer.file, str(layer.index), layer.digest)]
        return digest_of_texts([*self.address, str(self.own), str(self.alone), *layers])


class Layers(Struct, frozen=True):
    """`folders` in the order in which they are laid, the environment's own last. `inherited` are the names of each kind
    that lower folders declare.

    The lower layers of `environment` hold only the variables of the environments that it extends: targets, capacity,
    approvals and the like are each environment's own."""

    environment: Source
    folders: tuple[str, ...]
    documents: Mapping[SpecAddress, Source]
    inherited: Mapping[str, tuple[str, ...]]


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
    documents, inherited, found_in_folders = _collect(specs, folders)
    environments = [d for folder in folders[:-1] if (d := _environment_document(specs, folder)) is not None]
    layers = (*(_only_variables(d) for d in environments), own)
    value = Layers(Source(own.address, layers), folders, documents, inherited)
    return Checked(value, (*diagnostics, *_misnamed(own, found.value), *found_in_folders))


def _only_variables(environment: Document) -> Document:
    spec = environment.value.get("spec")
    variables = spec.get("variables") if isinstance(spec, Mapping) else None
    return replace(environment, value={"spec": {"variables": variables}} if variables else {})


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
        elif not any(_is_within(name, extended) for name in specs.folders):
            diagnostics.append(_missing_folder(specs, folder, index, extended))
        else:
            _visit(specs, extended, (*trail, folder), ordered, diagnostics)
    ordered.append(folder)


def _extends(specs: SpecSet, folder: str) -> Sequence[str]:
    """What a folder's Environment document extends; a wrong shape is the schema's to report."""
    document = _environment_document(specs, folder)
    spec = document.value.get("spec") if document is not None else None
    extends = spec.get("extends") if isinstance(spec, Mapping) else None
    return [name for name in extends if isinstance(name, str)] if isinstance(extends, list) else []


def _environment_document(specs: SpecSet, folder: str) -> Document | None:
    return next(iter(_environments(specs.folders.get(folder, ()), folder)), None)


def _environments(documents: Iterable[Document], folder: str) -> Sequence[Document]:
    """There should be one; where there are several, the one that is named after the folder counts."""
    found = [document for document in documents if document.kind == ENVIRONMENT]
    return sorted(found, key=lambda document: document.name != _name_of(folder))


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
) -> tuple[Mapping[SpecAddress, Source], Mapping[str, tuple[str, ...]], tuple[Diagnostic, ...]]:
    layers: dict[SpecAddress, tuple[Document, ...]] = {}
    inherited: dict[str, tuple[str, ...]] = {}
    diagnostics: list[Diagnostic] = []
    own: set[SpecAddress] = set()
    for folder in folders:
        inherited = _names_by_kind(layers)
        documents, found = _once(_documents_of(specs, folder, folders), folder)
        diagnostics += found
        own = set(documents)
        for address, document in documents.items():
            if DELETE in document.value:
                diagnostics += _deletion(document, address in layers, inherited.get(address.kind, ()))
                layers.pop(address, None)
            else:
                layers[address] = (*layers.get(address, ()), document)
    several = len(folders) > 1
    sources = {
        address: Source(address, found, address in own, several and address in own and len(found) == 1)
        for address, found in layers.items()
    }
    return sources, inherited, tuple(diagnostics)


def _documents_of(specs: SpecSet, folder: str, layers: Sequence[str]) -> Sequence[Document]:
    """Folders within a folder belong to it, except environments and what is a layer of its own."""
    inner = [
        name
        for name in specs.folders
        if name.startswith(f"{folder}/")
        and not any(
            _is_within(name, other)
            for other in (*layers, *specs.environments())
            if other != folder and _is_within(other, folder)
        )
    ]
    return [document for name in (folder, *inner) for document in specs.folders.get(name, ())]


def _is_within(folder: str, other: str) -> bool:
    return folder == other or folder.startswith(f"{other}/")


def unused_folders(specs: SpecSet) -> tuple[Diagnostic, ...]:
    """Folders that reach no environment."""
    used = {folder for name in specs.environments() for folder in linearise(specs, name)[0]}
    unused = [name for name in specs.folders if not any(_is_within(name, folder) for folder in used)]
    return tuple(_unused(specs.folders[name][0], name) for name in unused if used)


def _unused(document: Document, folder: str) -> Diagnostic:
    message = f"no environment extends environments/{folder}, so its documents are used nowhere"
    hint = f"add `{folder}` to spec.extends of an Environment, or remove the folder"
    return Diagnostic(codes.UNUSED_FOLDER, message, at=document.place(("kind",)), hint=hint)


def _names_by_kind(layers: Mapping[SpecAddress, object]) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for address in sorted(layers):
        names[address.kind] = (*names.get(address.kind, ()), address.name)
    return names


def _once(documents: Sequence[Document], folder: str) -> tuple[Mapping[SpecAddress, Document], Sequence[Diagnostic]]:
    """Documents of one folder by address; of two with one address the first counts."""
    first: dict[SpecAddress, Document] = {}
    duplicates: list[Diagnostic] = []
    for document in documents:
        if (earlier := first.setdefault(document.address, document)) is not document:
            duplicates.append(_duplicate(earlier, document, folder))
    environments = _environments(first.values(), folder)
    duplicates += [_another_environment(environments[0], other, folder) for other in environments[1:]]
    return {a: d for a, d in first.items() if a.kind not in (ENVIRONMENT, PROJECT)}, duplicates


def _another_environment(first: Document, document: Document, folder: str) -> Diagnostic:
    return Diagnostic(
        codes.DUPLICATE_DOCUMENT,
        f"a second Environment, `{document.name}`, in environments/{folder}",
        at=document.place(("metadata", "name")),
        hint="move it to a folder of its own, or remove it",
        related=(Related("the first one", first.place(("metadata", "name"))),),
        subject=str(document.address),
    )


def _deletion(document: Document, exists: bool, names: Sequence[str]) -> tuple[Diagnostic, ...]:
    at, subject = document.place((DELETE,)), str(document.address)
    if document.value[DELETE] is not True:
        message, hint = f"`$delete` of {document.address} is not `true`", "write `$delete: true`, or remove the line"
        return (Diagnostic(codes.DELETE_MISUSED, message, at=at, hint=hint, subject=subject),)
    if exists:
        return ()
    message = f"no folder that this environment extends has a {document.kind} `{document.name}` to delete"
    hint = did_you_mean(document.name, names) or "remove the document"
    return (Diagnostic(codes.DELETES_NOTHING, message, at=at, hint=hint, subject=subject),)


def _duplicate(earlier: Document, document: Document, folder: str) -> Diagnostic:
    return Diagnostic(
        codes.DUPLICATE_DOCUMENT,
        f"{document.kind} `{document.name}` is declared twice in environments/{folder}",
        at=document.place(("metadata", "name")),
        hint="remove or rename one of them; to change an inherited document, write an overlay in another folder",
        related=(Related("declared here first", earlier.place(("metadata", "name"))),),
        subject=str(document.address),
    )
