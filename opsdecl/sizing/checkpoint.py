"""The size of a checkpoint, as its files hold it: no padding, no copies for kernels, no tables of positions."""

from opsdecl.catalog.architectures import Architecture, distinct
from opsdecl.sizing.formats import WIDTH, matrix_bytes
from opsdecl.sizing.parameters import Matrix, layer_matrices, parameter_count
from opsdecl.sizing.types import GIB
from opsdecl.sizing.weights import quantization_of


def weights_gib(architecture: Architecture) -> float:
    """GiB of all weights in the number formats of the checkpoint; layers for drafting are not counted."""
    width = WIDTH.get(architecture.dtype, 2)
    matrices = [
        (matrix, count)
        for layer, count in distinct(architecture.layers)
        for matrix in layer_matrices(layer, architecture.hidden)
    ]
    stack = sum(count * _bytes(matrix, architecture, width) for matrix, count in matrices)
    outside = parameter_count(architecture) - sum(count * matrix.cells for matrix, count in matrices)
    return (stack + outside * width) / GIB


def _bytes(matrix: Matrix, architecture: Architecture, width: int) -> float:
    used = quantization_of(matrix, architecture.quantization)
    return matrix.count * matrix_bytes(matrix.rows, matrix.columns, used, width)
