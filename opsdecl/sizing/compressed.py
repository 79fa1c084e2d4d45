"""The cache of DeepSeek-V4's compressed attention: one pool of pages for rows, windows and half-made rows.

Sizes of rows and blocks as vLLM's source had them about 0.22. How pages are packed was chosen to meet the one refusal
that is known (vllm-project/vllm#44376), and what the pool does since 0.25 was not read, so that `DOUBT` is wide.
"""

from collections.abc import Sequence
from math import ceil
from typing import Literal

from msgspec import Struct

from opsdecl.catalog.architectures import CompressedAttention, Layer, distinct

BLOCK = 256
"""Tokens of a block of compressed rows."""
ROW = 584
"""Bytes of a row: 448 numbers of 8 bits, 64 of 16 bits, 8 scales."""
INDEX_ROW = 132
ALIGNMENT = 576
WINDOW_BLOCK = 64
HALF_MADE_BLOCK = {4: 4, 128: 8}
"""Tokens of a block of rows that are being made, by ratio."""
DOUBT = (0.6, 1.7)
"""What the cache may hold less and more, before and after how pages are packed is settled."""


class PagedCache(Struct, frozen=True):
    """One table of blocks: tokens of a block, and how far back it reaches where it is a window."""

    kind: Literal["full", "window"]
    block: int
    reach: int = 0


def is_compressed(layers: Sequence[Layer]) -> bool:
    """Whether a model is of this kind: all layers are, or none."""
    return bool(layers) and any(isinstance(mixer, CompressedAttention) for mixer in layers[0].mixers)


def mixers_of(layers: Sequence[Layer]) -> list[tuple[CompressedAttention, int]]:
    found = ((mixer, times) for layer, times in distinct(tuple(layers)) for mixer in layer.mixers)
    return [(mixer, times) for mixer, times in found if isinstance(mixer, CompressedAttention)]


def pool_pages(layers: Sequence[Layer], drafts: int) -> tuple[int, list[tuple[PagedCache, int]]]:
    """Bytes of a page, and tables of blocks with how many there are of each. Layers for drafting have a window.

    All layers keep a window; their tables are as many as it takes for none to have more layers than half of all.
    A page has room for each kind of row in as many layers as the largest table has.
    """
    mixers = mixers_of(layers)
    by_ratio = {ratio: sum(times for mixer, times in mixers if mixer.ratio == ratio) for ratio in (4, 128)}
    windows = sum(times for _, times in mixers) + drafts
    slots = max(*by_ratio.values(), ceil(windows / 2))
    rows = (ROW * BLOCK // 4, INDEX_ROW * BLOCK // 4, ROW * BLOCK // 128)
    page = slots * sum(ALIGNMENT * ceil(size / ALIGNMENT) for size in rows)
    reach = max(mixer.window for mixer, _ in mixers)
    tables = [(PagedCache("full", BLOCK), 1), (PagedCache("window", WINDOW_BLOCK, reach), ceil(windows / slots))]
    tables += [
        (PagedCache("window", HALF_MADE_BLOCK[ratio], 2 * ratio if ratio == 4 else ratio), 1)
        for ratio, count in by_ratio.items()
        if count
    ]
    return page, tables
