"""What a release owns in a cluster, as shards of compressed lines: an object that changes rewrites one shard."""

import json
import zlib
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import ObjectKey, SpecAddress
from opsdecl.diff.records import StartedRun, StoredDocument, decode_run, encode_run

FORMAT_VERSION = 1
PER_SHARD = 500
"""Objects or documents, on average."""
CHUNK_BYTES = 900_000
"""A ConfigMap holds 1 MiB, its names included."""


class NewerFormat(ValueError):  # noqa: N818 - reads as what it says
    """The record was written by a later version of the tool, which the message names."""


class Seen(Struct, frozen=True):
    """The live object right after our apply: while none of this moves, it is as we left it."""

    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    stamp: str = ""
    """Of our entry in managedFields, see `ownership.stamp`."""


class Entry(Struct, frozen=True):
    """One object. `applied` is what we last wrote, None before the first time; `answered` is how the server spelled
    that, where it did so otherwise. `intended` is what an apply is about to write: written down first, so that nothing
    it creates can be forgotten. `leaving`: it is about to be deleted or let go of."""

    address: str
    key: ObjectKey
    digest: str
    applied: Mapping[str, Any] | None
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
    objects, chunks = encode_lines((f"{e.address} {e.key}", encode_entry(e)) for e in inventory.entries)
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
    return Inventory(
        release=head["release"],
        tool_version=head["toolVersion"],
        lock_digest=head["lockDigest"],
        desired_digest=head["desiredDigest"],
        revision=head["revision"],
        entries=tuple(
            sorted(map(decode_entry, decode_lines(shards.objects, chunks)), key=lambda e: (e.address, e.key))
        ),
        documents=tuple(sorted(map(decode_document, decode_lines(shards.documents, chunks)), key=lambda d: d.address)),
        revisions=tuple(head["revisions"]),
        shards=shards,
        runs=tuple(decode_run(row) for row in head.get("runs", ())),
        dropped=int(head.get("dropped", 0)),
        epoch=int(head.get("epoch", 0)),
        watched=tuple(ObjectKey(*key) for key in head.get("watched", ())),
    )


def encode_lines(named: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[tuple[str, ...], Chunks]:
    """Rows by name -> the digests of their chunks in order, and the chunks."""
    rows = list(named)
    count = _shards_for(len(rows))
    shards: list[list[bytes]] = [[] for _ in range(count)]
    for name, row in sorted(rows, key=lambda pair: pair[0]):
        shards[int(sha256(name.encode()).hexdigest()[:8], 16) % count].append(_json(row))
    chunks: dict[str, bytes] = {}
    names = []
    for shard in shards:
        data = zlib.compress(b"\n".join(shard), 6)
        for start in range(0, len(data), CHUNK_BYTES):
            part = data[start : start + CHUNK_BYTES]
            # A shard that needs several chunks is told by its later parts' mark.
            name = ("+" if start else "") + sha256(part).hexdigest()[:20]
            names.append(name)
            chunks[name.lstrip("+")] = part
    return tuple(names), chunks


def decode_lines(names: Iterable[str], chunks: Chunks) -> list[dict[str, Any]]:
    """Raises KeyError for a chunk that is missing, ValueError or zlib.error for a damaged one."""
    import msgspec

    shards: list[bytes] = []
    for name in names:
        part = chunks[name.lstrip("+")]
        if sha256(part).hexdigest()[:20] != name.lstrip("+"):
            raise ValueError(f"chunk {name} is not what it was")
        if name.startswith("+"):
            shards[-1] += part
        else:
            shards.append(part)
    lines = (line for shard in shards for line in zlib.decompress(shard).split(b"\n") if line)
    return [msgspec.json.decode(line) for line in lines]


def _shards_for(rows: int) -> int:
    count = 1
    while count * PER_SHARD < rows:
        count *= 2
    return count


def encode_entry(entry: Entry) -> Mapping[str, Any]:
    key, seen = entry.key, entry.seen
    row: dict[str, Any] = {
        "address": entry.address,
        "key": [key.api_version, key.kind, key.namespace, key.name],
        "digest": entry.digest,
        "applied": entry.applied,
        "answered": entry.answered,
        "seen": [seen.uid, seen.resource_version, seen.generation, seen.stamp],
        "token": entry.token,
        "dependsOn": list(entry.depends_on),
        "protect": entry.protect,
        "intended": entry.intended,
        "intendedDigest": entry.intended_digest,
        "leaving": entry.leaving,
    }
    return {name: value for name, value in row.items() if value or name in ("address", "key", "applied")}


def decode_entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        address=row["address"],
        key=ObjectKey(*row["key"]),
        digest=row.get("digest", ""),
        applied=row["applied"],
        answered=row.get("answered"),
        seen=Seen(*row.get("seen", ())),
        token=row.get("token", ""),
        depends_on=tuple(row.get("dependsOn", ())),
        protect=bool(row.get("protect")),
        intended=row.get("intended"),
        intended_digest=row.get("intendedDigest", ""),
        leaving=bool(row.get("leaving")),
    )


def encode_document(document: StoredDocument) -> Mapping[str, Any]:
    references = {path: str(address) for path, address in sorted(document.references.items())}
    return {"address": str(document.address), "references": references, "effective": document.effective}


def decode_document(row: Mapping[str, Any]) -> StoredDocument:
    references = {path: SpecAddress.parse(text) for path, text in row["references"].items()}
    return StoredDocument(SpecAddress.parse(row["address"]), row["effective"], references)


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
