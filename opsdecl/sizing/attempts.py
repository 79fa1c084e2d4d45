"""Changes that may make a model fit, with a bound on what each can bring: what cannot suffice is not reckoned."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.catalog.config_quantization import BY_NAME
from opsdecl.sizing.engines import encoder_releases, parse_version
from opsdecl.sizing.reckon import reckon
from opsdecl.sizing.rules import fits_parallelism
from opsdecl.sizing.shortage import LEAST_USEFUL_LENGTH
from opsdecl.sizing.types import Cost, Gpu, Request, Sizing
from opsdecl.sizing.weights import quantization_in_use

STEP = 1024
FEWER_SEQUENCES = (256, 128, 64, 32, 16)
USUAL_LENGTHS = (32768, 8192)
TENSOR_SIZES = (1, 2, 4, 8, 16)
PIPELINE_SIZES = (2, 4, 8)
LEAST_OF_8_BITS = 0.45
"""Share of the weights, or of a cache, that is left at least where 16 bits become 8."""
LEAST_OF_4_BITS = 0.2
SLACK = 0.8
"""What a GPU's share of the weights may be smaller than the whole divided evenly."""
QUANTISED = {"fp8": ("fp8 weights", LEAST_OF_8_BITS), "w4a16": ("4-bit weights (AWQ, GPTQ)", LEAST_OF_4_BITS)}


class Attempt(Struct, frozen=True):
    """Settings that are changed in a request, and how a person would say so.

    `freed` are GiB of a GPU that it can free at the most, `need` the share of the request's cache that is needed still
    at the least.
    """

    change: str
    cost: Cost
    base: Request
    settings: Mapping[str, Any]
    freed: float = 0.0
    need: float = 0.0

    @property
    def request(self) -> Request:
        return replace(self.base, settings=replace(self.base.settings, **self.settings))

    def is_hopeless(self, found: Sizing) -> bool:
        """Whether even that cannot suffice for what was found."""
        return self.need * found.cache.needed_gib >= found.memory.cache.point + self.freed


def shorter(request: Request, found: Sizing) -> Iterator[Attempt]:
    """The pessimistic end decides, in steps of 1024 tokens."""
    for length in (found.largest.low, found.largest.low * 0.9):
        rounded = int(length) // STEP * STEP
        if LEAST_USEFUL_LENGTH <= rounded < found.requested_length:
            yield Attempt(f"max-model-len {rounded}", "free", request, {"max_model_len": rounded})


def sequences(request: Request, most: int) -> Attempt:
    return Attempt(f"max-num-seqs {most}", "free", request, {"max_num_seqs": most}, freed=float("inf"))


def fewer(request: Request, found: Sizing) -> Iterator[Attempt]:
    """Sequences at a time, and with the newer engine tokens of a step: what activations and graphs grow with."""
    freed = found.memory.activation.high + found.memory.graphs.high
    for sequences in FEWER_SEQUENCES:
        if sequences < found.effective.max_num_seqs:
            batch = min(found.effective.max_num_batched_tokens, 2048)
            same = found.effective.generation == "v0"
            more = {} if same else {"max_num_batched_tokens": batch}
            said = f"max-num-seqs {sequences}" + ("" if same else f", max-num-batched-tokens {batch}")
            yield Attempt(said, "free", request, {"max_num_seqs": sequences, **more}, freed)


def fewer_and_shorter(request: Request, found: Sizing) -> Iterator[Attempt]:
    for attempt in fewer(request, found):
        if not attempt.is_hopeless(found):
            changed = attempt.request
            again = reckon(changed)
            for short in shorter(changed, again) if again.verdict != "fits" else ():
                yield replace(short, change=f"{attempt.change}, {short.change}", freed=attempt.freed)


def served(request: Request) -> Iterator[Attempt]:
    """The nearest release that serves an encoder-decoder model, as asked, with fewer sequences, and with a shorter
    context besides."""
    version, releases = parse_version(request.engine), encoder_releases(request.architecture)
    if version is None or releases is None or releases.serves(version):
        return
    older = replace(request, engine=f"vllm=={releases.nearest(version)}")
    plain = Attempt(older.engine, "free", older, {}, freed=float("inf"))
    found = reckon(older)
    for attempt in (plain, *fewer(older, found), *_usual(older, found)):
        said = attempt.change if attempt is plain else f"{older.engine}, {attempt.change}"
        yield replace(attempt, change=said, freed=float("inf"), need=0.0)


def _usual(request: Request, found: Sizing) -> Iterator[Attempt]:
    """Usual lengths with fewer sequences: in V0 a batch is as long as the context, so that both take less."""
    for length in (each for each in USUAL_LENGTHS if each < found.requested_length):
        for sequences in FEWER_SEQUENCES[2::2]:
            said = f"max-num-seqs {sequences}, max-model-len {length}"
            yield Attempt(said, "free", request, {"max_num_seqs": sequences, "max_model_len": length})


def eager(request: Request, found: Sizing) -> Iterator[Attempt]:
    if not found.effective.enforce_eager:
        yield Attempt("enforce-eager", "free", request, {"enforce_eager": True}, found.memory.graphs.high, need=1.0)


def small_cache(request: Request) -> Iterator[Attempt]:
    able = request.gpu.known and request.gpu.capability >= (8, 9) and request.architecture.encoder is None
    if request.settings.kv_cache_dtype == "auto" and able:
        changed = {"kv_cache_dtype": "fp8"}
        yield Attempt("kv-cache-dtype fp8", "behaviour", request, changed, need=LEAST_OF_8_BITS)


def quantised(request: Request, found: Sizing, name: str) -> Iterator[Attempt]:
    """Only what is published in 16 bits can be quantised."""
    if quantization_in_use(request).method == "none" and not _is_too_old(request, name):
        said, left = QUANTISED[name]
        freed = (1 - left) * found.memory.weights.high
        quantization = replace(BY_NAME[name], online=False)
        yield Attempt(said, "behaviour", request, {"quantization": quantization}, freed, need=1.0)


def _is_too_old(request: Request, name: str) -> bool:
    return name == "fp8" and (not request.gpu.known or request.gpu.capability < (8, 0))


def quantised_throughout(request: Request, found: Sizing) -> Iterator[Attempt]:
    """Weights and cache in 8 bits."""
    for weights in quantised(request, found, "fp8"):
        for cache in small_cache(weights.request):
            yield replace(cache, change=f"{weights.change}, {cache.change}", freed=weights.freed)


def spread(request: Request, found: Sizing, gpu: Gpu, variant: str = "") -> Iterator[Attempt]:
    """The model over more GPUs of this make: over those of a node, then over layers, then over several nodes.

    `variant` is a name of `QUANTISED`. Fewest GPUs first; what they cannot hold between them is left out.
    """
    said, left = QUANTISED[variant] if variant else ("", 1.0)
    moved: Request | None = replace(request, gpu=gpu)
    if variant and moved is not None:
        moved = next((each.request for each in quantised(moved, found, variant)), None)
    if moved is None:
        return
    settings = request.settings
    whole = SLACK * left * found.memory.weights.low * settings.tensor * settings.pipeline
    for tensor, pipeline in _splits(moved, least=whole / gpu.total.high):
        if (tensor, pipeline) != (settings.tensor, settings.pipeline) or gpu.name != request.gpu.name:
            counted = replace(moved, gpu_count=tensor * pipeline * settings.data)
            split = Attempt("", "gpus", counted, {"tensor": tensor, "pipeline": pipeline}, freed=float("inf"))
            yield replace(split, change=_as_said(request, split.request, said))


def _splits(request: Request, least: float) -> Iterator[tuple[int, int]]:
    """Tensor- and pipeline-parallel sizes for at least so many GPUs, where the rules allow them. More than one node
    only where its GPUs are all in use."""
    node = 1 if request.gpu.is_slice else request.gpu.per_node
    keeps, largest = request.settings.pipeline, 0
    for tensor in (each for each in TENSOR_SIZES if each <= node):
        if tensor * keeps * PIPELINE_SIZES[-1] >= least and _is_right(request, tensor):
            largest = tensor
            if tensor * keeps >= least:
                yield tensor, keeps
    for pipeline in PIPELINE_SIZES if largest and not request.gpu.is_slice else ():
        world = largest * keeps * pipeline * request.settings.data
        if ceil(world / node) > request.gpu.nodes:
            return
        if largest * keeps * pipeline >= least and keeps * pipeline <= len(request.architecture.layers):
            yield largest, keeps * pipeline


def _is_right(request: Request, tensor: int) -> bool:
    expert = request.settings.expert
    return fits_parallelism(request.architecture, tensor, quantization_in_use(request), expert)


def _as_said(before: Request, after: Request, variant: str) -> str:
    """`tensor-parallel 4` of the same GPU, `8 × h200-141gb, tensor-parallel 8` of another."""
    old, new = before.settings, after.settings
    parts = []
    if before.gpu.name != after.gpu.name:
        parts.append(f"{after.world} × {after.gpu.name}" if after.world > 1 else f"one {after.gpu.name}")
    if new.tensor != old.tensor and not (parts and after.world == 1):
        parts.append(f"tensor-parallel {new.tensor}")
    if new.pipeline != old.pipeline:
        nodes = ceil(new.tensor * new.pipeline / after.gpu.per_node)
        parts.append(f"pipeline-parallel {new.pipeline}" + (f" over {nodes} nodes" if nodes > 1 else ""))
    return ", ".join([*parts, *([variant] if variant else [])])
