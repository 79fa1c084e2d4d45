"""Documents of one environment, merged and checked, and the resources that they become."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from msgspec import Struct, field

from opsdecl.addr import Address, ObjectKey, Release, SpecAddress
from opsdecl.diag import Place, SpecPath
from opsdecl.spec.types import Document, Json


class Setter(Struct, frozen=True):
    """A layer that set a value: where, and to what."""

    place: Place
    value: Json


@dataclass(frozen=True, slots=True)
class CompiledDocument:
    """One document of one environment after merge, variables, defaults and checks.

    `value` is what people wrote, merged (metadata and spec, no defaults). `effective` is what takes effect:
    `{"metadata": …, "spec": … with defaults, "runtime": the Runtime's spec, …}`; each reference that matters to
    the result is resolved under a key of its own. Paths into `effective` are the origin of every object field.
    `model` is the validated pydantic model of the kind. `layers` are the documents merged, lowest first.
    """

    address: SpecAddress
    model: Any
    value: Mapping[str, Json]
    effective: Mapping[str, Json]
    layers: tuple[Document, ...]
    references: Mapping[str, SpecAddress]
    """Reference roots of `effective`: `{"runtime": Runtime.vllm}`."""
    digest: str


class Traced(Struct, frozen=True):
    """A leaf or branch of an object together with the effective path it came from."""

    value: Json
    path: SpecPath


class Resource(Struct, frozen=True):
    """A node of the graph: one Kubernetes object to be, in terms that Pulumi shares.

    `inputs` is the object without apiVersion, kind and metadata.name/namespace… as a tree of plain data in which any
    value may be wrapped in `Traced`; None values are dropped when it is rendered.
    """

    address: Address
    token: str
    key: ObjectKey
    inputs: Mapping[str, Any]
    depends_on: tuple[Address, ...] = ()
    protect: bool = False
    aliases: tuple[Address, ...] = ()
    ignore_changes: tuple[SpecPath, ...] = ()

    @property
    def parent(self) -> SpecAddress:
        return self.address.spec


Lower = Callable[[], Sequence[Resource]]


class ResourcesByDocument(Sequence[Resource]):
    """All resources, sorted by address. `lower` makes those of each document, when somebody looks at them; its keys are
    sorted. `made` are those that there are already."""

    def __init__(self, lower: Mapping[SpecAddress, Lower], made: Mapping[SpecAddress, Sequence[Resource]]) -> None:
        self._lower = lower
        self._made = {document: _by_address(resources) for document, resources in made.items()}

    def of(self, document: SpecAddress) -> tuple[Resource, ...]:
        if document not in self._made:
            lower = self._lower.get(document)
            self._made[document] = _by_address(lower() if lower else ())
        return self._made[document]

    def forget(self, document: SpecAddress) -> None:
        """They are made again when somebody looks: together they are the largest thing that there is."""
        self._made.pop(document, None)

    def __iter__(self) -> Iterator[Resource]:
        for document in self._lower:
            yield from self.of(document)

    def __len__(self) -> int:
        return sum(len(self.of(document)) for document in self._lower)

    @overload
    def __getitem__(self, index: int) -> Resource: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Resource]: ...

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]


def _by_address(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    return tuple(sorted(resources, key=lambda resource: resource.address))


class Graph(Struct, frozen=True):
    """A whole environment: every document and every resource, sorted by address; edges are `depends_on`."""

    release: Release
    environment: CompiledDocument
    documents: tuple[CompiledDocument, ...]
    resources: Sequence[Resource]
    setters: Callable[[SpecAddress, SpecPath], tuple[Setter, ...]]
    """All layers that set the value at a path of a document's `effective` tree, lowest first, the winner last.
    Where nothing set it (a default), the nearest enclosing value that something did set answers."""
    identities: Mapping[SpecAddress, str] = field(default_factory=dict)
    """For each document that was lowered without findings a text that is equal, in any run, where everything that its
    resources are made from is."""

    def document(self, address: SpecAddress) -> CompiledDocument | None:
        return next((d for d in self.documents if d.address == address), None)

    def resources_of(self, document: SpecAddress) -> Sequence[Resource]:
        """Sorted by address."""
        if isinstance(self.resources, ResourcesByDocument):
            return self.resources.of(document)
        return tuple(resource for resource in self.resources if resource.parent == document)

    def forget_resources(self, document: SpecAddress) -> None:
        """Gives their memory back; whoever asks for them later waits for them."""
        if isinstance(self.resources, ResourcesByDocument):
            self.resources.forget(document)
