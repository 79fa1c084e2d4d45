"""An exported state -> the resources of a release. Pure: the export arrives as data."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from opsdecl.addr import Address, ObjectKey, digest_of

_STACK = "pulumi:pulumi:Stack"
_PROVIDER = "pulumi:providers:kubernetes"
_COMPONENT = "opsdecl:index:"
_OBJECT = "kubernetes:"


class StateResource(Struct, frozen=True):
    """An object of the state. `inputs` are as the provider normalised what it was sent; `outputs` are the server's
    answer."""

    urn: str
    token: str
    address: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    protect: bool = False
    depends_on: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return digest_of([self.token, dict(self.inputs)])

    @property
    def key(self) -> ObjectKey:
        metadata = self.inputs.get("metadata", {})
        namespace = metadata.get("namespace", "")
        return ObjectKey(self.inputs["apiVersion"], self.inputs["kind"], namespace, metadata.get("name", ""))


class Pending(Struct, frozen=True):
    """What an update had begun when it was stopped: `creating`, `updating`, `deleting`, ...."""

    kind: str
    resource: StateResource


class StackState(Struct, frozen=True, dict=True):
    """Objects by address. `foreign` are resources that no release of opsdecl makes. `exists`: there is a stack.
    `written` is when its state was saved last, to the fraction of a second."""

    objects: Mapping[str, StateResource]
    foreign: tuple[str, ...] = ()
    pending: tuple[Pending, ...] = ()
    exists: bool = False
    provider: Mapping[str, Any] | None = None
    written: str = ""

    @property
    def is_blank(self) -> bool:
        """There is no stack, or nothing in it."""
        return not (self.objects or self.foreign or self.pending or self.provider)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """By address: what is compared, once somebody could have written in between."""
        return {address: resource.digest for address, resource in self.objects.items()}

    @property
    def digest(self) -> str:
        """Moves with everything that an update changes, and not with what a refresh finds beside our inputs."""
        pending = sorted([p.kind, p.resource.urn, p.resource.digest] for p in self.pending)
        provider = dict(self.provider) if self.provider is not None else None
        return digest_of([dict(self.digests), sorted(self.foreign), pending, provider])

    def moved(self, other: "StackState") -> tuple[str, ...]:
        """Addresses and names of what differs."""
        addresses = self.digests.keys() | other.digests.keys()
        found = {a for a in addresses if self.digests.get(a) != other.digests.get(a)}
        found |= {p.resource.address for p in (*self.pending, *other.pending)}
        return tuple(sorted(found | (set(self.foreign) ^ set(other.foreign))))


def parse_state(deployment: Mapping[str, Any] | None) -> StackState:
    """Raises KeyError, TypeError or ValueError where it is no state."""
    if deployment is None:
        return StackState({})
    rows = deployment.get("resources") or []
    names = {row["urn"]: row["urn"].rpartition("::")[2] for row in rows}
    live = [row for row in rows if not row.get("delete")]
    ours = {row["urn"]: _resource(row, names) for row in live if _is_object(row)}
    pending = tuple(_pending(deployment.get("pending_operations") or (), names))
    return StackState(
        objects={resource.address: resource for resource in ours.values()},
        foreign=tuple(sorted(_name(row) for row in live if row["urn"] not in ours and not _is_scaffold(row))),
        pending=pending,
        exists=True,
        provider=next((row.get("inputs") for row in live if row["type"] == _PROVIDER), None),
        written=str((deployment.get("manifest") or {}).get("time", "")),
    )


def _is_scaffold(row: Mapping[str, Any]) -> bool:
    kind = str(row["type"])
    return kind in (_STACK, _PROVIDER) or kind.startswith(_COMPONENT)


def _is_object(row: Mapping[str, Any]) -> bool:
    return (
        str(row["type"]).startswith(_OBJECT)
        and f"::{_COMPONENT}" in str(row.get("parent", ""))
        and _is_address(row["urn"].rpartition("::")[2])
    )


def _is_address(name: str) -> bool:
    try:
        Address.parse(name)
    except ValueError:
        return False
    return True


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['type']} {row['urn'].rpartition('::')[2]}"


def _resource(row: Mapping[str, Any], names: Mapping[str, str]) -> StateResource:
    return StateResource(
        urn=row["urn"],
        token=row["type"],
        address=row["urn"].rpartition("::")[2],
        inputs=row.get("inputs") or {},
        outputs=row.get("outputs") or {},
        protect=bool(row.get("protect")),
        depends_on=tuple(sorted(names[urn] for urn in row.get("dependencies") or () if urn in names)),
    )


def _pending(rows: Any, names: Mapping[str, str]) -> Iterator[Pending]:
    for row in rows:
        if _is_object(row["resource"]):
            yield Pending(str(row["type"]), _resource(row["resource"], names))


def without_pending(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """The same state, with nothing announced."""
    return {name: value for name, value in deployment.items() if name != "pending_operations"}
