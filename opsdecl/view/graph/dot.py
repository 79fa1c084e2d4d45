"""A graph as DOT, for Graphviz."""

from opsdecl.compile.types import Graph
from opsdecl.view.cells import printable
from opsdecl.view.graph.edges import by_document, edges_of

_STYLES = {"references": " [style=dashed]", "dependsOn": ""}


def render_dot(graph: Graph) -> str:
    documents = by_document(graph)
    nodes = {str(address) for address in documents} | {str(resource.address) for resource in graph.resources}
    rows = [f"digraph {quoted(str(graph.release))} {{", "  rankdir=LR;", "  node [shape=box];"]
    for index, (address, resources) in enumerate(documents.items()):
        rows += [f"  subgraph cluster_{index} {{", f"    label={quoted(f'{address.kind} {address.name}')};"]
        rows.append(f"    {quoted(str(address))} [shape=plaintext, label={quoted(str(address))}];")
        rows += [f"    {quoted(str(r.address))} [label={quoted(str(r.key))}];" for r in resources]
        rows.append("  }")
    for edge in edges_of(graph):
        if edge.kind != "owns" and {edge.source, edge.target} <= nodes:
            rows.append(f"  {quoted(edge.source)} -> {quoted(edge.target)}{_STYLES[edge.kind]};")
    return "\n".join([*rows, "}"]) + "\n"


def quoted(text: str) -> str:
    """A quoted identifier. Backslashes are doubled, since labels know escapes such as `\\N`."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
