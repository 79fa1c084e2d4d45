"""Weights, gradients and optimiser state of a training, as its GPUs share them.

Bytes for each parameter after Rajbhandari et al., ZeRO (arXiv 1910.02054), section 3: with mixed precision 2 for the
weight, 2 for the gradient, and 12 for Adam (a copy in 32 bits, and two moments). Four-bit weights after Dettmers et
al., QLoRA (arXiv 2305.14314): 4 bits and 0.127 bits of constants with double quantisation, 0.5 bits without.
"""

from collections.abc import Iterator, Mapping

from opsdecl.catalog.architectures import Architecture, distinct
from opsdecl.sizing.parameters import Matrix, layer_matrices, parameter_count
from opsdecl.sizing.training_types import TrainingRequest
from opsdecl.sizing.types import GIB, Range, exactly

_MOMENTS: Mapping[str, tuple[float, float]] = {
    "adamw": (8, 8),
    "adamw-8bit": (2, 2.1),
    "adafactor": (0.01, 0.1),
    "sgd": (0, 4),
}
"""Bytes in 32 bits for each trained parameter, least and most; SGD has a moment only where it is asked for one."""
_LINEAR = ("attention", "dense", "experts", "shared", "state")
QUANTISED = (0.516, 0.5625)
"""Bytes for each quantised weight, with and without double quantisation."""
FULLY_SHARDED = ("zero3", "fsdp")


def weights(request: TrainingRequest) -> Range:
    """Fully sharded, a GPU also holds the layers that it is at, whole: the one in use, and the next."""
    stored = _stored(request)
    if request.sharding not in FULLY_SHARDED or request.gpu_count == 1:
        return stored
    layer = _largest_layer(request.architecture) * _width(request) / GIB
    return stored.scaled(1 / request.gpu_count) + Range(layer, 2 * layer, 3 * layer)


def gradients(request: TrainingRequest) -> Range:
    """Low-rank matrices are kept in 32 bits by some programs and in 16 by others."""
    low, high = (2.0, 4.0) if request.precision != "fp32" else (4.0, 4.0)
    if request.precision == "bf16":
        high = 2.0
    share = request.gpu_count if request.sharding in ("zero2", *FULLY_SHARDED) else 1
    made = _gib(trained(request), low, high).scaled(1 / share)
    # Gradients are gathered in buckets before they are shared out.
    return made + (Range(0.0, 0.2, 1.0) if share > 1 else exactly(0))


def states(request: TrainingRequest) -> Range:
    low, high = _MOMENTS[request.optimizer]
    if request.precision == "bf16":
        low, high = low / 2, high / 2 if request.optimizer != "adamw-8bit" else high
    copy = 4.0 if request.mixed else 0.0
    # Whoever trains low-rank matrices keeps them in 32 bits from the start, or as a copy.
    least = 0.0 if request.method != "full" else copy
    share = request.gpu_count if request.sharding != "ddp" else 1
    return _gib(trained(request), low + least, high + copy).scaled(1 / share)


def trained(request: TrainingRequest) -> Range:
    """Parameters that are trained. Which modules get matrices is known by name only, so the least is a share of all."""
    if request.method == "full":
        return exactly(float(parameter_count(request.architecture)))
    cells = sum(_low_rank(matrix, request.rank) for matrix in _linear(request.architecture))
    return Range(0.3 * cells, cells, 1.3 * cells)


def _low_rank(matrix: Matrix, rank: int) -> float:
    """Two matrices beside each; what is stored as one (keys and values, gate and up) gets its own each."""
    parts = 2 if matrix.cut == "rows" else 1
    return rank * (matrix.rows + parts * matrix.columns) * matrix.count


def _stored(request: TrainingRequest) -> Range:
    count = parameter_count(request.architecture)
    added = _gib(trained(request), 2.0, 4.0) if request.method != "full" else exactly(0)
    if request.method == "qlora":
        linear = sum(matrix.cells for matrix in _linear(request.architecture))
        rest = 2.0 * (count - linear) / GIB
        low, high = (linear * each / GIB for each in QUANTISED)
        return Range(low + rest, (low + high) / 2 + rest, high + 2 * rest) + added
    return exactly(count * _width(request) / GIB) + added


def _width(request: TrainingRequest) -> int:
    return 4 if request.precision == "fp32" else 2


def _largest_layer(architecture: Architecture) -> float:
    cells = [
        float(sum(matrix.cells for matrix in layer_matrices(layer, architecture.hidden)))
        for layer, _ in distinct(architecture.layers)
    ]
    return max([*cells, float(architecture.vocabulary * architecture.hidden)])


def _linear(architecture: Architecture) -> Iterator[Matrix]:
    for layer, times in distinct(architecture.layers):
        for matrix in layer_matrices(layer, architecture.hidden):
            if matrix.kind in _LINEAR:
                for _ in range(times):
                    yield matrix


def _gib(count: Range, low: float, high: float) -> Range:
    return Range(count.low * low / GIB, count.point * (low + high) / 2 / GIB, count.high * high / GIB)
