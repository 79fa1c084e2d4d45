"""What a release owns in a cluster, as shards of compressed lines: an object that changes rewrites one shard."""

import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hashlib import sha256
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl.addr import ObjectKey, SpecAddress
from opsdecl.diff.records import StartedRun, StoredDocument, decode_run, encode_run

FORMAT_VERSION = 1
PER_SHARD = 500
"""Objects or documents, on average."""
CHUNK_BYTES = 900_000
"""A ConfigMap holds 1 MiB, its names included."""
_LEVEL = 3
"""Half the time of zlib's usual 6, and a few percent larger: rows are alike."""
_ADDRESS, _ADDRESS_AND_KEY = attrgetter("address"), attrgetter("address", "key")
T = TypeVar("T")


class NewerFormat(ValueError):  # noqa: N818 - reads as what it says
    """The record was written by a later version of the tool, which the message names."""


class Seen(Struct, frozen=True, array_like=True):
    """The live object right after our apply: while none of this moves, it is as we left it."""

    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    stamp: str = ""
    """Of our entry in managedFields, see `ownership.stamp`."""


class Entry(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One object, as records hold it. `applied` is what we last wrote, None before the first time; `answered` is how
    the server spelled that, where it did so otherwise. `intended` is what an apply is about to write: written down
    first, so that nothing it creates can be forgotten. `leaving`: it is about to be deleted or let go of."""

    address: str
    key: ObjectKey
    digest: str = ""
    # With a factory it is written also where it is None: earlier versions look for it.
    applied: Mapping[str, Any] | None = field(default_factory=lambda: None)
    answered: Mapping[str, Any] | None = None
    seen: Seen = Seen()
    token: str = ""
    depends_on: tuple[str, ...] = ()
    protect: bool = False
    intended: Mapping[str, Any] | None = None
    intended_digest: str = ""
    leaving: bool = False

    @property
    def settled(self) -> "Entry":
        """Without an intention that was never carried out."""
        if self.intended is None and not self.intended_digest and not self.leaving:
            return self
        return replace(self, intended=None, intended_digest="", leaving=False)


class Shards(Struct, frozen=True):
    """Names of chunks; a name with a `+` continues the shard before it."""

    objects: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    @property
    def chunks(self) -> frozenset[str]:
        return frozenset(name.lstrip("+") for name in (*self.objects, *self.documents))


class Inventory(Struct, frozen=True):
    """All that a release owns, and the revision that it stands at (empty before the first)."""

    release: str
    tool_version: str = ""
    lock_digest: str = ""
    desired_digest: str = ""
    revision: str = ""
    entries: tuple[Entry, ...] = ()
    documents: tuple[StoredDocument, ...] = ()
    revisions: tuple[str, ...] = ()
    """Kept revisions, the newest first."""
    dropped: int = 0
    """How many there were before these."""
    shards: Shards = Shards()
    """Where it was read from, or is written to."""
    runs: tuple[StartedRun, ...] = ()
    epoch: int = 0
    """Larger with each hold of the lock that writes, so that what an earlier one still makes is known by its stamp."""
    watched: tuple[ObjectKey, ...] = ()
    """What a hold before intended to make and had not made when the next began: it may still come."""


def with_revision(inventory: Inventory, before: Inventory, revision: str, kept: int) -> Inventory:
    """At a new revision, with as many of those before it as are to be kept."""
    everything = (revision, *before.revisions)
    revisions = everything[: max(kept, 1)]
    dropped = before.dropped + len(everything) - len(revisions)
    return replace(inventory, revision=revision, revisions=revisions, dropped=dropped)


Chunks = Mapping[str, bytes]
"""Compressed bytes by digest."""


def encode_inventory(inventory: Inventory) -> tuple[Shards, Chunks]:
    """Equal inventories give equal chunks."""
    objects, chunks = encode_lines((f"{e.address} {e.key}", e) for e in inventory.entries)
    documents, more = encode_lines((str(d.address), encode_document(d)) for d in inventory.documents)
    return Shards(objects, documents), {**chunks, **more}


def encode_head(inventory: Inventory) -> dict[str, Any]:
    """All but the shards' content."""
    return {
        "formatVersion": FORMAT_VERSION,
        "release": inventory.release,
        "toolVersion": inventory.tool_version,
        "lockDigest": inventory.lock_digest,
        "desiredDigest": inventory.desired_digest,
        "revision": inventory.revision,
        "revisions": list(inventory.revisions),
        "dropped": inventory.dropped,
        "epoch": inventory.epoch,
        "watched": [list(key) for key in inventory.watched],
        "objects": list(inventory.shards.objects),
        "documents": list(inventory.shards.documents),
        **({"runs": [encode_run(run) for run in inventory.runs]} if inventory.runs else {}),
    }


def decode_shards(head: Mapping[str, Any]) -> Shards:
    return Shards(tuple(head["objects"]), tuple(head["documents"]))


def decode_inventory(head: Mapping[str, Any], chunks: Chunks) -> Inventory:
    """Raises KeyError, ValueError, TypeError or zlib.error where it is no record."""
    shards = decode_shards(head)
    known = cache(SpecAddress.parse)
    documents = (_document(row, known) for row in decode_lines(shards.documents, chunks, _DOCUMENTS))
    return Inventory(
        release=head["release"],
        tool_version=head["toolVersion"],
        lock_digest=head["lockDigest"],
        desired_digest=head["desiredDigest"],
        revision=head["revision"],
        entries=tuple(sorted(decode_lines(shards.objects, chunks, _ENTRIES), key=_ADDRESS_AND_KEY)),
        documents=tuple(sorted(documents, key=_ADDRESS)),
        revisions=tuple(head["revisions"]),
        shards=shards,
        runs=tuple(decode_run(row) for row in head.get("runs", ())),
        dropped=int(head.get("dropped", 0)),
        epoch=int(head.get("epoch", 0)),
        watched=tuple(ObjectKey(*key) for key in head.get("watched", ())),
    )


def encode_lines(named: Iterable[tuple[str, Any]]) -> tuple[tuple[str, ...], Chunks]:
    """Rows by name -> the digests of their chunks in order, and the chunks."""
    rows = list(named)
    count = _shards_for(len(rows))
    shards: list[list[bytes]] = [[] for _ in range(count)]
    for name, row in sorted(rows, key=itemgetter(0)):
        shards[int(sha256(name.encode()).hexdigest()[:8], 16) % count].append(_SORTED.encode(row))
    chunks: dict[str, bytes] = {}
    names = []
    for shard in shards:
        data = zlib.compress(b"\n".join(shard), _LEVEL)
        for start in range(0, len(data), CHUNK_BYTES):
            part = data[start : start + CHUNK_BYTES]
            # A shard that needs several chunks is told by its later parts' mark.
            name = ("+" if start else "") + sha256(part).hexdigest()[:20]
            names.append(name)
            chunks[name.lstrip("+")] = part
    return tuple(names), chunks


def decode_lines(names: Iterable[str], chunks: Chunks, rows: "msgspec.json.Decoder[T]") -> list[T]:
    """Raises KeyError for a chunk that is missing, ValueError or zlib.error for a damaged one."""
    shards: list[bytes] = []
    for name in names:
        part = chunks[name.lstrip("+")]
        if sha256(part).hexdigest()[:20] != name.lstrip("+"):
            raise ValueError(f"chunk {name} is not what it was")
        if name.startswith("+"):
            shards[-1] += part
        else:
            shards.append(part)
    return [row for shard in shards for row in rows.decode_lines(zlib.decompress(shard))]


def _shards_for(rows: int) -> int:
    count = 1
    while count * PER_SHARD < rows:
        count *= 2
    return count


def encode_document(document: StoredDocument) -> Mapping[str, Any]:
    references = {path: str(address) for path, address in document.references.items()}
    return {"address": str(document.address), "references": references, "effective": document.effective}


class _Document(Struct):
    """A document, as records hold it."""

    address: str
    references: dict[str, str]
    effective: dict[str, Any]


def _document(row: _Document, parse: Callable[[str], SpecAddress]) -> StoredDocument:
    references = {path: parse(text) for path, text in row.references.items()}
    return StoredDocument(SpecAddress.parse(row.address), row.effective, references)


_SORTED = msgspec.json.Encoder(order="sorted")
_ENTRIES = msgspec.json.Decoder(Entry)
_DOCUMENTS = msgspec.json.Decoder(_Document)
