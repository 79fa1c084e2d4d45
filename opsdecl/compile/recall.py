"""Compiled documents as JSON and back, for later runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from opsdecl.addr import SpecAddress
from opsdecl.compile.document import DocumentResult
from opsdecl.compile.layers import Source
from opsdecl.compile.types import CompiledDocument
from opsdecl.spec.kinds import API_VERSION, KINDS
from opsdecl.spec.types import Json


class RecalledDocument(CompiledDocument):
    """A document as an earlier run compiled it. Its model is validated again when somebody looks at it."""

    def __init__(self, source: Source, kept: Mapping[str, Json]) -> None:
        references = {root: SpecAddress.parse(name) for root, name in kept["references"].items()}
        values = {
            "address": source.address,
            "value": dict(kept["value"]),
            "effective": dict(kept["effective"]),
            "layers": source.layers,
            "references": references,
            "digest": str(kept["digest"]),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @cached_property
    def model(self) -> Any:
        kind = self.address.kind
        return KINDS[kind].model.model_validate({"apiVersion": API_VERSION, "kind": kind, **self.value})


@dataclass(frozen=True, slots=True)
class DocumentCodec:
    """Of a document compiled from `source`. Those with findings are compiled again, since findings hold places."""

    source: Source

    def encode(self, result: DocumentResult) -> Json:
        document = result.document
        if document is None or result.diagnostics:
            return None
        return {
            "value": document.value,
            "effective": document.effective,
            "references": {root: str(address) for root, address in document.references.items()},
            "digest": document.digest,
            "used": [list(name) for name in result.used],
        }

    def decode(self, value: Json) -> DocumentResult:
        used = tuple(tuple(map(str, name)) for name in value["used"])
        return DocumentResult(self.source, RecalledDocument(self.source, value), used, ())
