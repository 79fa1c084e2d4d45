"""What one environment answers with and another does not yet -> values for the other's overlays."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.types import CompiledDocument, Graph
from opsdecl.diag import SpecPath
from opsdecl.diff.classify import document_meaning, leaves
from opsdecl.diff.compare import differences
from opsdecl.flows.build import Built
from opsdecl.flows.effects import effect_table
from opsdecl.spec.types import Json

PROMOTED = ("LLM", "Model", "Adapter", "Runtime")
_OPENING = "${{"


class Move(Struct, frozen=True):
    """One value that is carried over, as it is written; None takes away what the other environment set."""

    address: SpecAddress
    path: SpecPath
    value: Json
    file: str
    """The file of the overlay that gets it."""


def moves_between(
    source: Built, target: Built, names: Sequence[str], into: Mapping[SpecAddress, SpecAddress] | None = None
) -> tuple[Move, ...]:
    """Of the named documents, or of all that both have. Fields whose change means other answers are carried over, and
    the card with them; size, replicas and the like are each environment's own. `into`: documents whose values another
    one takes over."""
    there = {document.address: document for document in target.graph.documents}
    found: list[Move] = []
    for document in source.graph.documents:
        other = there.get((into or {}).get(document.address, document.address))
        chosen = not names or str(document.address) in names
        if other is not None and chosen and document.address.kind in PROMOTED:
            file = overlay_of(other, target.environment.address.name)
            for path in _paths(document, other):
                value = written_at(source.graph, document, path)
                # The same expression, which only comes out differently in the other environment.
                if value != written_at(target.graph, other, path):
                    found.append(Move(other.address, path, value, file))
    return tuple(found)


def _paths(document: CompiledDocument, other: CompiledDocument) -> tuple[SpecPath, ...]:
    """Own fields that differ and matter; of a list, the whole list."""
    told = list(_told(document, other))
    answers = [path for path, behaves in told if behaves]
    card = [path for path, _ in told if path[:2] == ("spec", "card")]
    return tuple(dict.fromkeys((*answers, *card))) if answers else ()


def _told(document: CompiledDocument, other: CompiledDocument) -> Iterator[tuple[SpecPath, bool]]:
    for whole in differences(other.effective, document.effective):
        for leaf in leaves(whole):
            if leaf.path[0] == "spec":
                meaning = document_meaning(effect_table(), document.address.kind, document.references, leaf)
                names = [part for part in leaf.path if isinstance(part, str)]
                depth = next((n for n, part in enumerate(leaf.path) if not isinstance(part, str)), len(leaf.path))
                yield tuple(names[:depth]), "behaviour" in meaning.classes


def overlay_of(document: CompiledDocument, environment: str) -> str:
    """The file in which the environment says something of the document already, else one of its own."""
    own = [layer.file for layer in document.layers if layer.file.startswith(f"environments/{environment}/")]
    return own[-1] if own else f"environments/{environment}/{document.address.name}.yaml"


def written_at(graph: Graph, document: CompiledDocument, path: SpecPath) -> Json:
    """As people wrote it, so that an expression is worked out anew in the other environment."""
    value: Any = document.value
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return _raw(graph, document.address, path, value)


def _raw(graph: Graph, address: SpecAddress, path: SpecPath, value: Any) -> Json:
    if isinstance(value, dict):
        return {name: _raw(graph, address, (*path, name), item) for name, item in value.items()}
    if isinstance(value, list):
        return [_raw(graph, address, (*path, index), item) for index, item in enumerate(value)]
    setters = graph.setters(address, path)
    won = setters[-1] if setters and setters[-1].place.path == path else None
    return won.value if won is not None and isinstance(won.value, str) and _OPENING in won.value else value
