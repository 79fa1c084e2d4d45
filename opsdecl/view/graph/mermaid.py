"""A graph as a Mermaid flowchart. Names are labels only; identifiers are numbers, so that no name can break it."""

from opsdecl.compile.types import Graph
from opsdecl.view.cells import printable
from opsdecl.view.graph.edges import by_document, edges_of

_ARROWS = {"references": "-.->", "dependsOn": "-->"}


def render_mermaid(graph: Graph) -> str:
    documents = by_document(graph)
    ids = {str(address): f"d{index}" for index, address in enumerate(documents)}
    ids |= {str(resource.address): f"r{index}" for index, resource in enumerate(graph.resources)}
    rows = ["flowchart LR"]
    for address, resources in documents.items():
        name = f'{ids[str(address)]}["{label(f"{address.kind} {address.name}")}"]'
        inner = [f'    {ids[str(resource.address)]}["{label(str(resource.key))}"]' for resource in resources]
        # Renderers disagree about empty subgraphs; a document without resources is a plain box.
        rows += [f"  subgraph {name}", *inner, "  end"] if inner else [f"  {name}"]
    for edge in edges_of(graph):
        if edge.kind != "owns" and edge.source in ids and edge.target in ids:
            rows.append(f"  {ids[edge.source]} {_ARROWS[edge.kind]} {ids[edge.target]}")
    return "\n".join(rows) + "\n"


def label(text: str) -> str:
    """Everything that could end a quoted label or be read as Markdown or HTML becomes a numbered entity."""
    return "".join(char if char.isalnum() or char in " ./-:" else f"#{ord(char)};" for char in printable(text))
