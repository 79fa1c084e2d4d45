"""Kubernetes objects as plain data, each field with the spec path it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from opsdecl.addr import Address, ObjectKey, Release, SpecAddress, digest_of
from opsdecl.diag import SpecPath


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
        return digest_of(self.data)

    def origin(self, path: SpecPath) -> SpecPath | None:
        """The effective path behind an object path: the longest known prefix, None where the tool added it."""
        for length in range(len(path), -1, -1):
            found = self.origins.get(path[:length])
            if found is not None:
                return found
        return None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """What the plan needs of a document: its effective values, and the documents they were taken from."""

    address: SpecAddress
    effective: Mapping[str, Any]
    references: Mapping[str, SpecAddress]
    digest: str


@dataclass(frozen=True)
class ManifestSet:
    """Everything one release wants: objects sorted by address, documents sorted by address."""

    release: Release
    manifests: tuple[Manifest, ...]
    documents: tuple[DocumentView, ...]

    @cached_property
    def digest(self) -> str:
        """The desired digest: over every object's address and digest. Documents and decorations stay outside."""
        return digest_of([[str(m.address), m.digest] for m in self.manifests])

    @cached_property
    def by_key(self) -> Mapping[ObjectKey, Manifest]:
        return {m.key: m for m in self.manifests}
