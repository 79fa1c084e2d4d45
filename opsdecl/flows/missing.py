"""Documents that promoted values name and the other environment lacks: found before anything is written, and carried
over with the rest where somebody wants that."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress, format_path
from opsdecl.compile.references import documents_named
from opsdecl.compile.schema import schema_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes.promoting import MISSING_THERE
from opsdecl.flows.build import Built
from opsdecl.flows.project import place_of
from opsdecl.flows.promotion import Move, written_at

_OWN = frozenset(("name", "movedFrom"))
"""Of metadata: what is written anyhow, and names that the document never had there."""


class Missing(Struct, frozen=True):
    """A document that only the first environment has, and which document names it, where."""

    document: CompiledDocument
    named_by: SpecAddress
    path: SpecPath


def missing_there(
    source: Built, target: Built, moves: Sequence[Move], into: Mapping[SpecAddress, SpecAddress]
) -> tuple[Missing, ...]:
    """What values that are carried over name, and what that names in turn, each document once. `into`: whose values
    which document takes over."""
    here = {document.address: document for document in source.graph.documents}
    there = {document.address for document in target.graph.documents}
    origins = {taker: giver for giver, taker in into.items()}
    found: dict[SpecAddress, Missing] = {}
    asked = list(_carried(here, moves, origins))
    while asked:
        named_by, path, address = asked.pop(0)
        if address in here and address not in there and address not in found:
            found[address] = Missing(here[address], named_by, path)
            asked += [(address, *named) for named in _names(here[address])]
    return tuple(found.values())


def _carried(
    here: Mapping[SpecAddress, CompiledDocument],
    moves: Sequence[Move],
    origins: Mapping[SpecAddress, SpecAddress],
) -> Iterator[tuple[SpecAddress, SpecPath, SpecAddress]]:
    for move in moves:
        origin = origins.get(move.address, move.address)
        for path, address in _names(here[origin]):
            if path[: len(move.path)] == move.path:
                yield origin, path, address


def _names(document: CompiledDocument) -> Iterator[tuple[SpecPath, SpecAddress]]:
    schema = schema_of(document.address.kind)
    return documents_named(document.value, schema.references) if schema is not None else iter(())


def missing_findings(source: Built, target: Built, missing: Sequence[Missing], command: str) -> Iterator[Diagnostic]:
    """At the lines of the first environment; `command` carries them over as well."""
    here, there = (side.environment.address.name for side in (source, target))
    for each in missing:
        address = each.document.address
        yield Diagnostic(
            MISSING_THERE,
            f"{there} has no {address}, which {each.named_by} names in {here} at `{format_path(each.path)}`",
            at=place_of(source.graph, each.named_by, each.path),
            hint=f"carry it over as well: `{command}`, or write one of {there}'s own first",
            subject=str(address),
        )


def whole_documents(source: Built, target: Built, missing: Sequence[Missing]) -> tuple[Move, ...]:
    """Each document as it is written, in a file of the other environment."""
    return tuple(move for each in missing for move in _whole(source, each.document, target.environment.address.name))


def _whole(source: Built, document: CompiledDocument, there: str) -> Iterator[Move]:
    file = f"environments/{there}/{document.address.name}.yaml"
    metadata = document.value.get("metadata") or {}
    paths: list[SpecPath] = [("metadata", name) for name in metadata if name not in _OWN]
    for path in (*paths, ("spec",)):
        yield Move(document.address, path, written_at(source.graph, document, path), file)
