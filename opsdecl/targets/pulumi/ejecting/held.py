"""An exported state -> what a program must declare so that nothing of it changes. Pure: the export arrives as data."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from opsdecl.addr import Address, SpecAddress

_COMPONENT = "opsdecl:index:"
_PROVIDER = "pulumi:providers:kubernetes"
_OWN_INPUTS = frozenset({"__internal", "version"})


class HeldObject(Struct, frozen=True):
    """`inputs` and options as the engine was last given them; `timeouts` in seconds, by `create`, `update` …."""

    address: Address
    token: str
    inputs: Mapping[str, Any]
    depends_on: tuple[Address, ...] = ()
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    timeouts: Mapping[str, float] = {}


class HeldDocument(Struct, frozen=True):
    """A component and the objects below it."""

    address: SpecAddress
    type: str
    objects: tuple[HeldObject, ...] = ()
    aliases: tuple[str, ...] = ()


class HeldProvider(Struct, frozen=True):
    """`version` is that of its plugin, and of the Python package that goes with it."""

    inputs: Mapping[str, Any]
    version: str


class Held(Struct, frozen=True):
    """Everything of a stack. `sealed` is how its secrets are kept: the lines of its settings file."""

    documents: tuple[HeldDocument, ...]
    provider: HeldProvider | None
    sealed: Mapping[str, str]

    @property
    def objects(self) -> int:
        return sum(len(document.objects) for document in self.documents)


def read_held(deployment: Mapping[str, Any]) -> Held:
    """Raises KeyError, TypeError or ValueError where it is no state of a release."""
    rows = [row for row in deployment.get("resources") or [] if not row.get("delete")]
    objects: dict[str, list[HeldObject]] = {}
    for row in rows:
        if row["type"].startswith("kubernetes:"):
            objects.setdefault(row["parent"], []).append(_object(row))
    provider = next((row for row in rows if row["type"] == _PROVIDER), None)
    return Held(
        documents=tuple(sorted(_documents(rows, objects), key=lambda document: document.address)),
        provider=_provider(provider) if provider is not None else None,
        sealed=_sealed(deployment.get("secrets_providers") or {}),
    )


def _documents(rows: Iterable[Mapping[str, Any]], objects: Mapping[str, list[HeldObject]]) -> Iterable[HeldDocument]:
    for row in rows:
        if row["type"].startswith(_COMPONENT):
            own = sorted(objects.get(row["urn"], ()), key=lambda held: held.address)
            yield HeldDocument(SpecAddress.parse(_name(row["urn"])), row["type"], tuple(own), _aliases(row))


def _object(row: Mapping[str, Any]) -> HeldObject:
    return HeldObject(
        address=Address.parse(_name(row["urn"])),
        token=row["type"],
        inputs=row.get("inputs") or {},
        depends_on=tuple(sorted(Address.parse(_name(urn)) for urn in row.get("dependencies") or ())),
        protect=bool(row.get("protect")),
        ignore_changes=tuple(row.get("ignoreChanges") or ()),
        aliases=_aliases(row),
        timeouts={name: value for name, value in (row.get("customTimeouts") or {}).items() if value},
    )


def _provider(row: Mapping[str, Any]) -> HeldProvider:
    inputs = {name: value for name, value in row["inputs"].items() if name not in _OWN_INPUTS}
    return HeldProvider(inputs, str(row["inputs"]["version"]))


def _sealed(provider: Mapping[str, Any]) -> Mapping[str, str]:
    """As Pulumi spells them in `Pulumi.<stack>.yaml`. None of them opens anything by itself."""
    state = provider.get("state") or {}
    known = {"secretsprovider": "url", "encryptedkey": "encryptedkey", "encryptionsalt": "salt"}
    return {name: state[key] for name, key in known.items() if state.get(key)}


def _aliases(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row.get("aliases") or ())


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
