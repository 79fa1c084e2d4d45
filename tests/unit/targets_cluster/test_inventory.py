"""What a release owns, as chunks that are named by their content."""

import json
import os
import zlib
from hashlib import sha256, sha512

import pytest
from msgspec.structs import replace

from opsdecl.addr import ObjectKey
from opsdecl.targets.cluster import inventory as records
from opsdecl.targets.cluster.inventory import (
    Entry,
    Inventory,
    Seen,
    Shards,
    decode_inventory,
    encode_head,
    encode_inventory,
)


def entry(number: int, value: object = 1) -> Entry:
    key = ObjectKey("v1", "ConfigMap", "assist", f"c{number}")
    data = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"value": value}}
    return Entry(f"A.a{number}/main/c", key, "sha256:1", data, seen=Seen("u", "7", 2, "s"), depends_on=("A.b/main/c",))


def read_back(inventory: Inventory) -> Inventory:
    shards, chunks = encode_inventory(inventory)
    head = json.loads(json.dumps(encode_head(replace(inventory, shards=shards))))
    return decode_inventory(head, chunks)


def test_what_was_written_is_read_back() -> None:
    odd = replace(entry(1), intended={"a": None}, intended_digest="d", leaving=True, answered={}, protect=True)
    entries = tuple(sorted((entry(2), replace(entry(3), applied=None), odd), key=lambda e: e.address))
    inventory = Inventory("acme/prod/main", "0.1", "l", "d", "r", entries, (), ("r", "q"))
    found = read_back(inventory)
    assert replace(found, shards=Shards()) == inventory


def test_records_of_earlier_versions_are_read_and_they_can_read_ours() -> None:
    key = ["v1", "ConfigMap", "assist", "c1"]
    seen = ["u", "7", 2, "s"]
    theirs: dict[str, object] = {
        "address": "A.a/main/c",
        "applied": None,
        "dependsOn": ["A.b/main/c"],
        "key": key,
        "leaving": True,
    }
    theirs |= {"intended": {"a": 1.5}, "intendedDigest": "d", "seen": seen}
    data = zlib.compress(json.dumps(theirs, sort_keys=True, separators=(",", ":")).encode())
    name = sha256(data).hexdigest()[:20]
    found = decode_inventory(encode_head(Inventory("r", shards=Shards((name,)))), {name: data})
    given = ObjectKey("v1", "ConfigMap", "assist", "c1")
    begun = Entry("A.a/main/c", given, "", None, depends_on=("A.b/main/c",), intended={"a": 1.5}, intended_digest="d")
    assert found.entries == (replace(begun, seen=Seen("u", "7", 2, "s"), leaving=True),)
    (ours,) = filter(None, map(zlib.decompress, encode_inventory(found)[1].values()))
    assert json.loads(ours) == theirs


def test_one_object_that_changes_rewrites_one_chunk() -> None:
    before = Inventory("r", entries=tuple(entry(n) for n in range(5000)))
    after = replace(before, entries=(*before.entries[:-1], entry(4999, 2)))
    (_, old), (_, new) = encode_inventory(before), encode_inventory(after)
    assert len(old) > 8
    assert len(new.keys() - old.keys()) == 1


def test_no_chunk_is_larger_than_a_config_map_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "CHUNK_BYTES", 1000)
    noise = "".join(sha512(bytes([n])).hexdigest() for n in range(80))
    inventory = Inventory("r", entries=(entry(1, noise),))
    _, chunks = encode_inventory(inventory)
    assert len(chunks) > 3
    assert max(map(len, chunks.values())) == 1000
    assert read_back(inventory).entries == inventory.entries


def test_a_damaged_chunk_is_noticed() -> None:
    shards, chunks = encode_inventory(Inventory("r", entries=(entry(1),)))
    damaged = {name: os.urandom(len(data)) for name, data in chunks.items()}
    with pytest.raises(ValueError, match="is not what it was"):
        decode_inventory(encode_head(Inventory("r", shards=shards)), damaged)
