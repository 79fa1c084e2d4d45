"""Where a value of a document's effective tree was set, as the graph knows it."""

from collections.abc import Callable

from opsdecl.addr import SpecAddress
from opsdecl.compile.types import Graph
from opsdecl.diag import Place, SpecPath

PlaceOf = Callable[[SpecAddress, SpecPath], Place | None]
"""The place of the layer that won; None for values that no file set."""


def placer(graph: Graph) -> PlaceOf:
    def place_of(address: SpecAddress, path: SpecPath) -> Place | None:
        setters = graph.setters(address, path)
        return setters[-1].place if setters else None

    return place_of
