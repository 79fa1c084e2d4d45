"""Objects that are there, and the documents that they are proposed as."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import ObjectKey, SpecAddress


class Found(Struct, frozen=True):
    """One object. `name` is what whoever made it calls it, such as the logical name in a stack."""

    name: str
    data: Mapping[str, Any]

    @property
    def key(self) -> ObjectKey:
        metadata = self.data["metadata"]
        return ObjectKey(self.data["apiVersion"], self.data["kind"], metadata.get("namespace", ""), metadata["name"])


class Pool(Struct, frozen=True):
    """Nodes with GPUs of one type."""

    name: str
    gpu: str
    labels: Mapping[str, str]


class Surroundings(Struct, frozen=True):
    """What of an environment helps to read objects. `models` are names in the catalogue by address on a hub, `runtimes`
    names of Runtimes by image, `taken` what is declared already."""

    pools: Sequence[Pool] = ()
    models: Mapping[str, str] = {}
    runtimes: Mapping[str, str] = {}
    taken: frozenset[SpecAddress] = frozenset()


class Proposal(Struct, frozen=True):
    """A document for some objects. `remarks` say what was assumed or left out."""

    address: SpecAddress
    document: Mapping[str, Any]
    objects: tuple[Found, ...] = ()
    remarks: tuple[str, ...] = ()


class LeftOut(Struct, frozen=True):
    """An object that no document is proposed for."""

    key: ObjectKey
    reason: str


class Recognition(Struct, frozen=True):
    """Runtimes come before the models that need them."""

    proposals: tuple[Proposal, ...]
    left_out: tuple[LeftOut, ...]
