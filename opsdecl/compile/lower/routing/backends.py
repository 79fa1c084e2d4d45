"""The models of a Route as its objects refer to them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from opsdecl.addr import MAIN, Address
from opsdecl.compile.lower.names import base_name, shorten
from opsdecl.compile.lower.native.service import HTTP
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.routed import address_of, destinations, weight_of
from opsdecl.compile.types import CompiledDocument, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.types import Json

POOL_API, POOL_GROUP, POOL_KIND = "inference.networking.k8s.io/v1", "inference.networking.k8s.io", "InferencePool"
POOL = "pool"
"""Role of the InferencePool of a language model."""


class Routed(Struct, frozen=True):
    """An entry of `backends` or `shadow` and its model. `path` is the entry's, `root` where the model's facts stand in
    the Route's effective tree."""

    entry: Mapping[str, Json]
    document: CompiledDocument
    path: SpecPath
    root: str
    weight: int = 0

    @property
    def base(self) -> str:
        """Base of the names of the model's objects."""
        return shorten(base_name(self.document.model.metadata))

    def at(self, field: str) -> SpecPath:
        """A field of the entry where it is set, else the entry."""
        return (*self.path, field) if field in self.entry else self.path

    @property
    def model_at(self) -> SpecPath:
        """Where the model is named."""
        return (*self.path, "llm" if "llm" in self.entry else "model")


def routed(subject: Subject, *fields: str) -> Iterator[Routed]:
    """Entries of `backends` and `shadow` in their order."""
    spec = subject.document.effective["spec"]
    by_address = {document.address: document for document in subject.watched}
    roots = {address: root for root, address in subject.document.references.items()}
    for field, index, entry in destinations(spec, *fields):
        address = address_of(entry)
        weight = weight_of(entry, spec["backends"]) if field == "backends" else 0
        yield Routed(entry, by_address[address], ("spec", field, index), roots[address], weight)


def served(subject: Subject, each: Routed) -> Mapping[str, Json]:
    """What the Route knows of the model."""
    facts: Mapping[str, Json] = subject.document.effective[each.root]["served"]
    return facts


def service_reference(each: Routed, name: str = "") -> dict[str, Any]:
    """Everything that the API server would fill in is said, so that what comes back is what was sent."""
    return {"group": "", "kind": "Service", "name": Traced(name or each.base, each.model_at), "port": HTTP}


def pool_reference(each: Routed) -> dict[str, Any]:
    return {"group": POOL_GROUP, "kind": POOL_KIND, "name": Traced(each.base, each.model_at)}


def needed(subject: Subject, models: Iterable[Routed]) -> tuple[Address, ...]:
    """What must be ready before requests come: the models' pods."""
    found = (Address(each.document.address, MAIN, served(subject, each)["workload"]) for each in models)
    return tuple(dict.fromkeys(found))
