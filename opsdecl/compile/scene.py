"""A compiled environment as its checks see it."""

from collections.abc import Callable, Mapping
from functools import cached_property

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.catalog.types import Catalog
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Place, SpecPath
from opsdecl.spec.kinds.run import RUN_KINDS
from opsdecl.spec.types import Json

PlaceIn = Callable[[SpecAddress, SpecPath], Place]


class Scene(Struct, frozen=True, dict=True):
    """Everything that compiled. `used` are the names that expressions used; `complete` says that nothing is missing
    because of an error, so that what is absent is absent on purpose."""

    environment: CompiledDocument
    documents: Mapping[SpecAddress, CompiledDocument]
    catalog: Catalog
    used: frozenset[tuple[str, ...]]
    complete: bool
    place: PlaceIn

    @property
    def settings(self) -> Mapping[str, Json]:
        """The environment's effective `spec`."""
        spec: Mapping[str, Json] = self.environment.effective["spec"]
        return spec

    def served(self) -> tuple[CompiledDocument, ...]:
        """Documents that become pods."""
        return self._served

    def lasting(self) -> tuple[CompiledDocument, ...]:
        """Documents whose pods run all the time."""
        return tuple(document for document in self._served if document.address.kind not in RUN_KINDS)

    @cached_property
    def _served(self) -> tuple[CompiledDocument, ...]:
        return tuple(d for d in self.documents.values() if "namespace" in d.effective["metadata"])

    def in_environment(self, path: SpecPath) -> Place:
        return self.place(self.environment.address, path)
