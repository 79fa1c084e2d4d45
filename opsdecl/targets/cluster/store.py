"""The release's records in the cluster: a parent that kubectl takes for an ApplySet, content-addressed chunks, and
revisions. The parent's update is the moment at which something becomes true."""

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from opsdecl.addr import ObjectKey, Release, digest_of
from opsdecl.apply.types import Revision
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.failures import ClusterError, StatusError
from opsdecl.targets.cluster.inventory import (
    FORMAT_VERSION,
    Chunks,
    Inventory,
    NewerFormat,
    decode_inventory,
    decode_shards,
    encode_head,
    encode_inventory,
)

PART_OF = "applyset.kubernetes.io/part-of"
EPOCH = "opsdecl.dev/epoch"
"""On objects that an apply has made, until one changes them: the `epoch` of the records then."""
_ID = "applyset.kubernetes.io/id"
_TOOLING = "applyset.kubernetes.io/tooling"
_KINDS = "applyset.kubernetes.io/contains-group-kinds"
_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
_RECORD = "opsdecl.dev/record"
_RELEASE = "opsdecl.dev/release"
_RELEASE_ID = "opsdecl.dev/release-id"


class Held(Struct, frozen=True):
    """The parent as it was read: None where there is none yet."""

    inventory: Inventory
    parent: Mapping[str, Any] | None = None

    @property
    def identity(self) -> str:
        """Moves with everything that the records say. Chunks are named by their content."""
        if self.parent is None:
            return ""
        shards = self.inventory.shards
        return digest_of([self.inventory.revision, list(shards.objects), list(shards.documents)])


class Store(Struct, frozen=True):
    """Records of one release in one namespace."""

    client: Client
    release: Release
    namespace: str
    tool_version: str = ""

    @property
    def name(self) -> str:
        """The same for the Lease, and the beginning of every other record's name."""
        return f"opsdecl-{sha256(str(self.release).encode()).hexdigest()[:12]}"

    @property
    def applyset(self) -> str:
        """The id that every object of the release carries as a label, computed as kubectl computes it."""
        told = f"{self.name}.{self.namespace}.ConfigMap."
        encoded = base64.urlsafe_b64encode(sha256(told.encode()).digest()).decode().rstrip("=")
        return f"applyset-{encoded}-v1"

    async def partitions(self) -> tuple[str, ...]:
        """Partitions of the same environment and target that own objects, by their parents in this namespace."""
        rows = await self.client.pages(self._path(), {"labelSelector": f"{_RECORD}=parent"})
        whole = str(self.release._replace(partition=""))
        held = (row["metadata"].get("annotations", {}) for row in rows)
        ids = [str(a.get(_RELEASE_ID, "")) for a in held if a.get(_KINDS)]
        return tuple(sorted(i.removeprefix(whole).lstrip("/") for i in ids if i == whole or i.startswith(f"{whole}/")))

    async def load(self) -> Held:
        """Raises ClusterError where the records are damaged, newer, or of another release."""
        parent = await self._find(self.name)
        if parent is None:
            return Held(Inventory(str(self.release)))
        try:
            return Held(await self._decode(json.loads(parent["data"]["release"])), parent)
        except NewerFormat as newer:
            said = f"the release was last written by opsdecl {newer}"
            raise ClusterError(Diagnostic(codes.CLUSTER_RECORD_NEWER, said, hint="update opsdecl")) from None
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
            raise self._damaged(self.name, error) from None

    async def load_revision(self, revision: str) -> Held:
        """The records as they were at a kept revision, by its full id."""
        found = await self._find(self._revision_name(revision))
        if found is None:
            raise self._damaged(self._revision_name(revision), KeyError("it is gone"))
        try:
            return Held(await self._decode(json.loads(found["data"]["release"])), found)
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
            raise self._damaged(self._revision_name(revision), error) from None

    async def revision(self, revision: str) -> Revision:
        found = await self._find(self._revision_name(revision))
        try:
            return Revision.stored(json.loads(found["data"]["revision"]))  # type: ignore[index]
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged(self._revision_name(revision), error) from None

    async def save(self, held: Held, inventory: Inventory, *, before: Callable[[], None] | None = None) -> Held:
        """Writes what changed, the parent last. Raises ClusterError (LOCK_LOST) where somebody else moved the parent;
        whatever `before` raises where it is not to move any more."""
        return await self.move(held, await self.write_chunks(inventory, held.inventory.shards.chunks), before=before)

    async def write_chunks(self, inventory: Inventory, known: frozenset[str]) -> Inventory:
        """All but the chunks that are `known`, and the inventory with the names of all."""
        shards, chunks = encode_inventory(inventory)
        await self._write_chunks(chunks, known)
        return replace(inventory, shards=shards)

    async def move(self, held: Held, inventory: Inventory, *, before: Callable[[], None] | None = None) -> Held:
        """The parent, to an inventory whose chunks are written. Raises as `save` does."""
        body = self._parent(inventory)
        if held.parent is None:
            return Held(inventory, await self._post_once(body))
        body["metadata"]["resourceVersion"] = held.parent["metadata"]["resourceVersion"]
        return Held(inventory, await self._put_once(body, before))

    async def _post_once(self, body: dict[str, Any]) -> dict[str, Any]:
        """As `_put_once`, for the first time."""
        try:
            return (await self.client.post(self._path(), body)).body
        except StatusError as error:
            return await self._kept(body, error, error.reason == "AlreadyExists")

    async def _put_once(self, body: dict[str, Any], before: Callable[[], None] | None) -> dict[str, Any]:
        """An update whose answer got lost looks like a conflict with oneself: then what is there is what was sent."""
        try:
            return (await self.client.put(f"{self._path()}/{self.name}", body, before=before)).body
        except StatusError as error:
            return await self._kept(body, error, error.code == 409)

    async def _kept(self, body: dict[str, Any], error: StatusError, conflict: bool) -> dict[str, Any]:
        """What is there, where that is what was sent. Only who holds the lock writes records."""
        found = await self._find(self.name) if conflict else None
        if found is not None and found.get("data") == body["data"]:
            return found
        if not conflict:
            raise error
        said = f"somebody else has written the records {self.namespace}/{self.name}: the lock is not ours any more"
        hint = "plan again: what was written is shown"
        raise ClusterError(Diagnostic(codes.LOCK_LOST, said, hint=hint)) from None

    async def save_revision(self, inventory: Inventory, revision: Revision) -> None:
        """Of an inventory whose chunks are written."""
        data = {
            "release": json.dumps(encode_head(inventory), sort_keys=True),
            "revision": json.dumps(asdict(revision), sort_keys=True),
        }
        body = self._record(self._revision_name(revision.id), "revision") | {"data": data, "immutable": True}
        await self._create(body)

    async def sweep(self, inventory: Inventory) -> None:
        """Removes revisions that are no longer kept, and chunks that nothing refers to."""
        rows = await self.client.pages(self._path(), {"labelSelector": f"{_RELEASE}={self.name}"})
        kept = {self._revision_name(revision) for revision in inventory.revisions}
        used = {self._chunk_name(name) for name in inventory.shards.chunks}
        revisions = [row for row in rows if _role(row) == "revision"]
        for row in revisions:
            if row["metadata"]["name"] in kept:
                used |= {self._chunk_name(name) for name in decode_shards(json.loads(row["data"]["release"])).chunks}
        gone = [row for row in revisions if row["metadata"]["name"] not in kept]
        gone += [row for row in rows if _role(row) == "chunk" and row["metadata"]["name"] not in used]
        await each(gone, self._remove)

    async def _remove(self, row: Mapping[str, Any]) -> None:
        metadata = row["metadata"]
        try:
            await self.client.delete(f"{self._path()}/{metadata['name']}", {"preconditions": {"uid": metadata["uid"]}})
        except StatusError as error:
            if error.code not in (404, 409):
                raise

    async def _decode(self, head: Mapping[str, Any]) -> Inventory:
        if head["formatVersion"] > FORMAT_VERSION:
            raise NewerFormat(str(head.get("toolVersion", "unknown")))
        if head["release"] != str(self.release):
            raise ValueError(f"it is of the release {head['release']}")
        names = sorted(decode_shards(head).chunks)
        parts = await each(names, self._read_chunk)
        return decode_inventory(head, dict(zip(names, parts, strict=True)))

    async def _read_chunk(self, name: str) -> bytes:
        found = await self._find(self._chunk_name(name))
        if found is None:
            raise KeyError(f"{self._chunk_name(name)} is gone")
        return base64.b64decode(found["binaryData"]["chunk"])

    async def _write_chunks(self, chunks: Chunks, known: frozenset[str]) -> None:
        async def write(name: str) -> None:
            data = base64.b64encode(chunks[name]).decode()
            body = self._record(self._chunk_name(name), "chunk") | {"binaryData": {"chunk": data}, "immutable": True}
            await self._create(body)

        await each([name for name in chunks if name not in known], write)

    async def _create(self, body: Mapping[str, Any]) -> None:
        """What is named by its content may be there already, from an apply that was killed."""
        try:
            await self.client.post(self._path(), body)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise self._refused(error) from None

    def _refused(self, error: StatusError) -> Exception:
        if error.code != 404:
            return error
        said = f"{self.client.server.name} has no namespace `{self.namespace}`, where the records of the release go"
        return ClusterError(Diagnostic(codes.NO_NAMESPACE, said, hint=f"kubectl create namespace {self.namespace}"))

    async def _find(self, name: str) -> dict[str, Any] | None:
        return await self.client.find(f"{self._path()}/{name}")

    def _path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/configmaps"

    def _chunk_name(self, digest: str) -> str:
        return f"{self.name}-{digest}"

    def _revision_name(self, revision: str) -> str:
        return f"{self.name}-r-{revision[:20]}"

    def _record(self, name: str, role: str) -> dict[str, Any]:
        labels = {_RELEASE: self.name, _RECORD: role, "app.kubernetes.io/managed-by": "opsdecl"}
        annotations = {_RELEASE_ID: str(self.release)}
        metadata = {"name": name, "namespace": self.namespace, "labels": labels, "annotations": annotations}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}

    def _parent(self, inventory: Inventory) -> dict[str, Any]:
        body = self._record(self.name, "parent")
        body["metadata"]["labels"][_ID] = self.applyset
        keys = [entry.key for entry in inventory.entries]
        others = sorted({key.namespace for key in keys} - {self.namespace, ""})
        body["metadata"]["annotations"] |= {
            _TOOLING: f"opsdecl/v{self.tool_version or '0'}",
            _KINDS: ",".join(sorted({_group_kind(key) for key in keys})),
            **({_NAMESPACES: ",".join(others)} if others else {}),
        }
        body["data"] = {"release": json.dumps(encode_head(inventory), sort_keys=True)}
        return body

    def _damaged(self, name: str, error: Exception) -> ClusterError:
        said = f"ConfigMap {self.namespace}/{name} of {self.release}: {type(error).__name__} {error}"
        hint = f"look at it with: kubectl get configmap {name} -n {self.namespace} -o yaml"
        return ClusterError(Diagnostic(codes.CLUSTER_RECORD, said[:300], hint=hint))


def _group_kind(key: ObjectKey) -> str:
    group = key.api_version.rpartition("/")[0]
    return f"{key.kind}.{group}" if group else key.kind


def _role(row: Mapping[str, Any]) -> str:
    return str(row["metadata"].get("labels", {}).get(_RECORD, ""))
