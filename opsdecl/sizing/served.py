"""What a language model's document asks of sizing, by names, and which of its values decides what is found."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.catalog.config_quantization import named_quantization
from opsdecl.diag import SpecPath
from opsdecl.sizing.drafting import drafting_of
from opsdecl.sizing.types import Settings

ENGINE = "vllm"
"""The engine whose arithmetic is known."""
ADAPTER = "adapter-"
"""How roots of effective values begin that hold an adapter."""


class Reach(Struct, frozen=True):
    """How far a replica can be spread where it runs: GPUs of a node, and nodes that it may span."""

    per_node: int = 8
    nodes: int = 1


class Served(Struct, frozen=True):
    """A model as its document has it. Equal ones are sized once.

    `gpu_count` are the GPUs of a replica, over all its nodes; `model` is an entry of the catalogue or a repository,
    `engine` as `vllm==0.15.1`.
    """

    model: str
    gpu: str
    gpu_count: int
    engine: str
    settings: Settings
    reach: Reach = Reach()


class Deciding(Struct, frozen=True):
    """Where a document sets what sizing reckons with: a field, or a flag of the engine by its full name."""

    field: SpecPath
    flag: str = ""


FACETS: Mapping[str, Deciding] = {
    "model": Deciding(("spec", "model")),
    "gpu": Deciding(("spec", "accelerator", "gpu")),
    "gpu_count": Deciding(("spec", "accelerator", "count")),
    "engine": Deciding(("runtime", "version")),
    "tensor": Deciding(("spec", "parallelism", "tensor"), "tensor-parallel-size"),
    "pipeline": Deciding(("spec", "parallelism", "pipeline"), "pipeline-parallel-size"),
    "data": Deciding(("spec", "parallelism", "data"), "data-parallel-size"),
    "expert": Deciding(("spec", "parallelism", "expert"), "enable-expert-parallel"),
    "max_model_len": Deciding(("spec", "engine", "maxModelLen"), "max-model-len"),
    "utilization": Deciding(("spec", "engine", "gpuMemoryUtilization"), "gpu-memory-utilization"),
    "dtype": Deciding(("spec", "engine", "dtype"), "dtype"),
    "quantization": Deciding(("spec", "engine", "quantization"), "quantization"),
    "kv_cache_dtype": Deciding(("spec", "engine", "kvCacheDtype"), "kv-cache-dtype"),
    "max_num_seqs": Deciding(("spec", "engine", "maxNumSeqs"), "max-num-seqs"),
    "max_num_batched_tokens": Deciding(("spec", "engine", "maxNumBatchedTokens"), "max-num-batched-tokens"),
    "block_size": Deciding(("spec", "engine", "args"), "block-size"),
    "enforce_eager": Deciding(("spec", "engine", "enforceEager"), "enforce-eager"),
    "prefix_caching": Deciding(("spec", "engine", "prefixCaching"), "enable-prefix-caching"),
    "max_loras": Deciding(("spec", "engine", "args"), "max-loras"),
    "max_lora_rank": Deciding(("spec", "engine", "args"), "max-lora-rank"),
    "drafting": Deciding(("spec", "engine", "args"), "speculative-config"),
}
"""By the names of `Served` and `Settings`."""


def served_of(effective: Mapping[str, Any]) -> Served | str:
    """From the effective values of an LLM; a text says why it cannot be sized."""
    spec, runtime = effective["spec"], effective.get("runtime") or {}
    engine = runtime.get("engine", ENGINE)
    if engine != ENGINE:
        return f"engine {engine} is not sized"
    accelerator = spec.get("accelerator")
    if not accelerator:
        return "runs without a GPU"
    model = spec["model"]
    name = model if isinstance(model, str) else str(model.get("uri", "")).removeprefix("hf://")
    version = f"{ENGINE}=={runtime.get('version', '')}"
    settings = _with_adapters(settings_of(spec, runtime), effective)
    gpus = int(accelerator.get("count", 1)) * int(accelerator.get("nodes") or 1)
    return Served(name, accelerator["gpu"], gpus, version, settings)


def _with_adapters(settings: Settings, effective: Mapping[str, Any]) -> Settings:
    """Slots for the adapters that the document loads, each as large as the largest, as the engine reserves them."""
    ranks = [effective[root]["rank"] for root in effective if root.startswith(ADAPTER)]
    if not ranks:
        return settings
    slots = max(settings.max_loras, len(ranks))
    return replace(settings, max_loras=slots, max_lora_rank=max(settings.max_lora_rank, *ranks))


def settings_of(spec: Mapping[str, Any], runtime: Mapping[str, Any]) -> Settings:
    """The engine's settings of a document: its own fields first, then its flags, then the Runtime's flags."""
    engine, parallel = spec.get("engine") or {}, spec.get("parallelism") or {}
    flags = {**(runtime.get("args") or {}), **(engine.get("args") or {})}
    flags = {_flag_name(name): value for name, value in flags.items()}
    quantization = engine.get("quantization") or flags.get("quantization")
    dtype = engine.get("dtype") or "auto"
    cache = engine.get("kvCacheDtype") or "auto"
    return Settings(
        tensor=_whole(parallel.get("tensor")) or _whole(flags.get("tensor-parallel-size")) or 1,
        pipeline=_whole(parallel.get("pipeline")) or _whole(flags.get("pipeline-parallel-size")) or 1,
        data=_whole(parallel.get("data")) or 1,
        expert=bool(parallel.get("expert") or flags.get("enable-expert-parallel")),
        max_model_len=_whole(engine.get("maxModelLen")) or _whole(flags.get("max-model-len")),
        utilization=_share(engine.get("gpuMemoryUtilization"), flags.get("gpu-memory-utilization")),
        dtype=str(flags.get("dtype", dtype)) if dtype == "auto" else str(dtype),
        quantization=named_quantization(str(quantization)) if quantization else None,
        kv_cache_dtype=str(flags.get("kv-cache-dtype", cache)) if cache == "auto" else str(cache),
        max_num_seqs=_whole(engine.get("maxNumSeqs")) or _whole(flags.get("max-num-seqs")),
        max_num_batched_tokens=_whole(engine.get("maxNumBatchedTokens")) or _whole(flags.get("max-num-batched-tokens")),
        block_size=_whole(flags.get("block-size")),
        enforce_eager=bool(engine.get("enforceEager") or flags.get("enforce-eager")),
        prefix_caching=engine.get("prefixCaching"),
        max_loras=(_whole(flags.get("max-loras")) or 1) if flags.get("enable-lora") else 0,
        max_lora_rank=_whole(flags.get("max-lora-rank")) or 16,
        drafting=drafting_of(flags),
    )


def path_of(facet: str, effective: Mapping[str, Any]) -> SpecPath:
    """Where a document has the value: its field, its flag, the Runtime's flag; the model where the engine's default
    decides."""
    deciding = FACETS[facet]
    if _at(effective, deciding.field) is not None and deciding.field[-1] != "args":
        return deciding.field
    for place in (("spec", "engine", "args"), ("runtime", "args")):
        for name in _at(effective, place) or {}:
            if deciding.flag and _flag_name(name) == deciding.flag:
                return (*place, name)
    return FACETS["model"].field


def _at(value: Any, path: SpecPath) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _flag_name(name: object) -> str:
    return str(name).lstrip("-").replace("_", "-")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _share(*values: Any) -> float | None:
    return next((float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)), None)
