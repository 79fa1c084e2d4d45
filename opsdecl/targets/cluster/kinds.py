"""Which paths the server serves kinds at, asked once per API version."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from opsdecl.addr import ObjectKey
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.failures import StatusError


class Served(Struct, frozen=True):
    """A kind as the server knows it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        start = f"/api/{self.api_version}" if "/" not in self.api_version else f"/apis/{self.api_version}"
        return f"{start}/namespaces/{namespace}/{self.plural}" if self.namespaced else f"{start}/{self.plural}"

    def path(self, key: ObjectKey) -> str:
        return f"{self.collection(key.namespace)}/{key.name}"


Kinds = Mapping[tuple[str, str], Served]
"""By apiVersion and kind; a kind that is not in it is not installed."""


async def find_kinds(client: Client, keys: Iterable[ObjectKey]) -> Kinds:
    """Where the server serves these kinds: in the version that was asked for, else in any other of the group."""
    asked = {(key.api_version, key.kind) for key in keys}
    versions = sorted({version for version, _ in asked})
    found = await each(versions, lambda version: _kinds_of(client, version))
    kinds = {(served.api_version, served.kind): served for rows in found for served in rows}
    for version, kind in sorted(asked - kinds.keys()):
        elsewhere = await _in_other_version(client, version, kind)
        if elsewhere is not None:
            kinds[version, kind] = elsewhere
    return {asked_for: kinds[asked_for] for asked_for in asked if asked_for in kinds}


async def _in_other_version(client: Client, api_version: str, kind: str) -> Served | None:
    """An object outlives the version of the API that it was written in."""
    group = api_version.rpartition("/")[0]
    try:
        answer = await client.get(f"/apis/{group}") if group else {}
    except StatusError as error:
        if error.code == 404:
            return None
        raise
    for version in answer.get("versions") or ():
        rows = await _kinds_of(client, version["groupVersion"])
        found = next((row for row in rows if row.kind == kind), None)
        if found is not None:
            return found
    return None


async def _kinds_of(client: Client, api_version: str) -> tuple[Served, ...]:
    start = "/api" if "/" not in api_version else "/apis"
    try:
        answer = await client.get(f"{start}/{api_version}")
    except StatusError as error:
        if error.code == 404:
            return ()
        raise
    return tuple(
        Served(api_version, row["kind"], row["name"], bool(row["namespaced"]))
        for row in answer.get("resources") or ()
        if "/" not in row["name"]
    )
