"""Bytes of one matrix under a quantisation: values, scales, zero points."""

from math import ceil

from opsdecl.catalog.architectures import Quantization

WIDTH = {"bfloat16": 2, "float16": 2, "half": 2, "float32": 4, "float": 4}
BITSANDBYTES = 0.516
"""Bytes per weight in 4 bits with quantised constants, as start-up logs show."""


def matrix_bytes(rows: int, columns: int, quantization: Quantization, width: int) -> float:
    """Bytes of rows (outputs) × columns (inputs). `width` is that of the model's own number format."""
    cells = rows * columns
    match quantization.method:
        case "none":
            return cells * width
        case "fp8" | "int8":
            scales = rows * 4 * max(1, columns // quantization.group if quantization.group else 1)
            return cells + (scales if quantization.dynamic else 4)
        case "fp8-block":
            side = quantization.group or 128
            return cells + 4 * ceil(rows / side) * ceil(columns / side)
        case "int4":
            groups = ceil(columns / quantization.group) if quantization.group else 1
            zeros = 0.5 if quantization.zero_points or quantization.name.startswith("gptq") else 0.0
            return cells * quantization.bits / 8 + rows * groups * (2 + zeros)
        case "nvfp4":
            return cells * (0.5 + 1 / 16)
        case "mxfp4":
            return cells * (0.5 + 1 / 32)
        case "mxfp8":
            return cells * (1 + 1 / 32)
        case "bnb-nf4":
            return cells * BITSANDBYTES
        case "bnb-int8":
            return cells + rows * 4
        case _:
            return cells * quantization.bits / 8


def spread(quantization: Quantization) -> tuple[float, float]:
    """Lowest and highest of what such checkpoints take, relative to the estimate."""
    match quantization.method:
        case "none":
            return 0.996, 1.008
        case "fp8" | "fp8-block" | "int8" | "mxfp8":
            return 0.99, 1.015
        case "int4":
            return 0.97, 1.05
        case "mxfp4":
            return 0.98, 1.04
        case "nvfp4":
            return 0.95, 1.08
        case "bnb-nf4" | "bnb-int8":
            return 0.97, 1.05
        case _:
            return 0.65, 1.6
