"""SGLang's command line, as of 0.5."""

from opsdecl.compile.lower.native.flags import Flag
from opsdecl.compile.lower.native.sampling import generation_config
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.llm import LLMSpec

COMMAND = ("python3", "-m", "sglang.launch_server")
PORT = 30000


def typed_flags(
    spec: LLMSpec, revision: Traced | None, served: tuple[str, ...], template: str | None, port: int
) -> tuple[Flag, ...]:
    """Every typed field as SGLang calls it.

    Two have no exact counterpart: `mem-fraction-static` counts weights and KV cache alone, not activations;
    `chunked-prefill-size` bounds the tokens of a prefill step, not of a whole step.
    """
    engine, parallel = spec.engine, spec.parallelism
    at, side = ("spec", "engine"), ("spec", "parallelism")
    return (
        Flag("served-model-name", served[0], ("spec", "servedNames")),
        Flag("revision", revision.value if revision else None, revision.path if revision else ()),
        # SGLang listens on the loopback device unless told otherwise.
        Flag("host", "0.0.0.0", ("spec", "runtime")),
        Flag("port", port, ("runtime", "port")),
        Flag("enable-metrics", True, ("spec", "runtime")),
        Flag("dtype", None if engine.dtype == "auto" else engine.dtype, (*at, "dtype")),
        Flag("quantization", engine.quantization, (*at, "quantization")),
        Flag(
            "kv-cache-dtype", None if engine.kv_cache_dtype == "auto" else engine.kv_cache_dtype, (*at, "kvCacheDtype")
        ),
        Flag("context-length", engine.max_model_len, (*at, "maxModelLen")),
        Flag("max-running-requests", engine.max_num_seqs, (*at, "maxNumSeqs")),
        Flag("chunked-prefill-size", engine.max_num_batched_tokens, (*at, "maxNumBatchedTokens")),
        Flag("mem-fraction-static", engine.gpu_memory_utilization, (*at, "gpuMemoryUtilization")),
        Flag("disable-cuda-graph", engine.enforce_eager or None, (*at, "enforceEager")),
        Flag("disable-radix-cache", True if engine.prefix_caching is False else None, (*at, "prefixCaching")),
        Flag("tp-size", parallel.tensor if parallel.tensor > 1 else None, (*side, "tensor")),
        Flag("pp-size", parallel.pipeline if parallel.pipeline > 1 else None, (*side, "pipeline")),
        Flag("dp-size", parallel.data if parallel.data > 1 else None, (*side, "data")),
        Flag("ep-size", parallel.tensor if parallel.expert else None, (*side, "expert")),
        Flag("chat-template", template, ("spec", "chatTemplate")),
        Flag("tool-call-parser", spec.parsers.tool, ("spec", "parsers", "tool")),
        Flag("reasoning-parser", spec.parsers.reasoning, ("spec", "parsers", "reasoning")),
        Flag("preferred-sampling-params", generation_config(spec.sampling), ("spec", "sampling")),
    )
