"""Weights of one rank: the slices of its matrices, the vocabulary, tables of positions, towers, adapters."""

from math import ceil

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.catalog.architectures import Architecture, Experts, LatentAttention, Layer, Quantization, distinct
from opsdecl.sizing.engines import TRITON_EXPERTS_SINCE, EngineRules
from opsdecl.sizing.formats import WIDTH, matrix_bytes, spread
from opsdecl.sizing.parameters import Matrix, layer_matrices
from opsdecl.sizing.types import GIB, Range, Request

VOCABULARY_BLOCK = 64
PLAIN = Quantization("none")
ABSORBED_SINCE = (0, 7, 1)
TOWER_DOUBT = 0.25
ROUNDING_GIB = 0.03
"""What the allocator's segments add or a log rounds away."""
EIGHT_BITS = Quantization("fp8", bits=8)


class Stage(Struct, frozen=True):
    """Layers of one pipeline stage; the first holds the embedding, the last the head."""

    layers: tuple[Layer, ...]
    first: bool
    last: bool


def stages_of(architecture: Architecture, pipeline: int) -> tuple[Stage, ...]:
    """Equal shares; what is left over goes to the stages before the last, one layer each."""
    count = len(architecture.layers)
    sizes = [count // pipeline] * pipeline
    for extra in range(count % pipeline):
        sizes[max(0, pipeline - 2 - extra)] += 1
    made, start = [], 0
    for index, size in enumerate(sizes):
        made.append(Stage(architecture.layers[start : start + size], index == 0, index == pipeline - 1))
        start += size
    return tuple(made)


def rank_weights(request: Request, rules: EngineRules, stage: Stage) -> Range:
    """GiB of one rank of the stage, as `Model loading took` prints it."""
    quantization = quantization_in_use(request)
    width = WIDTH.get(number_format(request), 2)
    stack = stack_bytes(request, rules, stage.layers, quantization, width)
    rest = _ends(request, stage, width) + _tables(request.architecture, width) + _tower(request, stage, width)
    rest += _adapters(request, stage, width) + _drafted(request, rules, stage)
    encoder = _encoder(request, rules, stage, quantization, width)
    rest += encoder
    doubt = TOWER_DOUBT * _tower(request, stage, width) / GIB + ROUNDING_GIB
    doubt += TOWER_DOUBT * encoder / GIB if quantization.method != "none" else 0.0
    low, high = spread(quantization)
    if quantization.only_experts and request.settings.tensor > 1:
        high += 0.12
    if not request.architecture.known:
        low, high = low * 0.9, high * 1.15
    least, most = stack, stack
    if quantization.guessed:
        least, most = (stack_bytes(request, rules, stage.layers, one, width) for one in _bounds(quantization))
    total = (stack + rest) / GIB
    return Range(max(0.0, (least * low + rest * 0.99) / GIB - doubt), total, (most * high + rest * 1.01) / GIB + doubt)


def _drafted(request: Request, rules: EngineRules, stage: Stage) -> float:
    """Bytes of a draft model, which lies beside the last stage whole, split as the model is."""
    if request.draft is None or not stage.last:
        return 0.0
    layers = request.draft.layers
    settings = replace(request.settings, pipeline=1, quantization=None, max_loras=0, draft_layers=0)
    alone = replace(request, architecture=request.draft, draft=None, settings=settings)
    return rank_weights(alone, rules, Stage(layers, first=True, last=True)).point * GIB


def _bounds(quantization: Quantization) -> tuple[Quantization, Quantization]:
    """Every class of modules quantised, and attention and states left in 16 bits."""
    certain = replace(quantization, guessed=False, excluded=())
    return certain, replace(certain, excluded=("attention", "state"))


def checkpoint(request: Request, rules: EngineRules) -> Range:
    """GiB that one replica reads from where the weights are: whole, as published, before anything is quantised."""
    settings = replace(
        request.settings, tensor=1, pipeline=1, data=1, expert=False, quantization=None, max_loras=0, draft_layers=0
    )
    whole = replace(request, settings=settings)
    return rank_weights(whole, rules, Stage(request.architecture.layers, first=True, last=True))


def quantization_in_use(request: Request) -> Quantization:
    """The checkpoint's, unless it has none and the engine is told to quantise."""
    own, asked = request.architecture.quantization, request.settings.quantization
    if asked is None or (own.method != "none" and own.method != "unknown"):
        return own
    return asked


def number_format(request: Request) -> str:
    """Of weights that are not quantised, and of activations; GPUs before Ampere have no bfloat16."""
    asked = request.settings.dtype
    if asked in ("half", "float16"):
        return "float16"
    if asked in ("float", "float32"):
        return "float32"
    if asked == "bfloat16":
        return "bfloat16"
    own = request.architecture.dtype
    if own == "float32":
        own = "bfloat16" if has_bfloat16(request) else "float16"
    return own if has_bfloat16(request) else "float16"


def has_bfloat16(request: Request) -> bool:
    return request.gpu.vendor == "amd" or request.gpu.capability >= (8, 0)


def stack_bytes(
    request: Request, rules: EngineRules, layers: tuple[Layer, ...], quantization: Quantization, width: int
) -> float:
    """Bytes of the layers of one rank; equal layers are reckoned once."""
    total = 0.0
    for layer, times in distinct(layers):
        size = sum(
            _bytes(matrix, request, rules, quantization, width)
            for matrix in layer_matrices(layer, request.architecture.hidden)
        )
        latent = (mixer for mixer in layer.mixers if isinstance(mixer, LatentAttention))
        size += sum(_absorbed(mixer, request, rules, quantization, width) for mixer in latent)
        total += times * size
    if request.settings.draft_layers and layers:
        last = max(layers, key=lambda layer: isinstance(layer.feed, Experts))
        stored = PLAIN if quantization.bits == 4 and not quantization.only_experts else quantization
        one = sum(_bytes(m, request, rules, stored, width) for m in layer_matrices(last, request.architecture.hidden))
        total += request.settings.draft_layers * (one + 2 * request.architecture.hidden**2 * width)
    return total


def _bytes(matrix: Matrix, request: Request, rules: EngineRules, quantization: Quantization, width: int) -> float:
    settings = request.settings
    if matrix.kind == "experts" and settings.expert:
        share = ceil(matrix.count / (settings.tensor * settings.data))
        rows, columns = matrix.rows, matrix.columns
    else:
        share = matrix.count
        rows, columns = matrix.on_rank(settings.tensor)
    used = quantization_of(matrix, quantization)
    if used.method == "mxfp4" and quantization.only_experts:
        rows, columns = _padded(matrix, rows, columns, request, rules)
    return share * matrix_bytes(rows, columns, used, width)


def quantization_of(matrix: Matrix, quantization: Quantization) -> Quantization:
    if matrix.kind in ("small", "router"):
        return PLAIN
    if quantization.only_experts:
        return quantization if matrix.kind == "experts" else PLAIN
    if matrix.kind == "experts" and quantization.experts != "none":
        return Quantization(quantization.experts, quantization.name, 4, 32)
    if matrix.kind in quantization.excluded:
        return PLAIN
    return EIGHT_BITS if quantization.guessed and matrix.kind == "state" else quantization


def _padded(matrix: Matrix, rows: int, columns: int, request: Request, rules: EngineRules) -> tuple[int, int]:
    """MXFP4 kernels pad the experts' sides: by whole tiles, which differ between generations of GPUs and releases."""
    major = request.gpu.capability[0]
    triton = major == 9 and rules.version >= TRITON_EXPERTS_SINCE
    inner, outer = (256, 256) if major == 10 else (64, 256) if triton else (128, 256)
    if matrix.cut == "rows":
        return 2 * _up(rows // 2, inner), _up(columns, outer)
    return _up(rows, outer), _up(columns, inner)


def _up(value: int, multiple: int) -> int:
    return ceil(value / multiple) * multiple


def _absorbed(
    mixer: LatentAttention, request: Request, rules: EngineRules, quantization: Quantization, width: int
) -> float:
    """Latent attention keeps the up-projections a second time for decoding; 0.7 kept their products instead."""
    heads = max(1, mixer.heads // request.settings.tensor)
    if rules.version < ABSORBED_SINCE:
        return 0.0
    if rules.version < (0, 8, 0):
        products = (mixer.query_rank or request.architecture.hidden) + request.architecture.hidden
        return heads * mixer.kv_rank * products * (1 if quantization.method.startswith("fp8") else width)
    return heads * mixer.kv_rank * (mixer.nope_dim + mixer.value_dim) * width


def _ends(request: Request, stage: Stage, width: int) -> float:
    architecture, tensor = request.architecture, request.settings.tensor
    padded = _up(architecture.vocabulary, VOCABULARY_BLOCK * tensor if tensor > 1 else VOCABULARY_BLOCK)
    share = architecture.vocabulary if architecture.copied_vocabulary else padded / tensor
    table = share * architecture.hidden * width
    count = int(stage.first) + int(stage.last)
    if architecture.tied and stage.first and stage.last:
        count = 1
    rest = float(architecture.hidden * width if stage.last else 0)
    if stage.first:
        rest += (architecture.extra_parameters / tensor + architecture.learned_positions * architecture.hidden) * width
    return count * table + rest


def _tables(architecture: Architecture, width: int) -> float:
    return sum(table.rows * table.width for table in architecture.rotary) * width


def _tower(request: Request, stage: Stage, width: int) -> float:
    vision = request.architecture.vision
    if vision is None or not stage.first:
        return 0.0
    return vision.parameters / (request.settings.tensor if vision.split else 1) * width


def _encoder(request: Request, rules: EngineRules, stage: Stage, quantization: Quantization, width: int) -> float:
    """Split like the decoder; towers for images are left in 16 bits."""
    encoder = request.architecture.encoder
    if encoder is None or not stage.first:
        return 0.0
    stored = PLAIN if encoder.reads == "images" else quantization
    stack = sum(
        times * _bytes(matrix, request, rules, stored, width)
        for layer, times in distinct(encoder.layers)
        for matrix in layer_matrices(layer, encoder.hidden)
    )
    return stack + encoder.copied * width


def _adapters(request: Request, stage: Stage, width: int) -> float:
    """Slots for LoRA adapters: two thin matrices beside each wide one; one of the two is split."""
    settings = request.settings
    if not settings.max_loras:
        return 0.0
    wide = [
        m for layer in stage.layers for m in layer_matrices(layer, request.architecture.hidden)
        if m.kind in ("attention", "dense") and m.cut
    ]  # fmt: skip
    sides = 0.0
    for matrix in wide:
        rows, columns = matrix.on_rank(settings.tensor)
        sides += rows + columns
    return settings.max_loras * settings.max_lora_rank * sides * width
