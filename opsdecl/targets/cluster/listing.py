"""The live objects of a release: one list per kind and namespace, and a look at each one that the lists lack."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import ObjectKey
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.kinds import Kinds, Served
from opsdecl.targets.cluster.live import LiveObject
from opsdecl.targets.cluster.store import PART_OF

_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_ONE_BY_ONE = 25
"""More missing objects than this in one namespace are looked for by one list of names."""

Objects = Mapping[ObjectKey, Mapping[str, Any]]


class Listing(Struct, frozen=True):
    """Objects that were asked for and exist, and `strays`: with our label, though nobody asked for them."""

    objects: Objects
    strays: Objects


Group = tuple[Served, str]
"""A kind, and a namespace (empty where it has none)."""
Lists = Mapping[Group, Sequence[LiveObject]]


def part_of(applyset: str) -> str:
    """The selector of a release's objects."""
    return f"{PART_OF}={applyset}"


async def list_selected(client: Client, kinds: Kinds, keys: Iterable[ObjectKey], selector: str) -> Lists:
    """What the server holds of the kinds and in the namespaces of these keys. Raises StatusError where something may
    not be read."""

    async def one(group: Group) -> Sequence[LiveObject]:
        served, namespace = group
        entries = await client.entries(served.collection(namespace), {"labelSelector": selector})
        return [LiveObject(entry, served.api_version, served.kind) for entry in entries]

    groups = list(_groups(kinds, keys))
    return dict(zip(groups, await each(groups, one), strict=True))


async def list_live(
    client: Client, kinds: Kinds, keys: Sequence[ObjectKey], selector: str, known: Lists | None = None
) -> Listing:
    """`known` are lists that were asked for already. Raises StatusError where something may not be read: what is
    unknown is never taken for absent."""
    groups = _groups(kinds, keys)
    known = known or {}
    more = [keys[0] for group, keys in groups.items() if group not in known]
    lists = {**known, **await list_selected(client, kinds, more, selector)}
    parts = await each(list(groups.items()), lambda pair: _look_for(client, *pair[0], pair[1], lists[pair[0]]))
    objects = {key: live for part in parts for key, live in part.objects.items()}
    strays = {key: live for part in parts for key, live in part.strays.items()}
    return Listing(objects, dict(sorted(strays.items())))


def _groups(kinds: Kinds, keys: Iterable[ObjectKey]) -> Mapping[Group, list[ObjectKey]]:
    groups: dict[Group, list[ObjectKey]] = {}
    for key in keys:
        served = kinds.get((key.api_version, key.kind))
        if served is not None:
            groups.setdefault((served, key.namespace if served.namespaced else ""), []).append(key)
    return groups


async def _look_for(
    client: Client, served: Served, namespace: str, keys: Sequence[ObjectKey], listed: Sequence[LiveObject]
) -> Listing:
    path = served.collection(namespace)
    by_name: dict[str, Mapping[str, Any]] = {item.header.name: item for item in listed}
    missing = [key for key in keys if key.name not in by_name]
    if len(missing) > _ONE_BY_ONE:
        names = {row["metadata"]["name"] for row in await client.pages(path, {}, accept=_NAMES_ONLY)}
        missing = [key for key in missing if key.name in names]
    found = await each(missing, lambda key: client.find(served.path(key)))
    by_name |= {item["metadata"]["name"]: item for item in found if item is not None}
    asked = {key.name: key for key in keys}
    strays = {
        ObjectKey(served.api_version, served.kind, namespace, name): item
        for name, item in by_name.items()
        if name not in asked
    }
    return Listing({asked[name]: item for name, item in by_name.items() if name in asked}, strays)


async def look_again(client: Client, kinds: Kinds, key: ObjectKey) -> dict[str, Any] | None:
    """One object as it is now. Raises ClusterError where its kind is not served."""
    return await client.find(path_of(kinds, key))


def path_of(kinds: Kinds, key: ObjectKey) -> str:
    served = kinds.get((key.api_version, key.kind))
    if served is None:
        raise ClusterError(not_installed(key))
    return served.path(key)


def not_installed(key: ObjectKey, subject: str = "") -> Diagnostic:
    said = f"the cluster serves no {key.kind} of {key.api_version}, which {key} needs"
    hint = "install the operator that brings it, or set `platform` of the environment to what there is"
    return Diagnostic(codes.KIND_NOT_INSTALLED, said, hint=hint, subject=subject)
