"""A small graph: two models, a Runtime, resources that wait for each other."""

from opsdecl.addr import Address, ObjectKey, Release, SpecAddress
from opsdecl.compile.types import CompiledDocument, Graph, Resource, Setter
from opsdecl.diag import SpecPath
from opsdecl.spec.types import Document

RELEASE = Release("acme-ml", "prod", "main")


def document(kind: str, name: str, **references: SpecAddress) -> CompiledDocument:
    layer = Document(f"environments/prod/{name}.yaml", 0, kind, name, "opsdecl.dev/v1", {}, "sha256:0")
    return CompiledDocument(SpecAddress(kind, name), None, {}, {}, (layer,), references, "sha256:0")


def resource(owner: SpecAddress, role: str, kind: str, *after: str, name: str = "", protect: bool = False) -> Resource:
    """`after` are roles of the same owner."""
    return Resource(
        Address(owner, "main", role),
        f"kubernetes:core/v1:{kind}",
        ObjectKey("v1", kind, "assist", name or owner.name),
        {},
        tuple(Address(owner, "main", each) for each in after),
        protect,
    )


def no_setters(_address: SpecAddress, _path: SpecPath) -> tuple[Setter, ...]:
    return ()


def graph_of(documents: tuple[CompiledDocument, ...], resources: tuple[Resource, ...]) -> Graph:
    return Graph(RELEASE, document("Environment", "prod"), documents, resources, no_setters)


def small_graph() -> Graph:
    runtime = SpecAddress("Runtime", "vllm")
    chat, fraud = document("LLM", "chat", runtime=runtime), document("Model", "fraud", runtime=runtime)
    resources = (
        resource(chat.address, "cache", "PersistentVolumeClaim", name="chat-cache", protect=True),
        resource(chat.address, "deployment", "Deployment", "cache", "service-account"),
        resource(chat.address, "service-account", "ServiceAccount"),
        resource(fraud.address, "deployment", "Deployment"),
    )
    return graph_of((chat, fraud, document("Runtime", "vllm")), resources)


def hostile_graph(text: str) -> Graph:
    """The given text wherever a name stands."""
    owner = document("LLM", text)
    resources = (
        resource(owner.address, "deployment", text, "service", name=text),
        resource(owner.address, "service", "Service", name=text),
    )
    return graph_of((owner,), resources)
