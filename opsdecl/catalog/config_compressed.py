"""DeepSeek-V4's compressed attention, layer by layer, from its configuration."""

from opsdecl.catalog.architectures import CompressedAttention
from opsdecl.catalog.config_values import ConfigValues

RATIOS = {"compressed_sparse_attention": 4, "heavily_compressed_attention": 128, "sliding_attention": 0}


def compressed_of(values: ConfigValues, index: int) -> CompressedAttention:
    ratio = ratio_of(values, index)
    return CompressedAttention(
        heads=max(1, values.whole("num_attention_heads", 1)),
        head_dim=values.whole("head_dim", 512),
        query_rank=values.whole("q_lora_rank", 1024),
        output_rank=values.whole("o_lora_rank", 1024),
        groups=values.whole("o_groups", 8),
        window=values.whole("sliding_window", 128),
        ratio=ratio,
        index_heads=values.whole("index_n_heads", 64) if ratio == 4 else 0,
        index_dim=values.whole("index_head_dim", 128) if ratio == 4 else 0,
    )


def ratio_of(values: ConfigValues, index: int) -> int:
    """Tokens of one row: stated by layer, as a number or by name; else the defaults of the family's class."""
    stated, types = values.wholes("compress_ratios"), values.names("layer_types")
    if index < len(stated):
        return stated[index]
    if index < len(types):
        return RATIOS.get(types[index], 0)
    return 4 if index >= 2 and index % 2 else 128
