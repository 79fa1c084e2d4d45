"""Objects -> documents of the kinds LLM, Model and Runtime, for Deployments whose server is known."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.recognise.classic import classic_engine, model_format, source_of
from opsdecl.recognise.container import (
    CommandLine,
    Hidden,
    command_line,
    image_version,
    variables,
    written_credentials,
)
from opsdecl.recognise.language import EngineWords, Line, engine_of, read_line
from opsdecl.recognise.types import Found, LeftOut, Proposal, Recognition, Surroundings
from opsdecl.recognise.workload import Workload, read_workload

_API = "opsdecl.dev/v1"
_WORKLOADS = frozenset({"Deployment"})
_OTHERS = {
    "StatefulSet": "only Deployments are read",
    "DaemonSet": "only Deployments are read",
    "Namespace": "namespaces are named by the environment",
    "Secret": "secrets are referred to, and never written into specs",
    "CustomResourceDefinition": "definitions are not models",
}


class _Read(Struct, frozen=True):
    """A model with the runtime that it needs: its engine, version and image."""

    kind: str
    spec: Mapping[str, Any]
    engine: str
    remarks: tuple[str, ...] = ()


def recognise(objects: Sequence[Found], around: Surroundings) -> Recognition:
    """Each object is in one proposal, or left out with the reason."""
    runtimes: dict[str, Proposal] = {}
    models: list[Proposal] = []
    left: list[LeftOut] = []
    used: set[str] = set()
    for found in objects:
        if found.key.kind not in _WORKLOADS:
            continue
        try:
            workload = read_workload(found, objects, around.pools)
            models.append(_proposed(workload, _read(workload, around), runtimes, around))
            used |= {str(one.key) for one in models[-1].objects}
        except Hidden as hidden:
            left.append(LeftOut(found.key, str(hidden)))
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            left.append(LeftOut(found.key, f"it is not as the API has it: {type(error).__name__} {error}"))
    said, claims = {str(one.key) for one in left} | used, dict(_claims(models))
    left += [LeftOut(found.key, _reason(found, claims)) for found in objects if str(found.key) not in said]
    return Recognition((*runtimes.values(), *models), tuple(sorted(left, key=lambda one: one.key)))


def _claims(models: Sequence[Proposal]) -> Iterator[tuple[tuple[str, str], SpecAddress]]:
    """Claims that keep weights, by namespace and name, with the model whose weights they are."""
    for model in models:
        cache = (model.document["spec"].get("weights") or {}).get("cache") or {}
        if "claim" in cache:
            yield (model.document["metadata"].get("namespace", ""), cache["claim"]), model.address


def _reason(found: Found, claims: Mapping[tuple[str, str], SpecAddress]) -> str:
    model = claims.get((found.key.namespace, found.key.name))
    if found.key.kind == "PersistentVolumeClaim" and model is not None:
        return f"it stays as it is: `{model}` names it as its cache"
    return _OTHERS.get(found.key.kind, "it belongs to no model that is recognised")


def _read(workload: Workload, around: Surroundings) -> _Read:
    container = workload.container
    try:
        line = command_line(container)
    except Hidden:
        if not classic_engine(container):
            raise
        line = CommandLine((), {})
    engine = engine_of(container, line)
    if engine is not None:
        return _language(workload, engine, read_line(engine, line), around)
    if classic_engine(container):
        return _classic(workload, classic_engine(container))
    raise Hidden(f"its image `{container.get('image', '')}` is no model server that is known")


def _language(workload: Workload, engine: EngineWords, line: Line, around: Surroundings) -> _Read:
    if line.model.startswith(("/", ".")):
        raise Hidden(f"it serves `{line.model}`, a folder: which model that is nobody can tell from here")
    if workload.gpus and workload.pool is None:
        raise Hidden("it asks for GPUs and no pool of the environment says of which type: declare it in `capacity`")
    uri = f"hf://{line.model}"
    spec: dict[str, Any] = {"model": around.models.get(uri) or _inline(uri, line.revision)}
    for path, value in line.fields.items():
        _put(spec, path, value)
    if spec.get("servedNames") == [workload.name]:
        del spec["servedNames"]
    _put(spec, ("engine", "args"), dict(line.rest))
    _put(spec, ("engine", "env"), workload.own_variables)
    _put(spec, ("weights", "source"), {"type": "hub", **({"token": workload.token} if workload.token else {})})
    _put(spec, ("weights", "cache"), workload.cache)
    remarks = (*_hidden(line.hidden, "flag"), *_template(spec))
    return _Read("LLM", spec, engine.name, remarks)


def _inline(uri: str, revision: str) -> dict[str, Any]:
    return {"uri": uri, **({"revision": revision} if revision else {})}


def _template(spec: dict[str, Any]) -> Iterator[str]:
    """A template lies in a file of the container, and in one of the project for a spec."""
    args = spec.get("engine", {}).get("args", {})
    if "chat-template" in args:
        yield f"the chat template `{args.pop('chat-template')}` is a file of the container: set `chatTemplate.file`"


def _hidden(names: Sequence[str], what: str) -> Iterator[str]:
    for name in names:
        yield f"the {what} `{name}` holds a credential, and was left out: refer to a Secret"


def _classic(workload: Workload, engine: str) -> _Read:
    container = workload.container
    source, said = source_of(workload.pod, container), variables(container)
    written = model_format(engine, said)
    if source is not None and written:
        return _Read("Model", {"format": written, "source": source}, engine)
    spec: dict[str, Any] = {"format": "custom", "image": container["image"], "port": workload.port}
    spec |= {name: container[name] for name in ("command", "args") if container.get(name)}
    _put(spec, ("env",), workload.own_variables)
    _put(spec, ("probes",), workload.probes)
    return _Read(
        "Model", spec, "", ("nothing says where its model comes from: it is taken over with its image as it is",)
    )


def _proposed(workload: Workload, read: _Read, runtimes: dict[str, Proposal], around: Surroundings) -> Proposal:
    address = SpecAddress(read.kind, workload.name)
    if address in around.taken:
        raise Hidden(f"`{address}` is declared already")
    spec = dict(read.spec)
    if read.engine:
        spec["runtime"] = _runtime(workload, read.engine, runtimes, around)
    if workload.gpus and workload.pool is not None:
        accelerator = {"gpu": workload.pool.gpu, "count": workload.gpus}
        spec["accelerator"] = {**accelerator, **({"pool": workload.pool.name} if workload.pool.name else {})}
    _put(spec, ("resources",), workload.resources)
    _put(spec, ("replicas",), workload.replicas)
    metadata = {"name": workload.name, "namespace": workload.namespace, "owner": workload.owner}
    document = {
        "apiVersion": _API,
        "kind": read.kind,
        "metadata": {name: value for name, value in metadata.items() if value},
        "spec": {name: value for name, value in spec.items() if value not in ({}, [], None)},
    }
    written = _hidden(written_credentials(workload.container), "variable")
    remarks = (*read.remarks, *workload.remarks, *written)
    return Proposal(address, document, workload.objects, remarks)


def _runtime(workload: Workload, engine: str, runtimes: dict[str, Proposal], around: Surroundings) -> str:
    """Name of the Runtime with this image: the environment's, one that is proposed already, or a new one."""
    image, version = str(workload.container["image"]), image_version(workload.container)
    if image in around.runtimes:
        return around.runtimes[image]
    if image in runtimes:
        return runtimes[image].address.name
    if not version:
        raise Hidden(f"the tag of its image `{image}` is no version, which a Runtime needs")
    taken = {address.name for address in around.taken if address.kind == "Runtime"}
    taken |= {proposal.address.name for proposal in runtimes.values()}
    name = next(name for name in _names(engine) if name not in taken)
    address = SpecAddress("Runtime", name)
    spec: dict[str, Any] = {"engine": engine, "version": version, "image": image}
    spec |= {"port": workload.port} if workload.port else {}
    metadata = {"name": name, **({"owner": workload.owner} if workload.owner else {})}
    runtimes[image] = Proposal(address, {"apiVersion": _API, "kind": "Runtime", "metadata": metadata, "spec": spec})
    return name


def _names(engine: str) -> Iterator[str]:
    yield engine
    number = 1
    while True:
        number += 1
        yield f"{engine}-{number}"


def _put(spec: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    if value is None or value == {} or value == []:
        return
    for name in path[:-1]:
        spec = spec.setdefault(name, {})
    spec[path[-1]] = value
