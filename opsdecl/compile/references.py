"""Names in a document -> what they name: documents, entries of the catalogue, pools, namespaces."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress, format_path
from opsdecl.catalog.types import ModelFacts
from opsdecl.compile.interpolate import OPENING
from opsdecl.compile.memo import Ask, Question
from opsdecl.compile.schema import PlaceOf
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, SpecPath
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.codes import drift, knowledge
from opsdecl.diag.nearest import nearest
from opsdecl.spec.types import Json

ANY = "*"
MAX_LISTED = 8


class Cycle(Struct, frozen=True):
    """The answer to a document that asks for one which waits for it: the whole way round."""

    trail: tuple[SpecAddress, ...]


class Broken(Struct, frozen=True):
    """The answer where a document exists and could not be compiled: it has findings of its own."""


class Resolved(Struct, frozen=True):
    """`documents` by root of `effective`; `complete` is False where something named is missing or broken."""

    documents: Mapping[str, CompiledDocument]
    model: ModelFacts | None
    complete: bool
    diagnostics: tuple[Diagnostic, ...]


class _Named(Struct, frozen=True):
    """One reference: where it stands, the name, and what kind of thing it names."""

    path: SpecPath
    name: str
    target: str


def resolve(
    address: SpecAddress,
    value: Mapping[str, Json],
    references: Sequence[tuple[SpecPath, str]],
    place: PlaceOf,
    ask: Ask,
) -> Resolved:
    """Every reference of a document. Texts only: other shapes name nothing, wrong ones are the schema's to report."""
    documents: dict[str, CompiledDocument] = {}
    model: ModelFacts | None = None
    findings: list[Diagnostic] = []
    complete = True
    for named in _named(value, references):
        found = ask(_question(named)).value
        if isinstance(found, CompiledDocument):
            documents[_root(named, documents)] = found
        elif isinstance(found, ModelFacts):
            model = found
        elif isinstance(found, Broken):
            complete = False
        elif found is None or isinstance(found, Cycle):
            complete = False
            findings.append(_finding(named, found, place, ask, str(address)))
    return Resolved(documents, model, complete, tuple(findings))


def select(value: Json, selections: Sequence[tuple[SpecPath, tuple[str, ...]]], ask: Ask) -> Resolved:
    """Documents that have all the labels at a path of `value`; no labels name nothing."""
    documents: dict[str, CompiledDocument] = {}
    complete = True
    for path, kinds in selections:
        labels = next((found for _, found in _values_at(value, path, ()) if isinstance(found, Mapping)), {})
        for kind in kinds if labels else ():
            for name in ask(Question("names", kind)).value:
                found = ask(Question("document", kind, name)).value
                complete = complete and not isinstance(found, Broken)
                if isinstance(found, CompiledDocument) and _has_labels(found, labels):
                    documents[_root_of(kind, name)] = found
    return Resolved(documents, None, complete, ())


def _has_labels(document: CompiledDocument, labels: Mapping[str, Json]) -> bool:
    own = document.effective["metadata"].get("labels", {})
    return all(own.get(name) == value for name, value in labels.items())


def documents_named(value: Json, references: Sequence[tuple[SpecPath, str]]) -> Iterator[tuple[SpecPath, SpecAddress]]:
    """Documents that a value names, each with where; entries of tables are left out."""
    for named in _named(value, references):
        if named.target[:1].isupper():
            yield named.path, SpecAddress(named.target, named.name)


def _named(value: Json, references: Sequence[tuple[SpecPath, str]]) -> Iterator[_Named]:
    for pattern, target in references:
        for path, name in _texts_at(value, pattern):
            # An expression that is still there has a finding of its own.
            if OPENING not in name:
                yield _Named(path, name, target)


def _texts_at(value: Json, pattern: SpecPath) -> Iterator[tuple[SpecPath, str]]:
    """The text at a path, or each text of a list there."""
    for path, found in _values_at(value, pattern, ()):
        if isinstance(found, str):
            yield path, found
        elif isinstance(found, list):
            yield from (((*path, index), text) for index, text in enumerate(found) if isinstance(text, str))


def _values_at(value: Json, pattern: SpecPath, path: SpecPath) -> Iterator[tuple[SpecPath, Json]]:
    if not pattern:
        yield path, value
    elif pattern[0] == ANY:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for part, item in items:
            yield from _values_at(item, pattern[1:], (*path, part))
    elif isinstance(value, dict) and pattern[0] in value:
        yield from _values_at(value[str(pattern[0])], pattern[1:], (*path, pattern[0]))


def _root(named: _Named, taken: Mapping[str, object]) -> str:
    """The last name on the path, or the whole path where two references share it. In a list, what is named: its place
    there moves when another entry goes."""
    if any(isinstance(part, int) for part in named.path):
        return _root_of(named.target, named.name)
    name = str(named.path[-1])
    return name if name not in taken else format_path(named.path)


def _root_of(kind: str, name: str) -> str:
    return f"{kind.lower()}-{name}"


_ITSELF: Mapping[str, tuple[Code, str, str]] = {
    "Dataset": (
        drift.SAME_DATA,
        "{} is compared with itself",
        "name another dataset, or what this one was before: `earlier: {digest: …}`",
    )
}
"""Kinds of which a document has something better to name than itself: code, message and hint."""
_TABLES = {"catalog/models": "model", "catalog/gpus": "gpu", "pools": "pool", "namespaces": "namespace"}


def _question(named: _Named) -> Question:
    table = _TABLES.get(named.target)
    return Question(table, "", named.name) if table else Question("document", named.target, named.name)


def _finding(named: _Named, found: Cycle | None, place: PlaceOf, ask: Ask, subject: str) -> Diagnostic:
    at = place(named.path)
    itself = _ITSELF.get(named.target) if str(SpecAddress(named.target, named.name)) == subject else None
    if itself is not None:
        return Diagnostic(itself[0], itself[1].format(subject), at=at, hint=itself[2], subject=subject)
    if isinstance(found, Cycle):
        way = " → ".join(map(str, found.trail))
        hint = f"remove one of these references, for example `{format_path(named.path)}` here"
        message = f"documents refer to each other in a circle: {way}"
        return Diagnostic(codes.REFERENCE_CYCLE, message, at=at, hint=hint, subject=subject)
    names = ask(Question("names", named.target)).value
    code, what = _missing(named.target)
    message = f"`{_field(named.path)}: {named.name}` names no {what}"
    return Diagnostic(code, message, at=at, hint=hint_for(named.name, names, what), subject=subject)


def hint_for(name: str, names: Sequence[str], what: str) -> str:
    """The nearest name where one is close, and what there is to choose from."""
    if not names:
        return f"there is no {what}; add one, or remove the field"
    close = nearest(name, names)
    listed = ", ".join(sorted(names)[:MAX_LISTED]) + (", …" if len(names) > MAX_LISTED else "")
    return f"did you mean `{close}`? There are: {listed}" if close else f"use one of: {listed}"


def _missing(target: str) -> tuple[Code, str]:
    tables = {
        "catalog/models": (knowledge.UNKNOWN_MODEL, "model of the catalogue"),
        "catalog/gpus": (knowledge.UNKNOWN_GPU, "GPU of the catalogue"),
        "pools": (codes.UNKNOWN_POOL, "node pool of this environment"),
        "namespaces": (codes.UNKNOWN_NAMESPACE, "namespace of this environment"),
    }
    return tables.get(target, (codes.UNKNOWN_REFERENCE, f"{target} of this environment"))


def _field(path: SpecPath) -> str:
    """As people say it: without the leading `spec`."""
    return format_path(path[1:] if path and path[0] == "spec" else path)
