"""What happened to a release: the revisions that are kept, and the one that last changed an object."""

import re
from collections.abc import Sequence

from opsdecl.addr import digest_of
from opsdecl.apply.types import Revision
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.diag.codes.targets import UNKNOWN_OBJECT, UNKNOWN_REVISION
from opsdecl.diag.nearest import did_you_mean
from opsdecl.diff.records import StoredObject, TargetState, tool_identity
from opsdecl.targets.cluster.client import each
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.inventory import Entry, Inventory
from opsdecl.targets.cluster.store import Store

_ID = re.compile(r"[0-9a-f]{4,64}")


async def revisions_of(store: Store, limit: int) -> Sequence[Revision]:
    """Newest first, at most `limit`."""
    kept = (await store.load()).inventory.revisions[: max(limit, 0)]
    return tuple(await each(kept, store.revision))


async def state_at(store: Store, revision: str) -> TargetState:
    """What the release was at a revision, named by its id or a beginning of it. Raises ClusterError."""
    found = named_revision((await store.load()).inventory.revisions, revision)
    if isinstance(found, Diagnostic):
        raise ClusterError(found)
    return state_of(found, (await store.load_revision(found)).inventory)


def named_revision(kept: Sequence[str], revision: str) -> str | Diagnostic:
    """The full id of a kept revision, from a beginning of it."""
    wanted = revision.strip().lower()
    found = [full for full in kept if _ID.fullmatch(wanted) and full.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    reason = "names several revisions" if found else "is no revision that the target keeps"
    said = f"`{revision[:100]}` {reason}"
    return Diagnostic(UNKNOWN_REVISION, said, hint="list the revisions with `opsdecl history`")


def state_of(revision: str, inventory: Inventory) -> TargetState:
    """The records of a revision as what was there then."""
    objects = tuple(_stored(entry) for entry in inventory.entries if entry.applied is not None)
    identity = digest_of([revision, [[str(o.key), o.applied_digest] for o in objects]])
    tool = tool_identity(inventory.tool_version, inventory.lock_digest)
    return TargetState(identity, revision, inventory.desired_digest, objects, inventory.documents, tool=tool)


def _stored(entry: Entry) -> StoredObject:
    return StoredObject(
        address=entry.address,
        key=entry.key,
        applied=entry.applied,
        live=entry.applied,
        protect=entry.protect,
        applied_digest=entry.digest,
        live_digest=entry.digest,
        token=entry.token,
        depends_on=entry.depends_on,
    )


async def blame(store: Store, name: str) -> Revision:
    """The newest kept revision that changed any of what `name` names. Raises ClusterError where it names nothing."""
    inventory = (await store.load()).inventory
    inventories = [found.inventory for found in await each(inventory.revisions, store.load_revision)]
    found = last_change(inventory, inventories, name)
    if isinstance(found, Diagnostic):
        raise ClusterError(found)
    return await store.revision(found)


def last_change(inventory: Inventory, inventories: Sequence[Inventory], name: str) -> str | Diagnostic:
    """The newest revision that changed what `name` names; `inventories` are those of the kept revisions, in order."""
    if any(name in _names(entry) for entry in inventory.entries):
        held = [_digests(each, name) for each in inventories]
        changed = (r for r, now, then in zip(inventory.revisions, held, held[1:], strict=False) if now != then)
        newest = next(changed, None)
        if newest is not None:
            return newest
        return inventory.revisions[-1] if held and not inventory.dropped else _too_long_ago(name, inventory)
    return _unknown(name, inventory)


def _too_long_ago(name: str, inventory: Inventory) -> Diagnostic:
    oldest = inventory.revisions[-1][:10] if inventory.revisions else "the first"
    said = f"`{name}` was last changed before {oldest}, and nothing older is kept"
    return Diagnostic(codes.TOO_LONG_AGO, said, hint="look into the history of the specs: git log")


def _digests(inventory: Inventory, name: str) -> frozenset[tuple[str, str]]:
    return frozenset((str(entry.key), entry.digest) for entry in inventory.entries if name in _names(entry))


def _names(entry: Entry) -> tuple[str, ...]:
    return entry.address, entry.address.split("/")[0], str(entry.key)


def _unknown(name: str, inventory: Inventory) -> Diagnostic:
    known = {known for entry in inventory.entries for known in _names(entry)}
    hint = did_you_mean(name, known) or "name an address such as LLM.chat/main/deployment"
    return Diagnostic(UNKNOWN_OBJECT, f"the release holds no `{name}`", hint=hint)
