"""vLLM's command line, as of 0.33."""

from opsdecl.compile.lower.native.flags import Flag
from opsdecl.compile.lower.native.sampling import generation_config
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.llm import LLMSpec

COMMAND = ("vllm", "serve")
NEGATION = "no-"
PORT = 8000


def typed_flags(
    spec: LLMSpec, revision: Traced | None, served: tuple[str, ...], template: str | None, port: int
) -> tuple[Flag, ...]:
    """Every typed field as vLLM calls it. What equals the engine's `auto` is left to the engine."""
    engine, parallel = spec.engine, spec.parallelism
    at, side = ("spec", "engine"), ("spec", "parallelism")
    return (
        Flag("served-model-name", served, ("spec", "servedNames")),
        Flag("revision", revision.value if revision else None, revision.path if revision else ()),
        Flag("port", port, ("runtime", "port")),
        Flag("dtype", _unless_auto(engine.dtype), (*at, "dtype")),
        Flag("quantization", engine.quantization, (*at, "quantization")),
        Flag("kv-cache-dtype", _unless_auto(engine.kv_cache_dtype), (*at, "kvCacheDtype")),
        Flag("max-model-len", engine.max_model_len, (*at, "maxModelLen")),
        Flag("max-num-seqs", engine.max_num_seqs, (*at, "maxNumSeqs")),
        Flag("max-num-batched-tokens", engine.max_num_batched_tokens, (*at, "maxNumBatchedTokens")),
        Flag("gpu-memory-utilization", engine.gpu_memory_utilization, (*at, "gpuMemoryUtilization")),
        Flag("enforce-eager", engine.enforce_eager or None, (*at, "enforceEager")),
        Flag("enable-prefix-caching", engine.prefix_caching, (*at, "prefixCaching")),
        Flag("tensor-parallel-size", _unless_one(parallel.tensor), (*side, "tensor")),
        Flag("pipeline-parallel-size", _unless_one(parallel.pipeline), (*side, "pipeline")),
        Flag("data-parallel-size", _unless_one(parallel.data), (*side, "data")),
        Flag("enable-expert-parallel", parallel.expert or None, (*side, "expert")),
        Flag("chat-template", template, ("spec", "chatTemplate")),
        Flag("enable-auto-tool-choice", True if spec.parsers.tool else None, ("spec", "parsers", "tool")),
        Flag("tool-call-parser", spec.parsers.tool, ("spec", "parsers", "tool")),
        Flag("reasoning-parser", spec.parsers.reasoning, ("spec", "parsers", "reasoning")),
        Flag("override-generation-config", generation_config(spec.sampling), ("spec", "sampling")),
    )


def _unless_auto(value: str) -> str | None:
    return None if value == "auto" else value


def _unless_one(value: int) -> int | None:
    return None if value == 1 else value
