"""Objects that go: deleted only where everything says that they are ours, or let go of without touching what runs."""

from typing import Any

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.applying import Writer
from opsdecl.targets.cluster.comparing import is_leaving
from opsdecl.targets.cluster.failures import StatusError, explain
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.keepers import keeper_of
from opsdecl.targets.cluster.listing import path_of
from opsdecl.targets.cluster.ownership import holders, is_ours, own
from opsdecl.targets.cluster.store import EPOCH, PART_OF

_TRIES = 5
Findings = tuple[Diagnostic, ...]


async def delete_object(writer: Writer, entry: Entry, *, wait: bool = True) -> Findings:
    """Empty where it is gone. With uid and resourceVersion: what was looked at is what is deleted."""
    if (entry.key.api_version, entry.key.kind) not in writer.kinds:
        return ()  # Its definition was deleted, and all objects with it.
    path, uid = path_of(writer.kinds, entry.key), ""
    for _ in range(_TRIES):
        live = await writer.client.find(path)
        if live is None:
            return ()
        uid = live["metadata"]["uid"]
        if is_leaving(live):
            break
        problem = _not_ours(live, entry, writer)
        if problem:
            return (_kept(entry, problem),)
        metadata = live["metadata"]
        options = {
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid, "resourceVersion": metadata["resourceVersion"]},
        }
        try:
            await writer.client.delete(path, options, before=writer.lock.check)
            break
        except StatusError as error:
            if error.code == 404:
                return ()
            if error.code in (401, 429) or error.code >= 500:
                return (explain(error, writer.client.server.name),)
            if error.code != 409:
                return (_kept(entry, error.message),)
    if not wait or await writer.wait_gone(path, uid):
        return ()
    said = f"{entry.key} is being deleted and still there"
    return (Diagnostic(codes.STILL_THERE, said, hint="look at its finalizers", subject=_subject(entry)),)


def _not_ours(live: dict[str, Any], entry: Entry, writer: Writer) -> str:
    """Why it may not be deleted; empty where it may."""
    if entry.seen.uid and entry.seen.uid != live["metadata"]["uid"]:
        return "it is another object of the same name, made after ours was deleted"
    if own(holders(live), writer.manager) is None:
        return "none of its fields was applied by this release"
    keeper = keeper_of(live, writer.applyset, writer.manager)
    if keeper is not None:
        return f"it is part of {keeper.words} by now"
    controller = next((o for o in live["metadata"].get("ownerReferences") or () if o.get("controller")), None)
    if controller is not None:
        return f"{controller.get('kind')} {controller.get('name')} controls it"
    return ""


def _kept(entry: Entry, reason: str) -> Diagnostic:
    said = f"{entry.key} was not deleted: {reason}"
    hint = f"let go of it with --forget {entry.address}, or delete it by hand"
    return Diagnostic(codes.NOT_OURS_TO_DELETE, said, hint=hint, subject=_subject(entry))


def _subject(entry: Entry) -> str:
    return entry.address.partition("/")[0]


async def forget_object(writer: Writer, entry: Entry) -> Findings:
    """Takes our label and our entry in managedFields off; nothing that runs changes."""
    if (entry.key.api_version, entry.key.kind) not in writer.kinds:
        return ()
    path = path_of(writer.kinds, entry.key)
    for _ in range(_TRIES):
        live = await writer.client.find(path)
        if live is None or is_leaving(live):
            return ()
        metadata = live["metadata"]
        fields = metadata.get("managedFields") or []
        ours = {at for at, holder in enumerate(holders(live)) if is_ours(holder, writer.manager)}
        if not ours and metadata.get("labels", {}).get(PART_OF) != writer.applyset:
            return ()
        labels = {name: value for name, value in metadata.get("labels", {}).items() if name != PART_OF}
        # An empty list would be taken for "leave it to the server": one empty entry means nobody.
        left = [entry for at, entry in enumerate(fields) if at not in ours] or [{}]
        changes = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": left},
            {"op": "add", "path": "/metadata/labels", "value": labels},
        ]
        annotations = dict(metadata.get("annotations") or {})
        if annotations.pop(EPOCH, None) is not None:
            changes.append({"op": "add", "path": "/metadata/annotations", "value": annotations})
        try:
            await writer.client.patch(path, changes, kind="json", before=writer.lock.check)
            return ()
        except StatusError as error:
            if error.code not in (409, 422):
                return (_kept(entry, error.message),)
    said = f"{entry.key} changes faster than it can be let go of"
    return (Diagnostic(codes.CLUSTER_REFUSED, said, hint="apply again", subject=_subject(entry)),)
