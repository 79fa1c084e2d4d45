"""A model's published files, as far as they are read: configuration, headers of the weight files, licence."""

import json
from collections.abc import Mapping
from math import prod
from typing import Any

from msgspec import Struct, field

MAX_HEADER_BYTES = 32 << 20
"""More than any published header has; 400,000 tensors fit."""
MAX_CONFIG_BYTES = 4 << 20
MAX_FILES = 2000
MAX_SIDE = 1 << 40
MAX_DIMENSIONS = 8
LENGTH_BYTES = 8
INDEX = "model.safetensors.index.json"
SUFFIX = ".safetensors"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
NOT_THE_MODEL = ("adapter_model", "consolidated", "training_args")
"""Beginnings of files that hold something else, or the same weights once more."""

BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
BYTES |= {"F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I8": 1, "U8": 1, "BOOL": 1}


class WeightFile(Struct, frozen=True):
    """One file of weights. `digest` is `sha256:<hex>`; sizes in bytes; `numbers` counts what its tensors hold."""

    name: str
    digest: str
    weights: int
    numbers: int


class Checkpoint(Struct, frozen=True):
    """What `catalog add` reads of a model. `files` is empty where only a configuration was given."""

    uri: str
    config: Mapping[str, Any]
    config_digest: str
    revision: str = ""
    files: tuple[WeightFile, ...] = ()
    license: str = ""
    gated: bool = False
    as_of: str = ""
    source: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Digests of further files that were read."""


def header_length(begin: bytes) -> int:
    """Bytes of the header, from the first eight of the file. Raises ValueError for what no header can be."""
    if len(begin) < LENGTH_BYTES:
        raise ValueError("it ends before its header")
    length = int.from_bytes(begin[:LENGTH_BYTES], "little")
    if not 2 <= length <= MAX_HEADER_BYTES:
        raise ValueError(f"it says that its header has {length:,} bytes")
    return length


def read_header(name: str, digest: str, data: bytes, size: int | None = None) -> WeightFile:
    """From the bytes of the header; `size` is the whole file's.

    Raises ValueError where it is cut off or says what cannot be.
    """
    try:
        tensors = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("its header is no JSON") from None
    if not isinstance(tensors, dict):
        raise ValueError("its header is no mapping of tensors")
    weights = numbers = 0
    for tensor, facts in tensors.items():
        if tensor != "__metadata__":
            taken, count = _tensor(tensor, facts)
            weights, numbers = weights + taken, numbers + count
    if size is not None and LENGTH_BYTES + len(data) + weights != size:
        raise ValueError(f"its tensors take {weights:,} bytes and the file has {size:,}")
    return WeightFile(name, digest, weights, numbers)


def _tensor(name: str, facts: Any) -> tuple[int, int]:
    """Bytes and numbers of one tensor."""
    try:
        shape, (begin, end), dtype = facts["shape"], facts["data_offsets"], facts["dtype"]
        sides = [side for side in shape if isinstance(side, int) and 0 <= side <= MAX_SIDE]
        whole = isinstance(begin, int) and isinstance(end, int) and 0 <= begin <= end <= MAX_SIDE
    except (TypeError, KeyError, ValueError):
        raise ValueError(f"its tensor `{name[:80]}` lacks shape, type or place") from None
    if len(sides) != len(shape) or len(shape) > MAX_DIMENSIONS or not whole:
        raise ValueError(f"its tensor `{name[:80]}` has a shape or a place that cannot be")
    count = prod(sides)
    width = BYTES.get(str(dtype))
    if width is not None and count * width != end - begin:
        raise ValueError(f"its tensor `{name[:80]}` takes {end - begin:,} bytes, its shape {count * width:,}")
    return end - begin, count


def weight_files(names: list[str], index: Mapping[str, Any] | None) -> list[str]:
    """Those that hold the model: what the index names, else the safetensors files beside the configuration.

    Raises ValueError where the index names a file that is not there, or more than a model has.
    """
    here = sorted(name for name in names if name.endswith(SUFFIX) and "/" not in name)
    if index is None:
        found = [name for name in here if not name.startswith(NOT_THE_MODEL)] or here
    else:
        placed = index.get("weight_map")
        found = sorted({str(name) for name in placed.values()}) if isinstance(placed, Mapping) else []
        if missing := [name for name in found if name not in names]:
            raise ValueError(f"the index names `{missing[0][:80]}`, which is not there")
    if len(found) > MAX_FILES:
        raise ValueError(f"{len(found):,} files of weights are more than a model has")
    return found


def has_pickles(names: list[str]) -> bool:
    return any(name.endswith(PICKLES) for name in names)


def json_object(data: bytes) -> Mapping[str, Any]:
    """Raises ValueError for anything but one object."""
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(read, dict):
        raise ValueError("it holds no object")
    return read
