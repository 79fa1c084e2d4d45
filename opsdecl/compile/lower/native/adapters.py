"""Adapters of a language model: what brings them to the pod, and the flags by which the engine loads them."""

from collections.abc import Collection, Iterator
from typing import Any

from opsdecl.compile.lower.names import shorten
from opsdecl.compile.lower.native.flags import Flag
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.security import fetcher_security
from opsdecl.compile.lower.native.trained import trained_parts
from opsdecl.compile.lower.native.variables import env_list, from_secret, literal
from opsdecl.compile.lower.native.volumes import HOME
from opsdecl.compile.lower.subject import LoadedAdapter, Subject
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.adapter import HubAdapter, OciAdapter, PvcAdapter, TrainedAdapter
from opsdecl.spec.kinds.weights import HubSource, WeightsSource

FETCHED = "/models/fetched-adapters"
MOUNTED = "/models/adapters"
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks that vLLM reserves memory for; an adapter takes the next one up."""
FETCH = (
    "import sys; from huggingface_hub import snapshot_download; "
    "snapshot_download(sys.argv[1], revision=sys.argv[2] or None, local_dir=sys.argv[3])"
)
"""Runs in the engine's own image, which has the hub's client; engines themselves cannot pin an adapter's revision."""


def adapter_flags(subject: Subject, engine: str, given: Collection[str]) -> tuple[Flag, ...]:
    """The flags of vLLM and SGLang; `given` are names of flags that people set themselves, which stay theirs."""
    if not subject.adapters:
        return ()
    modules = tuple(f"{adapter.name}={_folder(adapter)}" for adapter in subject.adapters)
    largest = max(adapter.spec.rank for adapter in subject.adapters)
    reserved = next((rank for rank in RANKS if rank >= largest), largest)
    names = {"vllm": ("lora-modules", "max-loras"), "sglang": ("lora-paths", "max-loras-per-batch")}
    paths, slots = names.get(engine, ("", ""))
    if not paths:
        return ()
    at = ("spec", "adapters")
    flags = (
        Flag("enable-lora", True, at),
        Flag(paths, modules, at),
        Flag(slots, len(modules) if len(modules) > 1 else None, at),
        Flag("max-lora-rank", reserved, (_root(subject, largest), "rank")),
    )
    return tuple(flag for flag in flags if flag.name not in given)


def adapter_parts(subject: Subject, image: Any, weights: WeightsSource) -> PodParts:
    """Volumes, and an init container for each adapter of the hub."""
    return join((*(_parts(subject, adapter, image, weights) for adapter in subject.adapters), *_fetched(subject)))


def _fetched(subject: Subject) -> Iterator[PodParts]:
    if any(isinstance(adapter.spec.source, HubAdapter) for adapter in subject.adapters):
        mount = {"name": "adapters", "mountPath": FETCHED, "readOnly": True}
        yield PodParts(volumes=({"name": "adapters", "emptyDir": {}},), mounts=(mount,))


def _parts(subject: Subject, adapter: LoadedAdapter, image: Any, weights: WeightsSource) -> PodParts:
    name, folder = shorten(f"adapter-{adapter.name}"), f"{MOUNTED}/{adapter.name}"
    match adapter.spec.source:
        case HubAdapter() as source:
            return PodParts(init_containers=(_fetcher(adapter, source, image, weights),))
        case PvcAdapter() as source:
            claim = Traced({"claimName": source.claim, "readOnly": True}, (adapter.root, "source"))
            mount = {"name": name, "mountPath": folder, "subPath": source.path.strip("/") or None, "readOnly": True}
            return PodParts(volumes=({"name": name, "persistentVolumeClaim": claim},), mounts=(mount,))
        case TrainedAdapter():
            return trained_parts(adapter.trained, name, folder, image, (adapter.root, "source", "training"))
        case OciAdapter() as source:
            reference = Traced(subject.image(source.image), (adapter.root, "source", "image"))
            volume = {"name": name, "image": {"reference": reference, "pullPolicy": "IfNotPresent"}}
            return PodParts(volumes=(volume,), mounts=({"name": name, "mountPath": folder, "readOnly": True},))


def _folder(adapter: LoadedAdapter) -> str:
    match adapter.spec.source:
        case HubAdapter():
            return f"{FETCHED}/{adapter.name}"
        case OciAdapter() as source if source.path.strip("/"):
            return f"{MOUNTED}/{adapter.name}/{source.path.strip('/')}"
        case _:
            return f"{MOUNTED}/{adapter.name}"


def _fetcher(adapter: LoadedAdapter, source: HubAdapter, image: Any, weights: WeightsSource) -> dict[str, Any]:
    at = (adapter.root, "source")
    repository = Traced(source.uri.removeprefix("hf://"), (*at, "uri"))
    revision = Traced(source.revision or "", (*at, "revision"))
    variables: dict[str, Any] = {"HOME": literal(HOME)}
    hub = weights if isinstance(weights, HubSource) else None
    if source.token is not None:
        variables["HF_TOKEN"] = Traced(from_secret(source.token), (*at, "token"))
    elif hub is not None and hub.token is not None:
        variables["HF_TOKEN"] = Traced(from_secret(hub.token), ("spec", "weights", "source", "token"))
    if hub is not None and hub.endpoint is not None:
        variables["HF_ENDPOINT"] = Traced(literal(hub.endpoint), ("spec", "weights", "source", "endpoint"))
    return {
        "name": shorten(f"fetch-{adapter.name}"),
        "image": image,
        "command": ["python3", "-c", FETCH, repository, revision, _folder(adapter)],
        "env": env_list(variables),
        "volumeMounts": [
            {"name": "adapters", "mountPath": FETCHED},
            {"name": "home", "mountPath": HOME},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
        "securityContext": fetcher_security(),
    }


def _root(subject: Subject, rank: int) -> str:
    """The adapter that decides how much is reserved."""
    return next(adapter.root for adapter in subject.adapters if adapter.spec.rank == rank)
