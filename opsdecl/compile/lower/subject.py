"""A served document together with what its objects depend on beside its own fields."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from opsdecl.addr import MAIN, Address
from opsdecl.catalog.types import Catalog, GpuFacts
from opsdecl.compile.roles import path_in
from opsdecl.compile.types import CompiledDocument, Traced
from opsdecl.diag import Place, SpecPath
from opsdecl.spec.kinds.adapter import AdapterSpec
from opsdecl.spec.kinds.dataset import DatasetSpec
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.environment import EnvironmentSpec, Pool
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.runtime import RuntimeSpec
from opsdecl.spec.kinds.scalars import ImageReference
from opsdecl.spec.types import Json

_DOCKER_HUB = ("", "docker.io", "index.docker.io")


class LoadedAdapter(Struct, frozen=True):
    """An adapter that the document loads; `root` is where its spec stands in the document's effective tree, `trained`
    are facts of the Training that makes it."""

    name: str
    spec: AdapterSpec
    root: str
    trained: Mapping[str, Json] = field(default_factory=dict)


class UsedDataset(Struct, frozen=True):
    """A dataset that the document reads; `root` is where its spec stands in the document's effective tree, `base` the
    base of its objects' names, `compared` what it takes from datasets that it is itself compared with."""

    name: str
    spec: DatasetSpec
    root: str
    base: str
    compared: Mapping[str, Mapping[str, Json]]


class Subject(Struct, frozen=True):
    """`runtime` is the spec of the Runtime that serves the document, None for a custom image.

    The labels are worked out once, by `labels.labelled`.
    """

    document: CompiledDocument
    project: str
    environment_name: str
    environment: EnvironmentSpec
    runtime: RuntimeSpec | None
    catalog: Catalog
    base: str
    namespace: str
    pools: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    adapters: tuple[LoadedAdapter, ...] = ()
    datasets: tuple[UsedDataset, ...] = ()
    pod_labels: Mapping[str, Any] = field(default_factory=dict)
    object_labels: Mapping[str, Any] = field(default_factory=dict)
    watched: tuple[CompiledDocument, ...] = ()
    """Models that the document refers to, in the order of their roots."""
    asked: tuple[CompiledDocument, ...] = ()
    """Models that score what others answer."""
    measured: Mapping[str, CompiledDocument] = field(default_factory=dict)
    """What an Evaluation measures, by root."""
    searched: CompiledDocument | None = None
    """The training whose parameters the document searches."""
    routes: tuple[str, ...] = ()
    """Names of the HTTPRoutes that send requests to the model, where its new versions come by canary."""
    variant: str = MAIN
    """Which of the document's pods: those that answer, `prefill`, or `explain`."""
    whole: CompiledDocument | None = None
    """The document as it is, where `document` has the values of some of its pods."""
    is_split: bool = False
    """Whether some pods of the document only prefill."""
    reckoned_gib: float | None = None
    """Size of weights that neither the document nor the catalogue says, where it could be reckoned."""

    @property
    def metadata(self) -> ServedMetadata:
        metadata: ServedMetadata = self.document.model.metadata
        return metadata

    def address(self, role: str) -> Address:
        return Address(self.document.address, self.variant, role)

    def shared(self, role: str) -> Address:
        """Of an object that all pods of the document use."""
        return Address(self.document.address, MAIN, role)

    def pool(self, accelerator: Accelerator | None) -> Pool | None:
        """The pool that the document names, else the only one that has its GPU."""
        name = self.pool_name(accelerator)
        return self.environment.capacity.pools.get(name) if name else None

    def pool_name(self, accelerator: Accelerator | None) -> str | None:
        return pool_name(accelerator, self.environment.capacity.pools)

    def gpu(self, accelerator: Accelerator | None) -> GpuFacts | None:
        return self.catalog.gpu(accelerator.gpu) if accelerator else None

    def image(self, image: ImageReference) -> str:
        """The image by its full name, through the environment's registry where Docker Hub is meant."""
        prefix = self.environment.image_registry
        if not prefix or image.registry not in _DOCKER_HUB:
            return image.text
        return f"{prefix.rstrip('/')}/{image.text.removeprefix(f'{image.registry}/') if image.registry else image.text}"

    def place(self, path: SpecPath) -> Place:
        """Where the document says it: the highest layer that holds the path, or its nearest enclosing field."""
        path = path_in(self.variant, self.document.value.get("spec") or {}, path)
        for length in range(len(path), 0, -1):
            for layer in reversed(self.document.layers):
                if _holds(layer.value, path[:length]):
                    return layer.place(path[:length])
        return self.document.layers[-1].place()


def pool_name(accelerator: Accelerator | None, pools: Mapping[str, Pool]) -> str | None:
    """The pool that is named, else the only one that has the GPU."""
    if accelerator is None or accelerator.pool:
        return accelerator.pool if accelerator else None
    fitting = [name for name, pool in pools.items() if pool.gpu == accelerator.gpu]
    return fitting[0] if len(fitting) == 1 else None


def traced(value: Json, *path: str | int) -> Traced:
    """A value with the effective path that it was taken from."""
    return Traced(value, path)


def _holds(value: Any, path: SpecPath) -> bool:
    for part in path:
        inside = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if not inside and not (isinstance(value, dict) and part in value):
            return False
        value = value[part]
    return True
