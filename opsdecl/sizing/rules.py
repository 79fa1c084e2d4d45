"""What can be refused before any memory is reckoned: parallel sizes, number formats, contexts, slices."""

from collections.abc import Iterator

from opsdecl.catalog.architectures import Architecture, Experts, Quantization
from opsdecl.diag import Code, Diagnostic
from opsdecl.diag.codes.knowledge import (
    BLOCKS_NOT_DIVISIBLE,
    CAPABILITY_TOO_LOW,
    CONTEXT_TOO_LONG,
    DOES_NOT_FIT,
    FEED_NOT_DIVISIBLE,
    GRAPHS_WITHOUT_ROOM,
    HEADS_NOT_DIVISIBLE,
    KV_HEADS_NOT_DIVISIBLE,
    PARALLEL_OVER_SLICES,
    TIGHT_FIT,
    TOO_FEW_GPUS,
    UNKNOWN_ENGINE,
    UNKNOWN_FAMILY,
    UNKNOWN_QUANTIZATION,
    UTILIZATION_ABOVE_FREE,
)
from opsdecl.sizing.encoding import encoder_findings
from opsdecl.sizing.engines import NEWEST, OLDEST, parse_version, rules_for
from opsdecl.sizing.overhead import GRAPHS_AT_LEAST, room_for_graphs, taken_at_start
from opsdecl.sizing.shortage import Shortage, shortage_of
from opsdecl.sizing.types import Request, Sizing
from opsdecl.sizing.weights import quantization_in_use

LEAST_CAPABILITY: dict[str, tuple[int, int]] = {
    "int4": (6, 0),
    "int8": (7, 5),
    "fp8": (7, 5),
    "fp8-block": (8, 0),
    "mxfp4": (8, 0),
    "mxfp8": (7, 5),
    "nvfp4": (7, 5),
    "bnb-nf4": (7, 0),
    "bnb-int8": (7, 0),
}
LEAST_AWQ = (7, 5)
REMOVED_SINCE: dict[str, tuple[int, int, int]] = {"gguf": (0, 24, 0), "bnb-nf4": (0, 29, 0), "bnb-int8": (0, 29, 0)}
"""Formats that releases of vLLM no longer read themselves."""
OLDEST_FOR_VOLTA = (0, 11, 0)
TENSOR_SIZES = (1, 2, 4, 8, 16, 32)


def check(request: Request) -> tuple[Diagnostic, ...]:
    """Findings about the request itself, worst kinds first."""
    found = [
        *encoder_findings(request),
        *_parallel(request),
        *_capability(request),
        *_engine(request),
        *_settings(request),
    ]
    if not request.architecture.known:
        found.append(_finding(UNKNOWN_FAMILY, f"the family `{request.architecture.family}` is reckoned like Llama"))
    return tuple(found)


def fits_parallelism(architecture: Architecture, tensor: int, quantization: Quantization, expert: bool = False) -> bool:
    """Whether every rule of division holds at this tensor-parallel size."""
    return next(_division(architecture, tensor, quantization, expert), None) is None


def _finding(code: Code, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(code, message, hint=hint)


def _parallel(request: Request) -> Iterator[Diagnostic]:
    settings, architecture = request.settings, request.architecture
    if request.world > request.gpu_count:
        sizes = f"tensor {settings.tensor} × pipeline {settings.pipeline} × data {settings.data}"
        message = f"{sizes} takes {request.world} GPUs and there are {request.gpu_count}"
        yield _finding(TOO_FEW_GPUS, message, f"set --gpu-count {request.world}, or lower the sizes")
    if settings.pipeline > len(architecture.layers):
        yield _finding(TOO_FEW_GPUS, f"{settings.pipeline} stages cannot share {len(architecture.layers)} layers")
    if request.gpu.is_slice and settings.tensor > 1:
        message = f"`{request.gpu.name}` is a slice, and tensor-parallel size is {settings.tensor}"
        yield _finding(PARALLEL_OVER_SLICES, message, "set tensor-parallel size to 1, or take whole GPUs")
    quantization = quantization_in_use(request)
    for code, message in _division(architecture, settings.tensor, quantization, settings.expert):
        yield _finding(code, message, _valid(architecture, quantization, settings.expert))


def _valid(architecture: Architecture, quantization: Quantization, expert: bool) -> str:
    sizes = [str(size) for size in TENSOR_SIZES if fits_parallelism(architecture, size, quantization, expert)]
    return f"tensor-parallel sizes that work: {', '.join(sizes)}"


def _division(
    architecture: Architecture, tensor: int, quantization: Quantization, expert: bool
) -> Iterator[tuple[Code, str]]:
    attention, latent = architecture.attention, architecture.latent
    heads = latent.heads if latent else attention.heads if attention else tensor
    if heads % tensor:
        yield HEADS_NOT_DIVISIBLE, f"{heads} attention heads cannot be split over {tensor} GPUs"
    if attention and not latent:
        kv_heads = attention.kv_heads
        if (kv_heads >= tensor and kv_heads % tensor) or (kv_heads < tensor and tensor % kv_heads):
            message = f"{kv_heads} key and value heads cannot be split over {tensor} GPUs, nor copied evenly"
            yield KV_HEADS_NOT_DIVISIBLE, message
    for size, routed in _widths(architecture):
        if routed and expert:
            continue
        if size % tensor:
            yield FEED_NOT_DIVISIBLE, f"a feed-forward width of {size} cannot be split over {tensor} GPUs"
        elif reason := _blocks(size, size // tensor, quantization, routed, tensor):
            yield BLOCKS_NOT_DIVISIBLE, reason


def _widths(architecture: Architecture) -> Iterator[tuple[int, bool]]:
    if architecture.dense:
        yield architecture.dense.size, False
    if isinstance(architecture.experts, Experts):
        yield architecture.experts.size, True


def _blocks(whole: int, size: int, quantization: Quantization, routed: bool, tensor: int) -> str:
    """Blocks of 8 bits and groups of 4 bits must not be cut by a slice; what is not split needs not divide."""
    if tensor == 1 or (quantization.only_experts and not routed):
        return ""
    if quantization.method == "fp8-block" and size % (quantization.group or 128):
        return f"a slice of {size} (of {whole}) is no multiple of the blocks of {quantization.group or 128}"
    grouped = quantization.method == "int4" and quantization.group and not routed
    if grouped and size % quantization.group:
        return f"a slice of {size} (of {whole}) is no multiple of the groups of {quantization.group}"
    return ""


def _capability(request: Request) -> Iterator[Diagnostic]:
    quantization, capability = quantization_in_use(request), request.gpu.capability
    version, removed = parse_version(request.engine), REMOVED_SINCE.get(quantization.method)
    if version and removed and version >= removed:
        message = f"vLLM no longer reads `{quantization.name}` itself since {removed[0]}.{removed[1]}"
        yield _finding(CAPABILITY_TOO_LOW, message, "take weights in another format, or an older release")
    if request.gpu.vendor != "nvidia":
        return
    least = LEAST_CAPABILITY.get(quantization.method, (0, 0))
    if quantization.name.startswith("awq"):
        least = LEAST_AWQ
    shown = f"`{request.gpu.name}` has compute capability {capability[0]}.{capability[1]}"
    if capability < least:
        message = f"{shown} and `{quantization.name}` needs {least[0]}.{least[1]}"
        yield _finding(CAPABILITY_TOO_LOW, message, "take a newer GPU, or another quantisation")
    if request.settings.dtype == "bfloat16" and capability < (8, 0):
        message = f"{shown} and bfloat16 needs 8.0"
        yield _finding(CAPABILITY_TOO_LOW, message, "set dtype to float16, or leave it out")
    if capability < (7, 5) and version and version >= OLDEST_FOR_VOLTA:
        message = f"{shown}, which releases from 0.11 no longer support"
        yield _finding(CAPABILITY_TOO_LOW, message, "take vLLM 0.8, or a newer GPU")


def _engine(request: Request) -> Iterator[Diagnostic]:
    version = parse_version(request.engine)
    if version is None:
        message = f"`{request.engine}` is not a release of vLLM; the rules of {'.'.join(map(str, NEWEST))} are taken"
        yield _finding(UNKNOWN_ENGINE, message, "name the engine as vllm==0.15.1")
    elif version < OLDEST or version[:2] > NEWEST[:2]:
        nearest = OLDEST if version < OLDEST else NEWEST
        known = f"the rules of {nearest[0]}.{nearest[1]} are taken"
        message = f"`{request.engine}` is outside the releases that sizing knows (0.6 to 0.33): {known}"
        yield _finding(UNKNOWN_ENGINE, message)
    if quantization_in_use(request).method == "unknown":
        name = quantization_in_use(request).name
        yield _finding(UNKNOWN_QUANTIZATION, f"`{name}` does not tell how many bytes a weight takes")


def _settings(request: Request) -> Iterator[Diagnostic]:
    asked, longest = request.settings.max_model_len, request.architecture.max_position
    if asked is not None and asked > longest:
        message = f"a context of {asked:,} is longer than the {longest:,} of the model"
        yield _finding(CONTEXT_TOO_LONG, message, f"set max-model-len to {longest} or less")
    rules = rules_for(request)
    share = rules.utilization if request.settings.utilization is None else request.settings.utilization
    requested, total = share * request.gpu.total.point, request.gpu.total.point
    if requested > total - taken_at_start(request.gpu).point:
        message = f"{share:g} of {total:.1f} GiB is more than what is free when the engine starts"
        yield _finding(UTILIZATION_ABOVE_FREE, message, "set gpu-memory-utilization to 0.95 or less")


def verdict_findings(request: Request, sizing: Sizing, example: str = "") -> tuple[Diagnostic, ...]:
    """What the verdict means in words, and graphs that may not find room. That too little is free is said before.

    `example` is a change that helps.
    """
    rules, memory = rules_for(request), sizing.memory
    room = room_for_graphs(request, rules, memory)
    late = not rules.graphs_in_budget and not sizing.effective.enforce_eager
    shortage = shortage_of(request, sizing)
    found = [_shortage(sizing, shortage, example)] if shortage is not None and shortage.of != "free" else []
    if late and GRAPHS_AT_LEAST * memory.graphs.point > room and sizing.verdict != "does-not-fit":
        message = f"CUDA graphs take about {memory.graphs.point:.1f} GiB, {max(room, 0):.1f} GiB is left for them"
        found.append(_finding(GRAPHS_WITHOUT_ROOM, message, "lower gpu-memory-utilization, or set enforce-eager"))
    return tuple(found)


def _shortage(sizing: Sizing, shortage: Shortage, example: str) -> Diagnostic:
    hint = f"for example: {example}" if example else ""
    if shortage.of == "states" and example.startswith("max-num-seqs"):
        hint = f"set {example.replace('max-num-seqs ', 'max-num-seqs to ', 1)}, which fits for certain"
    return _finding(DOES_NOT_FIT if sizing.verdict == "does-not-fit" else TIGHT_FIT, shortage.message, hint)
