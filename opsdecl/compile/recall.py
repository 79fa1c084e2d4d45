"""Compiled documents and their resources as JSON and back, for later runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.compile.document import DocumentResult
from opsdecl.compile.layers import Source
from opsdecl.compile.types import CompiledDocument, Resource
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


class RecalledResource(Resource):
    """A resource as an earlier run lowered it. Its inputs are made again, by `lower`, when somebody looks at them."""

    def __init__(self, address: Address, head: Json, lower: Callable[[], Mapping[Address, Resource]]) -> None:
        token, key, depends_on, protect, aliases, ignore_changes = head
        values = {
            "address": address,
            "token": str(token),
            "key": ObjectKey(*map(str, key)),
            "depends_on": tuple(map(Address.parse, depends_on)),
            "protect": protect is True,
            "aliases": tuple(map(Address.parse, aliases)),
            "ignore_changes": tuple(map(tuple, ignore_changes)),
            "_lower": lower,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @cached_property
    def inputs(self) -> Mapping[str, Any]:
        lower: Callable[[], Mapping[Address, Resource]] = self.__dict__["_lower"]
        return lower()[self.address].inputs


def encode_resources(resources: Sequence[Resource]) -> Json:
    """Everything but the inputs, by variant and role."""
    return [[r.address.variant, r.address.role, _head(r)] for r in resources]


def _head(resource: Resource) -> Json:
    key = resource.key
    return [
        resource.token,
        [key.api_version, key.kind, key.namespace, key.name],
        [str(address) for address in resource.depends_on],
        resource.protect,
        [str(address) for address in resource.aliases],
        [list(path) for path in resource.ignore_changes],
    ]


def decode_resources(
    spec: SpecAddress, rows: Json, lower: Callable[[], tuple[Resource, ...]]
) -> tuple[Resource, ...] | None:
    """None for anything that `encode_resources` did not make."""

    @cache
    def lowered() -> Mapping[Address, Resource]:
        return {resource.address: resource for resource in lower()}

    try:
        return tuple(RecalledResource(Address(spec, variant, role), head, lowered) for variant, role, head in rows)
    except (ValueError, TypeError, AttributeError):
        return None
