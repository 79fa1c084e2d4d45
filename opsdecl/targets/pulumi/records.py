"""What a release remembers beside its stack: inventory, documents and revisions, as the output of a stack of its own.

A second stack keeps them out of the state that the engine writes after each step, and out of the hands of whoever
runs another program on the first.
"""

import base64
import zlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from opsdecl.addr import digest_of
from opsdecl.apply.types import Revision
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.targets.cluster.inventory import (
    FORMAT_VERSION,
    Inventory,
    decode_inventory,
    encode_head,
    encode_inventory,
)
from opsdecl.targets.pulumi.failures import PulumiError

SUFFIX = ".opsdecl"
_STACK = "pulumi:pulumi:Stack"
_OUTPUT = "opsdecl"


class Kept(Struct, frozen=True):
    """One revision: what the history says, and what was there."""

    told: Revision
    inventory: Inventory


class Records(Struct, frozen=True):
    """`held` are the digests of the state's resources right after our last apply, by address: what differs from them
    was written by somebody else. `exists`: they were written before."""

    inventory: Inventory
    kept: Mapping[str, Kept] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    exists: bool = False
    stamp: str = ""
    """Digest of what the backend holds; empty where it holds none."""

    @property
    def is_blank(self) -> bool:
        """Nothing was ever applied, though somebody may have begun to."""
        inventory = self.inventory
        return not (inventory.revision or inventory.entries or inventory.documents or self.held)

    @property
    def identity(self) -> str:
        """Moves with everything that the records say."""
        if self.is_blank:
            return ""
        shards, _ = encode_inventory(self.inventory)
        return digest_of([self.inventory.revision, list(shards.objects), list(shards.documents), dict(self.held)])

    @property
    def is_unsettled(self) -> bool:
        """An apply announced what it never finished."""
        return any(entry.intended is not None or entry.leaving for entry in self.inventory.entries)


def decode(deployment: Mapping[str, Any] | None, release: str) -> Records:
    """Raises PulumiError where they are damaged, newer, or of another release."""
    written = _written(deployment)
    if written is None:
        return Records(Inventory(release))
    if written.get("formatVersion", FORMAT_VERSION) > FORMAT_VERSION:
        said = f"they were last written by opsdecl {written.get('toolVersion', 'of a later version')}"
        raise PulumiError(_broken(release, said, "update opsdecl"))
    try:
        return _of(release, replace(_records(written), stamp=digest_of(written)))
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        said = f"they are damaged: {type(error).__name__} {error}"
        raise PulumiError(_broken(release, said, "restore that stack from the backups of the backend")) from None


def _of(release: str, found: Records) -> Records:
    """A target may be called otherwise by now; an environment and a partition are others then."""
    owner = found.inventory.release
    if _without_target(owner) != _without_target(release):
        said = f"the stack of {release} belongs to {owner}, as its records say"
        raise PulumiError(
            Diagnostic(codes.OTHER_RELEASE, said, hint="name another `stack` in the settings of the target")
        )
    return found


def _without_target(release: str) -> list[str]:
    parts = release.split("/")
    return [*parts[:2], *parts[3:]]


def _broken(release: str, said: str, hint: str) -> Diagnostic:
    return Diagnostic(codes.RECORDS_BROKEN, f"the records of {release} cannot be used: {said}", hint=hint)


def stamp_of(deployment: Mapping[str, Any] | None) -> str:
    """Of an exported stack of records."""
    written = _written(deployment)
    return digest_of(written) if written is not None else ""


def _written(deployment: Mapping[str, Any] | None) -> dict[str, Any] | None:
    rows = (deployment or {}).get("resources") or []
    root: Mapping[str, Any] = next((row for row in rows if row.get("type") == _STACK), {})
    found = (root.get("outputs") or {}).get(_OUTPUT)
    return found if isinstance(found, dict) else None


def _records(written: Mapping[str, Any]) -> Records:
    chunks = {name: base64.b64decode(text) for name, text in written["chunks"].items()}
    kept = {
        revision: Kept(Revision.stored(row["told"]), decode_inventory(row["head"], chunks))
        for revision, row in written["revisions"].items()
    }
    return Records(decode_inventory(written["head"], chunks), kept, dict(written["held"]), exists=True)


def encode(records: Records, empty: Mapping[str, Any], urn: str, tool_version: str) -> dict[str, Any]:
    """A state to import: `empty` is the records' stack as it was exported, `urn` that of its root."""
    written = _encoded(records, tool_version)
    root = {"urn": urn, "custom": False, "type": _STACK, "outputs": {_OUTPUT: written}}
    return {**empty, "resources": [root]}


def _encoded(records: Records, tool_version: str) -> dict[str, Any]:
    shards, chunks = encode_inventory(records.inventory)
    every = dict(chunks)
    revisions = {}
    for revision in records.inventory.revisions:
        kept = records.kept[revision]
        own, more = encode_inventory(kept.inventory)
        every |= more
        revisions[revision] = {"told": asdict(kept.told), "head": encode_head(replace(kept.inventory, shards=own))}
    return {
        "formatVersion": FORMAT_VERSION,
        "toolVersion": tool_version,
        "head": encode_head(replace(records.inventory, shards=shards)),
        "revisions": revisions,
        "held": dict(records.held),
        "chunks": {name: base64.b64encode(data).decode() for name, data in sorted(every.items())},
    }
