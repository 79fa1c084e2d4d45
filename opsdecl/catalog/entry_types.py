"""An entry of any table, with what follows from it, as it is shown to people."""

from collections.abc import Mapping

from msgspec import Struct

from opsdecl.catalog.engine_types import EngineFacts
from opsdecl.catalog.types import GpuFacts, GpuPrice, ModelFacts, ModelFigures, NodeShape

Facts = ModelFacts | GpuFacts | NodeShape | EngineFacts


class Shown(Struct, frozen=True):
    """`own` is the project's file that the entry is from, empty for built-in ones; `config` a model's shape."""

    table: str
    facts: Facts
    own: str = ""
    overrides: bool = False
    figures: ModelFigures | None = None
    prices: tuple[GpuPrice, ...] = ()
    config: Mapping[str, object] | None = None


class Added(Struct, frozen=True):
    """The entry that was written, with what its files say and what follows from its shape, in GiB."""

    name: str
    path: str
    uri: str
    revision: str
    license: str
    gated: bool
    files: int
    weights_gib: float
    parameters: int
    reckoned_gib: float
    reckoned_parameters: int
    replaces_built_in: bool
