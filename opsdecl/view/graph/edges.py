"""What a graph says, in terms that all its views share."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.types import Graph, Resource


class Edge(Struct, frozen=True):
    """`references` between documents, `owns` from a document to its resource, `dependsOn` between resources."""

    kind: Literal["references", "owns", "dependsOn"]
    source: str
    target: str


def edges_of(graph: Graph) -> tuple[Edge, ...]:
    """In the order of the graph."""
    references = [
        Edge("references", str(document.address), str(target))
        for document in graph.documents
        for target in dict.fromkeys(document.references.values())
    ]
    owns = [Edge("owns", str(resource.parent), str(resource.address)) for resource in graph.resources]
    depends = [
        Edge("dependsOn", str(resource.address), str(target))
        for resource in graph.resources
        for target in resource.depends_on
    ]
    return (*references, *owns, *depends)


def by_document(graph: Graph) -> Mapping[SpecAddress, tuple[Resource, ...]]:
    """Every document with its resources; a document without any has none. Owners that are no document come last."""
    found: dict[SpecAddress, list[Resource]] = {document.address: [] for document in graph.documents}
    for resource in graph.resources:
        found.setdefault(resource.parent, []).append(resource)
    return {address: tuple(resources) for address, resources in found.items()}
