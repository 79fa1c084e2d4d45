"""Compiled documents as JSON and back, for later runs."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.document import DocumentResult
from opsdecl.compile.layers import Source
from opsdecl.compile.types import CompiledDocument
from opsdecl.spec.types import Json


class RecalledDocument(CompiledDocument):
    """A document as an earlier run compiled it. `compile_again` gives what is seldom looked at."""

    def __init__(self, source: Source, kept: Mapping[str, Json], compile_again: Callable[[], DocumentResult]) -> None:
        references = {root: SpecAddress.parse(name) for root, name in kept["references"].items()}
        values = {
            "address": source.address,
            "effective": dict(kept["effective"]),
            "layers": source.layers,
            "references": references,
            "digest": str(kept["digest"]),
            "_compile_again": compile_again,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @cached_property
    def model(self) -> Any:
        return self._again.model

    @cached_property
    def value(self) -> Mapping[str, Json]:
        return self._again.value

    @cached_property
    def _again(self) -> CompiledDocument:
        compile_again: Callable[[], DocumentResult] = self.__dict__["_compile_again"]
        document = compile_again().document
        if document is None:
            raise ValueError(f"{self.address} compiled before, and does not now")
        return document


class DocumentCodec(Struct, frozen=True):
    """Of a document compiled from `source`. Those with findings are compiled again, since findings hold places."""

    source: Source
    compile_again: Callable[[], DocumentResult]

    def encode(self, result: DocumentResult) -> Json:
        document = result.document
        if document is None or result.diagnostics:
            return None
        return {
            "effective": document.effective,
            "references": {root: str(address) for root, address in document.references.items()},
            "digest": document.digest,
            "used": [list(name) for name in result.used],
        }

    def decode(self, value: Json) -> DocumentResult:
        used = tuple(tuple(map(str, name)) for name in value["used"])
        return DocumentResult(self.source, RecalledDocument(self.source, value, self.compile_again), used, ())
