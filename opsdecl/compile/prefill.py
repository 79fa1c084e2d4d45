"""Models with prefill pods: whether a decode pod can take over what these have in memory, by which way, and whether
anything is sent to them. What vLLM's NixlConnector compares and cannot do, by release:
https://docs.vllm.ai/en/stable/features/nixl_connector_compatibility/
"""

from collections.abc import Iterator

from opsdecl.catalog import engines
from opsdecl.compile.roles import PREFILL, for_prefill, path_in
from opsdecl.compile.routed import sends_to
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, SpecPath
from opsdecl.diag.codes import split as codes
from opsdecl.spec.types import Json

CONNECTOR_SINCE = (0, 9)
NARROWING_SINCE = (0, 12)
"""A prefill pod that is spread over more GPUs than the pod that takes over."""
CONFIG = "kv-transfer-config"
CONNECTOR = "NixlConnector"
BACKEND = "attention-backend"
ALIKE = frozenset((BACKEND, "block-size", CONFIG, "hf-overrides", "speculative-config", "trust-remote-code"))
"""Flags that decide how a KV cache looks, beside those that fields of the model set."""
_PREFILL: SpecPath = ("spec", PREFILL)


def prefill(scene: Scene) -> Iterator[Diagnostic]:
    """What can be seen in one document and the catalogue."""
    for document in _split(scene):
        spec = document.effective["spec"]
        yield from _release(scene, document)
        yield from _flags(scene, document)
        yield from _sizes(scene, document)
        yield from _generations(scene, document)
        if not spec.get("rdma") and not _says_transport(document):
            message = f"{document.address} sends the KV cache of every prompt through the cluster's network, by TCP"
            hint = "give the pods network devices with `rdma`, or set UCX_TLS in `engine.env`"
            yield _finding(scene, codes.CACHES_OVER_TCP, document, _PREFILL, message, hint)


def prefill_unused(scene: Scene) -> Iterator[Diagnostic]:
    """Prefill pods in an environment whose Routes all go elsewhere. KServe has a route of its own."""
    platform = scene.settings["platform"]
    if platform["serving"] != "native" or platform["routing"] != "inference-extension" or not scene.complete:
        return
    for document in _split(scene):
        if not any(sends_to(route, document.address) for route in scene.documents.values()):
            message = f"no Route sends requests to {document.address}, so nothing is given to its prefill pods"
            hint = f"write a Route with `backends: [{{llm: {document.address.name}}}]`"
            yield _finding(scene, codes.PREFILL_UNUSED, document, _PREFILL, message, hint)


def _split(scene: Scene) -> tuple[CompiledDocument, ...]:
    return tuple(d for d in scene.served() if d.address.kind == "LLM" and d.effective["spec"].get(PREFILL))


def _version(document: CompiledDocument) -> tuple[int, ...]:
    return engines.numbers(str(document.effective.get("runtime", {}).get("version", "")))


def _is_vllm(document: CompiledDocument) -> bool:
    return bool(document.effective.get("runtime", {}).get("engine") == "vllm")


def _release(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    version = document.effective.get("runtime", {}).get("version", "")
    if _is_vllm(document) and _version(document) < CONNECTOR_SINCE:
        message = f"vLLM {version} cannot give a KV cache to another engine; {CONNECTOR} is there since 0.9.0"
        yield _finding(scene, codes.CACHES_DIFFER, document, ("spec", "runtime"), message, "use a newer release")


def _flags(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    """Flags of one role only that both must have, and a way of transfer that nothing else here speaks."""
    spec = document.effective["spec"]
    for name in spec[PREFILL].get("engine", {}).get("args", {}):
        if engines.plain_name("vllm", name) in ALIKE:
            message = f"the flag `{name}` decides how the KV cache lies in memory, and only prefill pods have it"
            path = (*_PREFILL, "engine", "args", name)
            yield _finding(scene, codes.CACHES_DIFFER, document, path, message, "set it in `engine.args` of the model")
    for name, value in spec.get("engine", {}).get("args", {}).items():
        used = value.get("kv_connector") if isinstance(value, dict) else value
        if engines.plain_name("vllm", name) == CONFIG and CONNECTOR not in str(used):
            message = f"prefill pods and sidecar speak {CONNECTOR}'s exchange, and `{name}` names `{used}`"
            path = ("spec", "engine", "args", name)
            yield _finding(scene, codes.CACHES_DIFFER, document, path, message, f"use {CONNECTOR}, or remove the flag")


def _sizes(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    spec = document.effective["spec"]
    decode, other = spec.get("parallelism") or {}, for_prefill(spec).get("parallelism") or {}
    for role, side in (("", decode), (PREFILL, other)):
        for field, what in (("pipeline", "a pipeline"), ("data", "copies within a replica")):
            same = role and decode.get(field, 1) > 1 and "parallelism" not in spec[PREFILL]
            if side.get(field, 1) > 1 and not same:
                message = f"{CONNECTOR} hands no KV cache over where a replica has {what}"
                path = _path(document, role, ("spec", "parallelism", field))
                yield _finding(scene, codes.CACHES_DIFFER, document, path, message, f"set `parallelism.{field}` to 1")
    yield from _tensors(scene, document, other.get("tensor", 1), decode.get("tensor", 1))


def _tensors(scene: Scene, document: CompiledDocument, given: int, taken: int) -> Iterator[Diagnostic]:
    """`given`: GPUs that share a layer in a prefill pod, `taken`: in a pod that takes over."""
    path = _path(document, PREFILL, ("spec", "parallelism", "tensor"))
    version = document.effective.get("runtime", {}).get("version", "")
    if max(given, taken) % min(given, taken):
        message = f"tensor {given} of prefill pods and tensor {taken} of the others do not divide each other"
        yield _finding(scene, codes.CACHES_DIFFER, document, path, message, "use sizes of which one divides the other")
    elif given > taken and _is_vllm(document) and _version(document) < NARROWING_SINCE:
        message = f"under vLLM {version} prefill pods cannot be spread over more GPUs than the pods that take over"
        hint = f"set tensor of `prefill` to {taken} or less, or use 0.12.0 or newer"
        yield _finding(scene, codes.CACHES_DIFFER, document, path, message, hint)


def _generations(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    spec = document.effective["spec"]
    gpus = [(side.get("accelerator") or {}).get("gpu", "") for side in (spec, for_prefill(spec))]
    facts = [scene.catalog.gpu(gpu) for gpu in gpus]
    made = {fact.compute_capability.partition(".")[0] for fact in facts if fact is not None}
    flags = {**document.effective.get("runtime", {}).get("args", {}), **spec.get("engine", {}).get("args", {})}
    if len(made) > 1 and not any(engines.plain_name("vllm", name) == BACKEND for name in flags):
        message = f"`{gpus[1]}` and `{gpus[0]}` are of two generations, for which the engine may choose two attentions"
        path = (*_PREFILL, "accelerator", "gpu")
        hint = f"set the flag `{BACKEND}` in `engine.args`, or use GPUs of one generation"
        yield _finding(scene, codes.GENERATIONS_DIFFER, document, path, message, hint)


def _says_transport(document: CompiledDocument) -> bool:
    """Whether somebody said how UCX goes."""
    own = document.effective["spec"].get("engine", {}).get("env", {})
    return any(
        name in values for values in (own, document.effective.get("runtime", {}).get("env", {})) for name in _UCX
    )


_UCX = ("UCX_TLS", "UCX_NET_DEVICES")


def _path(document: CompiledDocument, role: str, path: SpecPath) -> SpecPath:
    written: Json = document.value.get("spec") or {}
    return path_in(role, written, path)


def _finding(
    scene: Scene, code: Code, document: CompiledDocument, path: SpecPath, message: str, hint: str
) -> Diagnostic:
    return Diagnostic(code, message, at=scene.place(document.address, path), hint=hint, subject=str(document.address))
