"""`.opsdecl/release.json`: what a release owns on its branch, and the documents behind it. One entry per line."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from opsdecl.addr import ObjectKey, SpecAddress
from opsdecl.diff.records import StartedRun, StoredDocument, decode_run, encode_run

FORMAT_VERSION = 1


class NewerFormat(ValueError):  # noqa: N818 - reads as what it says
    """The record was written by a later version of the tool, which the message names."""


class Decoration(Struct, frozen=True):
    """A field that the target added to an object's file, outside digest and equality.

    `made` is how many of the innermost mappings on the way exist only for it.
    """

    path: tuple[str, ...]
    value: str
    made: int = 0


class Entry(Struct, frozen=True):
    """One object: its file, the blob that we wrote there, and the digest of its data without decorations."""

    address: str
    key: ObjectKey
    file: str
    blob: str
    digest: str
    token: str = ""
    depends_on: tuple[str, ...] = ()
    protect: bool = False
    decorations: tuple[Decoration, ...] = ()


class Inventory(Struct, frozen=True):
    """All that a release owns. `companions` are the files beside the objects, by name, with their blobs."""

    release: str
    tool_version: str
    lock_digest: str
    desired_digest: str
    entries: tuple[Entry, ...] = ()
    documents: tuple[StoredDocument, ...] = ()
    companions: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[StartedRun, ...] = ()


def encode_inventory(inventory: Inventory) -> bytes:
    """JSON with one line per object and document, so that a small change is a small diff."""
    head = {
        "formatVersion": FORMAT_VERSION,
        "release": inventory.release,
        "toolVersion": inventory.tool_version,
        "lockDigest": inventory.lock_digest,
        "desiredDigest": inventory.desired_digest,
        "companions": dict(sorted(inventory.companions.items())),
    }
    lines = [f"{_json(name)}: {_json(value)},\n" for name, value in head.items()]
    objects = _lines(_encode_entry(entry) for entry in sorted(inventory.entries, key=lambda e: (e.address, e.key)))
    documents = _lines(_encode_document(document) for document in sorted(inventory.documents, key=lambda d: d.address))
    ledger = f'"runs": {_lines(encode_run(run) for run in inventory.runs)},\n' if inventory.runs else ""
    return f'{{\n{"".join(lines)}"objects": {objects},\n{ledger}"documents": {documents}\n}}\n'.encode()


def decode_inventory(data: bytes) -> Inventory:
    """Raises NewerFormat, or ValueError (KeyError, TypeError) where it is no record. Unknown fields are ignored."""
    value = json.loads(data)
    if value["formatVersion"] > FORMAT_VERSION:
        raise NewerFormat(str(value.get("toolVersion", "unknown")))
    return Inventory(
        release=str(value["release"]),
        tool_version=str(value["toolVersion"]),
        lock_digest=str(value["lockDigest"]),
        desired_digest=str(value["desiredDigest"]),
        entries=tuple(_decode_entry(entry) for entry in value["objects"]),
        documents=tuple(_decode_document(document) for document in value["documents"]),
        companions=dict(value["companions"]),
        runs=tuple(decode_run(row) for row in value.get("runs", ())),
    )


def _encode_entry(entry: Entry) -> Mapping[str, Any]:
    key = entry.key
    found: dict[str, Any] = {
        "address": entry.address,
        "key": [key.api_version, key.kind, key.namespace, key.name],
        "file": entry.file,
        "blob": entry.blob,
        "digest": entry.digest,
    }
    if entry.token:
        found["token"] = entry.token
    if entry.depends_on:
        found["dependsOn"] = list(entry.depends_on)
    if entry.protect:
        found["protect"] = True
    if entry.decorations:
        found["decorations"] = [[list(d.path), d.value, d.made] for d in entry.decorations]
    return found


def _decode_entry(value: Mapping[str, Any]) -> Entry:
    api_version, kind, namespace, name = value["key"]
    return Entry(
        address=value["address"],
        key=ObjectKey(api_version, kind, namespace, name),
        file=value["file"],
        blob=value["blob"],
        digest=value["digest"],
        token=value.get("token", ""),
        depends_on=tuple(value.get("dependsOn", ())),
        protect=bool(value.get("protect")),
        decorations=tuple(Decoration(tuple(path), text, made) for path, text, made in value.get("decorations", ())),
    )


def _encode_document(document: StoredDocument) -> Mapping[str, Any]:
    references = {path: str(address) for path, address in sorted(document.references.items())}
    return {"address": str(document.address), "references": references, "effective": document.effective}


def _decode_document(value: Mapping[str, Any]) -> StoredDocument:
    references = {path: SpecAddress.parse(text) for path, text in value["references"].items()}
    return StoredDocument(SpecAddress.parse(value["address"]), value["effective"], references)


def _lines(values: Iterable[Mapping[str, Any]]) -> str:
    lines = ",\n".join(_json(value) for value in values)
    return f"[\n{lines}\n]" if lines else "[]"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(", ", ": "), ensure_ascii=False, allow_nan=False)
