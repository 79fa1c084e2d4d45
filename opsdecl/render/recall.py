"""The objects of a document: rendered now, or by an earlier run and made again only when somebody looks inside."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.diag import SpecPath
from opsdecl.render.types import Head, Manifest, head_of

Render = Callable[[], tuple[Manifest, ...]]


class RenderedObjects:
    """Just rendered."""

    def __init__(self, identity: str, manifests: Sequence[Manifest]) -> None:
        self.identity = identity
        self.manifests = tuple(sorted(manifests, key=lambda manifest: manifest.address))

    @cached_property
    def heads(self) -> Sequence[Head]:
        return tuple(map(head_of, self.manifests))


class RecalledObjects:
    """Rendered by an earlier run, as `encode_objects` wrote them down. `render` makes them again."""

    def __init__(self, document: SpecAddress, identity: str, rows: "Sequence[Row]", render: Render) -> None:
        self.document = document
        self.identity = identity
        self._rows = rows
        self._render = render

    @cached_property
    def heads(self) -> Sequence[Head]:
        spec = str(self.document)
        return tuple(Head(f"{spec}/{r.variant}/{r.role}", r.digest, r.key, r.depends_on) for r in self._rows)

    @cached_property
    def manifests(self) -> tuple[Manifest, ...]:
        return tuple(RecalledManifest(self, row) for row in self._rows)

    @cached_property
    def again(self) -> Mapping[Address, Manifest]:
        """Rendered in this run."""
        return {manifest.address: manifest for manifest in self._render()}


class RecalledManifest(Manifest):
    """A manifest of which everything but data and origins is known."""

    def __init__(self, objects: RecalledObjects, row: "Row") -> None:
        values = {
            "address": Address(objects.document, row.variant, row.role),
            "key": ObjectKey(*row.key),
            "token": row.token,
            "depends_on": tuple(map(Address.parse, row.depends_on)),
            "protect": row.protect,
            "aliases": tuple(map(Address.parse, row.aliases)),
            "ignore_changes": row.ignore_changes,
            "digest": row.digest,
            "_objects": objects,
        }
        self.__dict__.update(values)

    @cached_property
    def data(self) -> Mapping[str, Any]:
        return self._made.data

    @cached_property
    def origins(self) -> Mapping[SpecPath, SpecPath]:
        return self._made.origins

    @property
    def _made(self) -> Manifest:
        objects: RecalledObjects = self.__dict__["_objects"]
        return objects.again[self.address]


class Row(NamedTuple):
    """One manifest without data and origins."""

    variant: str
    role: str
    token: str
    key: tuple[str, str, str, str]
    depends_on: tuple[str, ...]
    protect: bool
    aliases: tuple[str, ...]
    ignore_changes: tuple[SpecPath, ...]
    digest: str


def encode_objects(manifests: Sequence[Manifest]) -> Any:
    """JSON that `decode_objects` reads."""
    return {"objects": list(map(_encode, manifests))}


def _encode(manifest: Manifest) -> Row:
    key = manifest.key
    return Row(
        manifest.address.variant,
        manifest.address.role,
        manifest.token,
        (key.api_version, key.kind, key.namespace, key.name),
        tuple(map(str, manifest.depends_on)),
        manifest.protect,
        tuple(map(str, manifest.aliases)),
        manifest.ignore_changes,
        manifest.digest,
    )


def decode_objects(value: Any) -> tuple[Row, ...] | None:
    """None for anything that `encode_objects` did not make."""
    try:
        return tuple(map(_row, value["objects"]))
    except (TypeError, ValueError, KeyError):
        return None


def _row(row: Any) -> Row:
    variant, role, token, key, depends_on, protect, aliases, ignored, digest = row
    api_version, kind, namespace, name = key
    object_key = (api_version, kind, namespace, name)
    paths = tuple(map(tuple, ignored))
    return Row(variant, role, token, object_key, tuple(depends_on), protect, tuple(aliases), paths, digest)
