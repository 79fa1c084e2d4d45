"""A graph as an indented tree."""

from collections.abc import Sequence

from opsdecl.addr import SpecAddress
from opsdecl.compile.types import Graph, Resource
from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.graph.edges import by_document
from opsdecl.view.style import BOLD, DIM, ink_for


def render_tree(graph: Graph, *, color: bool = False) -> str:
    """Each document with what it refers to, below it its resources with what they wait for."""
    rows = [[Cell(printable(str(graph.release)), BOLD)]]
    documents = list(by_document(graph).items())
    for index, (address, resources) in enumerate(documents):
        is_last = index == len(documents) - 1
        rows.append(_document(graph, address, "└─ " if is_last else "├─ "))
        rows += _resources(resources, "   " if is_last else "│  ")
    return "\n".join(align(rows, ink_for(color))) + "\n"


def _document(graph: Graph, address: SpecAddress, branch: str) -> list[Cell]:
    document = graph.document(address)
    used = (
        dict.fromkeys(str(target).replace(".", " ", 1) for target in document.references.values()) if document else {}
    )
    uses = printable(f"uses {', '.join(used)}") if used else ""
    return [Cell(branch + printable(f"{address.kind} {address.name}"), BOLD), Cell(uses, DIM)]


def _resources(resources: Sequence[Resource], lead: str) -> list[list[Cell]]:
    rows = []
    for index, resource in enumerate(resources):
        branch = "└─ " if index == len(resources) - 1 else "├─ "
        waits = ", ".join(_name(resource, target.spec, target.role) for target in resource.depends_on)
        protected = "protected" if resource.protect else ""
        notes = " · ".join(note for note in (f"after {waits}" if waits else "", protected) if note)
        name = resource.address.role if resource.address.variant == "main" else _variant(resource)
        rows.append(
            [Cell(lead + branch + printable(name)), Cell(printable(str(resource.key))), Cell(printable(notes), DIM)]
        )
    return rows


def _variant(resource: Resource) -> str:
    return f"{resource.address.variant}/{resource.address.role}"


def _name(resource: Resource, owner: SpecAddress, role: str) -> str:
    return role if owner == resource.parent else f"{owner} {role}"
