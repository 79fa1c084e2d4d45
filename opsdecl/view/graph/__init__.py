"""A graph as a text tree, Mermaid, DOT and JSON."""

from opsdecl.view.graph.as_json import render_json
from opsdecl.view.graph.dot import render_dot
from opsdecl.view.graph.mermaid import render_mermaid
from opsdecl.view.graph.tree import render_tree

__all__ = ["render_dot", "render_json", "render_mermaid", "render_tree"]
