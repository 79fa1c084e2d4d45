"""Kubernetes objects as plain data, each field with the spec path it came from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol, overload

from msgspec import Struct

from opsdecl.addr import Address, ObjectKey, Release, SpecAddress, digest_of
from opsdecl.diag import SpecPath
from opsdecl.render.digests import digest_of_object


@dataclass(frozen=True)
class Manifest:
    """One object. `data` is complete (apiVersion, kind, metadata…), without nulls, read-only by convention.

    `origins` maps object paths to paths of the parent document's `effective` tree; the longest prefix answers.
    """

    address: Address
    key: ObjectKey
    token: str
    data: Mapping[str, Any]
    origins: Mapping[SpecPath, SpecPath]
    depends_on: tuple[Address, ...] = ()
    protect: bool = False
    aliases: tuple[Address, ...] = ()
    ignore_changes: tuple[SpecPath, ...] = ()

    @cached_property
    def digest(self) -> str:
        """sha256 over the canonical JSON of `data`."""
        return digest_of_object(self.data)

    def origin(self, path: SpecPath) -> SpecPath | None:
        """The effective path behind an object path: the longest known prefix, None where the tool added it."""
        for length in range(len(path), -1, -1):
            found = self.origins.get(path[:length])
            if found is not None:
                return found
        return None


class DocumentView(Struct, frozen=True):
    """What the plan needs of a document: its effective values, and the documents they were taken from."""

    address: SpecAddress
    effective: Mapping[str, Any]
    references: Mapping[str, SpecAddress]
    digest: str


class Head(NamedTuple):
    """What is known of an object without looking into it. `key` holds the fields of its `ObjectKey`, `digest` is its
    manifest's."""

    address: str
    digest: str
    key: tuple[str, str, str, str]
    depends_on: tuple[str, ...] = ()


class DocumentObjects(Protocol):
    """The objects of one document, sorted by address. `identity` is equal where they are, in any run, or empty."""

    @property
    def identity(self) -> str: ...

    @property
    def heads(self) -> Sequence[Head]: ...

    @property
    def manifests(self) -> tuple[Manifest, ...]: ...


class ManifestsByDocument(Sequence[Manifest]):
    """Manifests of documents in the order of `parts`, which is sorted by address. A document's are made when somebody
    looks at them."""

    def __init__(self, parts: Mapping[SpecAddress, DocumentObjects]) -> None:
        self.parts = parts

    @property
    def heads(self) -> Iterator[Head]:
        return (head for part in self.parts.values() for head in part.heads)

    def of(self, documents: Collection[SpecAddress]) -> tuple[Manifest, ...]:
        """Those of some documents."""
        return tuple(m for address, part in self.parts.items() if address in documents for m in part.manifests)

    def __iter__(self) -> Iterator[Manifest]:
        return (manifest for part in self.parts.values() for manifest in part.manifests)

    def __len__(self) -> int:
        return sum(len(part.heads) for part in self.parts.values())

    @overload
    def __getitem__(self, index: int) -> Manifest: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Manifest]: ...

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


class ManifestSet(Struct, frozen=True, dict=True):
    """Everything one release wants: objects sorted by address, documents sorted by address."""

    release: Release
    manifests: Sequence[Manifest]
    documents: tuple[DocumentView, ...]

    @cached_property
    def digest(self) -> str:
        """The desired digest: over every object's address and digest. Documents and decorations stay outside."""
        return digest_of([head[:2] for head in self.heads])

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """Of all objects, in their order."""
        if isinstance(self.manifests, ManifestsByDocument):
            return tuple(self.manifests.heads)
        return tuple(map(head_of, self.manifests))

    @cached_property
    def by_key(self) -> Mapping[ObjectKey, Manifest]:
        return {m.key: m for m in self.manifests}

    def identities(self) -> Mapping[SpecAddress, str]:
        """Of documents whose objects are known by what they are made from; the same text means the same objects."""
        parts = self.manifests.parts if isinstance(self.manifests, ManifestsByDocument) else {}
        return {address: part.identity for address, part in parts.items() if part.identity}

    def without(self, documents: Collection[SpecAddress]) -> tuple[Manifest, ...]:
        """The manifests of all other documents."""
        if isinstance(self.manifests, ManifestsByDocument):
            return self.manifests.of(self.manifests.parts.keys() - documents)
        return tuple(m for m in self.manifests if m.address.spec not in documents)


def head_of(manifest: Manifest) -> Head:
    key = manifest.key
    fields = (key.api_version, key.kind, key.namespace, key.name)
    return Head(str(manifest.address), manifest.digest, fields, tuple(map(str, manifest.depends_on)))
