"""Manifests that an earlier run rendered: known by their digests, made again only when somebody looks inside."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from opsdecl.addr import Address
from opsdecl.compile.types import Resource
from opsdecl.diag import SpecPath
from opsdecl.render.types import Manifest


class RecalledManifest(Manifest):
    """Everything but data and origins comes from the resource; `render` makes those of its whole document."""

    def __init__(self, resource: Resource, digest: str, render: Callable[[], Mapping[Address, Manifest]]) -> None:
        values = {
            "address": resource.address,
            "key": resource.key,
            "token": resource.token,
            "depends_on": resource.depends_on,
            "protect": resource.protect,
            "aliases": resource.aliases,
            "ignore_changes": resource.ignore_changes,
            "digest": digest,
            "_render": render,
        }
        self.__dict__.update(values)

    @cached_property
    def _again(self) -> Manifest:
        render: Callable[[], Mapping[Address, Manifest]] = self.__dict__["_render"]
        return render()[self.address]

    @cached_property
    def data(self) -> Mapping[str, Any]:
        return self._again.data

    @cached_property
    def origins(self) -> Mapping[SpecPath, SpecPath]:
        return self._again.origins
