"""Rules of language models: GPUs and parallelism, weights, templates, flags."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.diag.codes import fleet
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.llm import LLM, LLMSpec
from opsdecl.spec.kinds.weights import EmptyDirCache, HubSource, NoCache, PvcCache
from opsdecl.spec.rules.types import DocumentRule, Finding

_LLM = frozenset({"LLM"})

FLAG_FIELDS: Mapping[str, str] = {
    "model": "model",
    "model-path": "model",
    "revision": "model.revision",
    "served-model-name": "servedNames",
    "lora-modules": "adapters",
    "lora-paths": "adapters",
    "chat-template": "chatTemplate",
    "tool-call-parser": "parsers.tool",
    "enable-auto-tool-choice": "parsers.tool",
    "reasoning-parser": "parsers.reasoning",
    "override-generation-config": "sampling",
    "tensor-parallel-size": "parallelism.tensor",
    "tp": "parallelism.tensor",
    "tp-size": "parallelism.tensor",
    "pipeline-parallel-size": "parallelism.pipeline",
    "pp-size": "parallelism.pipeline",
    "data-parallel-size": "parallelism.data",
    "dp": "parallelism.data",
    "dp-size": "parallelism.data",
    "enable-expert-parallel": "parallelism.expert",
    "ep-size": "parallelism.expert",
    "max-model-len": "engine.maxModelLen",
    "context-length": "engine.maxModelLen",
    "max-num-seqs": "engine.maxNumSeqs",
    "max-running-requests": "engine.maxNumSeqs",
    "max-num-batched-tokens": "engine.maxNumBatchedTokens",
    "gpu-memory-utilization": "engine.gpuMemoryUtilization",
    "mem-fraction-static": "engine.gpuMemoryUtilization",
    "dtype": "engine.dtype",
    "quantization": "engine.quantization",
    "kv-cache-dtype": "engine.kvCacheDtype",
    "enforce-eager": "engine.enforceEager",
    "enable-prefix-caching": "engine.prefixCaching",
    "no-enable-prefix-caching": "engine.prefixCaching",
    "disable-radix-cache": "engine.prefixCaching",
    "nnodes": "accelerator.nodes",
    "node-rank": "accelerator.nodes",
    "master-addr": "accelerator.nodes",
    "master-port": "accelerator.nodes",
    "headless": "accelerator.nodes",
    "dist-init-addr": "accelerator.nodes",
    "nccl-init-addr": "accelerator.nodes",
    "otlp-traces-endpoint": "tracing",
    "enable-trace": "tracing",
    "otlp-service-name": "tracing",
    "host": "",
    "port": "",
}
"""Flags of engines that a field of the language sets; an empty field is set from the Runtime."""


def parallelism(document: LLM) -> Iterator[Finding]:
    yield from _parallelism(document.spec, ("spec",), document.spec.model_fields_set)


def prefill_parallelism(document: LLM) -> Iterator[Finding]:
    """Of the pods that prefill, with what they have of the model."""
    role = document.spec.prefill
    if role is not None and (role.accelerator is not None or role.parallelism is not None):
        yield from _parallelism(document.spec.for_prefill, ("spec", "prefill"), role.model_fields_set)


def _parallelism(spec: LLMSpec, path: tuple[str, ...], given: set[str]) -> Iterator[Finding]:
    spread, accelerator = spec.parallelism, spec.accelerator
    wanted = spread.tensor * spread.pipeline * spread.data
    if accelerator is None:
        if wanted > 1 or spread.expert:
            message = "`parallelism` spreads the model over GPUs, and the document has no `accelerator`"
            hint = f"add `accelerator: {{gpu: …, count: {wanted}}}`, or remove `parallelism`"
            yield Finding(codes.PARALLELISM_WITHOUT_GPU, (*path, "parallelism"), message, hint, True)
        return
    if wanted != accelerator.gpus:
        message = f"tensor {spread.tensor} × pipeline {spread.pipeline} × data {spread.data} is {wanted}, but " + (
            f"`accelerator.nodes` × `count` is {accelerator.spans} × {accelerator.count} = {accelerator.gpus}"
            if accelerator.spans > 1
            else f"`accelerator.count` is {accelerator.count}"
        )
        at = (*path, "parallelism") if "parallelism" in given else (*path, "accelerator", "count")
        yield Finding(codes.PARALLELISM_MISMATCH, at, message, _mismatch_hint(spec), True)


def _mismatch_hint(spec: LLMSpec) -> str:
    spread, accelerator = spec.parallelism, spec.accelerator
    count, rest = accelerator.count if accelerator else 1, spread.pipeline * spread.data
    if accelerator is not None and accelerator.spans > 1:
        return f"use tensor {accelerator.count} × pipeline {accelerator.spans}, one stage on each node"
    if count % rest == 0:
        return f"set `parallelism.tensor` to {count // rest}, or `accelerator.count` to {spread.tensor * rest}"
    return f"set `accelerator.count` to {spread.tensor * rest}"


def over_nodes(document: LLM) -> Iterator[Finding]:
    """How a replica may be spread over several nodes."""
    spread, accelerator = document.spec.parallelism, document.spec.accelerator
    if accelerator is None or accelerator.spans == 1:
        return
    count, nodes = accelerator.count, accelerator.spans
    if spread.data > 1:
        message = f"`parallelism.data` is {spread.data}, and copies of the model on several nodes are replicas"
        hint = f"set `parallelism.data` to 1, and run {spread.data} times the replicas on fewer nodes each"
        yield Finding(fleet.COPIES_OVER_NODES, ("spec", "parallelism", "data"), message, hint)
    elif count % spread.tensor and document.spec.rdma is None:
        message = f"tensor {spread.tensor} shares layers between nodes of {count} GPUs, and there is no `rdma`"
        hint = f"use tensor {count} × pipeline {nodes}, or give the pods network devices with `rdma`"
        yield Finding(fleet.LAYERS_OVER_NETWORK, ("spec", "parallelism", "tensor"), message, hint)


def executor_over_nodes(document: LLM) -> Iterator[Finding]:
    """What joins the processes of several nodes is no choice of the document's."""
    accelerator = document.spec.accelerator
    for name in document.spec.engine.args if accelerator is not None and accelerator.spans > 1 else ():
        if flag_name(name) == "distributed-executor-backend":
            message = f"the flag `{name}` is set by `accelerator.nodes`"
            yield Finding(codes.FLAG_REPEATS_FIELD, ("spec", "engine", "args", name), message, "remove it", True)


def weights(document: LLM) -> Iterator[Finding]:
    chosen, path = document.spec.weights, ("spec", "weights")
    if chosen.offline and isinstance(chosen.source, HubSource) and isinstance(chosen.cache, NoCache | EmptyDirCache):
        message = f"`weights.offline` forbids the hub, and a cache of type `{chosen.cache.type}` starts empty"
        hint = "keep the weights on a volume (`cache.type: pvc` with a claim), or remove `offline`"
        yield Finding(codes.WEIGHTS_CANNOT_COME, (*path, "offline"), message, hint)
    if isinstance(chosen.cache, PvcCache) and chosen.cache.claim is None and chosen.cache.size is None:
        message = "a cache of type `pvc` needs a volume: an existing one, or the size of a new one"
        yield Finding(codes.ONE_OF_FIELDS, (*path, "cache"), message, "add `claim: …` or `size: …`", True)


def shared_cache(document: LLM) -> Iterator[Finding]:
    cache, highest = document.spec.weights.cache, document.spec.replicas.highest
    highest += document.spec.prefill.replicas.highest if document.spec.prefill else 0
    nodes = document.spec.accelerator.spans if document.spec.accelerator else 1
    if isinstance(cache, PvcCache) and highest * nodes > 1 and cache.access_mode != "ReadWriteMany":
        pods = "pods" if document.spec.prefill else "replicas"
        shared = f"up to {highest} {pods} share" if highest > 1 else f"pods on {nodes} nodes share"
        message = f"{shared} a cache that is mounted `{cache.access_mode}`"
        hint = "set `accessMode: ReadWriteMany`, or use a cache of type `emptyDir` or `hostPath`"
        yield Finding(codes.CACHE_NOT_SHARED, ("spec", "weights", "cache", "accessMode"), message, hint)


def chat_template(document: LLM) -> Iterator[Finding]:
    template, path = document.spec.chat_template, ("spec", "chatTemplate")
    if template is not None and template.text and template.file:
        message = "`chatTemplate.text` is the template, so `file` cannot be it as well"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "file"), message, "remove `file`, or `text`", True)
    elif template is not None and not template.text and not template.file:
        message = "`chatTemplate` has no template"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "add `text: …` or `file: …`", True)


def flags(document: LLM) -> Iterator[Finding]:
    yield from _flags(document.spec.engine.args, ("spec", "engine", "args"))


def prefill_flags(document: LLM) -> Iterator[Finding]:
    if document.spec.prefill is not None:
        yield from _flags(document.spec.prefill.engine.args, ("spec", "prefill", "engine", "args"))


def _flags(args: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Finding]:
    for name in args:
        field = FLAG_FIELDS.get(flag_name(name))
        if field is not None:
            message = f"the flag `{name}` repeats " + (f"the field `{field}`" if field else "what the Runtime says")
            hint = f"use `{field}` instead" if field else "set `port` in the Runtime"
            yield Finding(codes.FLAG_REPEATS_FIELD, (*path, name), message, hint, True)


def flag_name(name: str) -> str:
    """The flag as engines spell it: `--max_model_len` and `max-model-len` are the same."""
    return name.lstrip("-").replace("_", "-")


_CACHED = (("spec", "weights", "cache"), ("spec", "replicas"), ("spec", "accelerator"), ("spec", "prefill"))
RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_LLM, (("spec", "parallelism"), ("spec", "accelerator")), parallelism),
    DocumentRule(_LLM, (("spec", "parallelism"), ("spec", "accelerator"), ("spec", "rdma")), over_nodes),
    DocumentRule(_LLM, (("spec", "engine", "args"), ("spec", "accelerator")), executor_over_nodes),
    DocumentRule(_LLM, (("spec", "weights"),), weights),
    DocumentRule(
        _LLM,
        (("spec", "weights", "cache"), ("spec", "replicas"), ("spec", "accelerator"), ("spec", "prefill")),
        shared_cache,
    ),
    DocumentRule(_LLM, (("spec", "chatTemplate"),), chat_template),
    DocumentRule(_LLM, (("spec", "engine", "args"),), flags),
    DocumentRule(_LLM, (("spec", "prefill"), ("spec", "parallelism"), ("spec", "accelerator")), prefill_parallelism),
    DocumentRule(_LLM, (("spec", "prefill"),), prefill_flags),
)
