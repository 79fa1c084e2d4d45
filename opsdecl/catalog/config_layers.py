"""Layers of a model from its configuration: which mixer and which block stand where."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from opsdecl.catalog.architectures import (
    Attention,
    CompressedAttention,
    Experts,
    FeedForward,
    LatentAttention,
    Layer,
    StateSpace,
)
from opsdecl.catalog.config_compressed import compressed_of
from opsdecl.catalog.config_encoder import VISION, across, cross_layers, sequence_layer
from opsdecl.catalog.config_values import ConfigValues

Mixer = Attention | LatentAttention | CompressedAttention | StateSpace

UNGATED = frozenset(
    {
        "gpt2",
        "opt",
        "bloom",
        "falcon",
        "phi",
        "starcoder2",
        "gpt_neox",
        "nemotron",
        "nemotron_h",
        "gptj",
        "arcee",
        "mpt",
    }
    | {"gpt_bigcode", "apertus"}
)
QUERY_BIAS = frozenset({"qwen2", "qwen2_moe", "qwen2_vl", "qwen2_5_vl", "qwen2_vl_text", "qwen2_5_vl_text", "qwen"})
HEAD_NORMS = frozenset(
    {"qwen3", "qwen3_moe", "qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "qwen3_vl_text", "qwen3_vl_moe_text"}
    | {"gemma3_text", "gemma4_text", "exaone4", "olmo2", "olmo3", "minimax_m2"}
)
GATED_ATTENTION = frozenset({"qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "qwen3_5", "qwen3_5_moe"})
FOUR_NORMS = frozenset({"gemma2", "gemma3_text", "gemma4_text", "glm4", "gemma3n_text"})
WINDOW_EVERY = {"gemma3_text": 6, "gemma4_text": 6, "gemma3n_text": 5, "cohere2": 4, "exaone4": 4, "olmo3": 4}
"""Families in which every n-th layer attends to everything and the others to a window."""
CHUNKED = frozenset({"llama4_text"})
EXPERTS_OF_FULL_SIZE = frozenset({"mixtral", "phimoe", "gpt_oss", "granitemoe", "granitemoehybrid", "minimax_m2"})


def layers_of(values: ConfigValues) -> tuple[Layer, ...]:
    """One entry per layer, in order; equal layers are one object."""
    builder = _BUILDERS.get(values.family, _plain)
    count = values.whole("num_hidden_layers")
    shared = values.whole("num_kv_shared_layers")
    made = [builder(values, index) for index in range(count)]
    one: dict[Layer, Layer] = {}
    kept = [
        replace(layer, shares_cache=True) if index >= count - shared > 0 else layer for index, layer in enumerate(made)
    ]
    return tuple(one.setdefault(layer, layer) for layer in kept)


def _plain(values: ConfigValues, index: int) -> Layer:
    return Layer((_mixer(values, index),), feed_of(values, index), 4 if values.family in FOUR_NORMS else 2)


def _mixer(values: ConfigValues, index: int) -> Mixer:
    if values.whole("kv_lora_rank"):
        return latent_of(values)
    window, chunk = window_of(values, index)
    return attention_of(values, window, chunk)


def attention_of(values: ConfigValues, window: int | None = None, chunk: int | None = None) -> Attention:
    heads = max(1, values.whole("num_attention_heads", 1))
    width = values.whole("head_dim") or values.whole("hidden_size") // heads
    kv_heads = values.whole("num_key_value_heads", heads)
    if values.family == "falcon" and not values.flag("new_decoder_architecture"):
        kv_heads = 1 if values.flag("multi_query", True) else heads
    bias = values.flag("attention_bias") or values.flag("use_qkv_bias") or values.flag("add_qkv_bias")
    bias = bias or values.flag("qkv_bias") or values.family in QUERY_BIAS
    return Attention(
        heads=heads,
        kv_heads=max(1, min(kv_heads, heads)),
        head_dim=width,
        value_dim=values.whole("v_head_dim", width) or width,
        bias=bias,
        output_bias=values.flag("attention_bias") and values.family not in ("glm4", "glm4_moe", "glm"),
        head_norms=values.family in HEAD_NORMS or values.flag("use_qk_norm"),
        gated=values.flag("attn_output_gate", values.family in GATED_ATTENTION),
        sinks=values.family == "gpt_oss",
        window=window,
        chunk=chunk,
    )


def latent_of(values: ConfigValues) -> LatentAttention:
    return LatentAttention(
        heads=max(1, values.whole("num_attention_heads", 1)),
        query_rank=values.whole("q_lora_rank") or None,
        kv_rank=values.whole("kv_lora_rank"),
        nope_dim=values.whole("qk_nope_head_dim", 128),
        rope_dim=values.whole("qk_rope_head_dim", 64),
        value_dim=values.whole("v_head_dim", 128),
        index_heads=values.whole("index_n_heads"),
        index_dim=values.whole("index_head_dim") if values.whole("index_n_heads") else 0,
    )


def window_of(values: ConfigValues, index: int) -> tuple[int | None, int | None]:
    """Window and chunk of a layer in tokens; None where it attends to everything."""
    window = values.whole("sliding_window") or values.whole("sliding_window_size") or None
    types = values.names("layer_types")
    if index < len(types):
        chunk = values.whole("attention_chunk_size", 8192) if "chunk" in types[index] else None
        return (window if "sliding" in types[index] else None), chunk
    if values.family in CHUNKED:
        full = values.wholes("no_rope_layers")
        attends = full[index] == 0 if index < len(full) else (index + 1) % 4 == 0
        return None, None if attends else values.whole("attention_chunk_size", 8192)
    if values.family in ("gemma2", "gpt_oss"):
        return (window if index % 2 == 0 else None), None
    if values.family in WINDOW_EVERY:
        every = values.whole("sliding_window_pattern") or values.whole("_sliding_window_pattern")
        every = every or WINDOW_EVERY[values.family]
        last = values.family == "gemma4_text" and index == values.whole("num_hidden_layers") - 1
        return (None if (index + 1) % every == 0 or last else window), None
    if values.get("use_sliding_window") is not None:
        used = values.flag("use_sliding_window") and index >= values.whole("max_window_layers")
        return (window if used else None), None
    return window, None


def feed_of(values: ConfigValues, index: int) -> FeedForward | Experts | None:
    return experts_of(values) if _is_sparse(values, index) else dense_of(values)


def dense_of(values: ConfigValues) -> FeedForward | None:
    hidden = values.whole("hidden_size")
    size = values.whole("intermediate_size_mlp") or values.whole("intermediate_size")
    if not size and values.family in ("gpt2", "bloom", "falcon", "gptj"):
        size = 4 * hidden
    bias = values.flag("mlp_bias") or (values.flag("use_bias") and values.family == "starcoder2")
    return FeedForward(size, values.family not in UNGATED, bias) if size else None


def experts_of(values: ConfigValues) -> Experts:
    size = values.whole("expert_size")
    if not size or values.family in EXPERTS_OF_FULL_SIZE:
        size = values.whole("intermediate_size")
    return Experts(
        count=values.whole("experts"),
        top_k=max(1, values.whole("experts_per_token", 1)),
        size=size,
        shared_size=_shared_size(values, size),
        shared_gate=values.whole("shared_expert_intermediate_size") > 0,
        gated=values.family not in UNGATED,
        bias=values.family == "gpt_oss",
        width=values.whole("moe_latent_size") or None,
    )


def _shared_size(values: ConfigValues, size: int) -> int:
    for name in ("moe_shared_expert_intermediate_size", "shared_expert_intermediate_size", "shared_intermediate_size"):
        if values.whole(name):
            return values.whole(name) * max(1, values.whole("n_shared_experts", 1))
    if values.family == "llama4_text":
        return values.whole("intermediate_size")
    if values.family == "gemma4_text":
        return values.whole("intermediate_size")
    shared = (
        values.whole("n_shared_experts") or values.whole("num_shared_experts") or values.whole("moe_num_shared_experts")
    )
    return shared * size


def _is_sparse(values: ConfigValues, index: int) -> bool:
    if values.whole("experts") < 1 or values.get("enable_moe_block") is False:
        return False
    listed = values.wholes("moe_layers")
    if listed:
        return index in listed
    if values.family == "llama4_text":
        return (index + 1) % max(1, values.whole("interleave_moe_layer_step", 1)) == 0
    if values.family == "jamba":
        return index % values.whole("expert_layer_period", 2) == values.whole("expert_layer_offset", 1)
    if index in values.wholes("mlp_only_layers") or index < values.whole("first_k_dense_replace"):
        return False
    start, interval = values.whole("moe_layer_start_index"), values.whole("moe_layer_interval", 1)
    frequency = values.whole("moe_layer_freq", 1) or 1
    step = max(1, values.whole("decoder_sparse_step", 1), interval, frequency)
    return index >= start and (step == 1 or (index + 1) % step == 0)


def _hybrid_types(values: ConfigValues, index: int) -> Layer:
    """Gated delta nets among attention, by `layer_types` or every n-th layer."""
    types = values.names("layer_types")
    every = max(1, values.whole("full_attention_interval", 4))
    linear = "linear" in types[index] if index < len(types) else (index + 1) % every != 0
    mixer: Mixer = delta_net_of(values) if linear else attention_of(values)
    return Layer((mixer,), feed_of(values, index))


def delta_net_of(values: ConfigValues) -> StateSpace:
    heads, width = values.whole("linear_num_value_heads", 32), values.whole("linear_value_head_dim", 128)
    return StateSpace(
        kind="gdn",
        heads=heads,
        head_dim=width,
        key_heads=values.whole("linear_num_key_heads", 16),
        state=values.whole("linear_key_head_dim", 128),
        kernel=values.whole("linear_conv_kernel_dim", 4),
        inner=heads * width,
        state_bytes=4 if "float32" in str(values.get("mamba_ssm_dtype") or "") else None,
    )


def _kimi_linear(values: ConfigValues, index: int) -> Layer:
    stated = values.part("linear_attn_config")
    full = stated.get("full_attn_layers") or ()
    attends = (index + 1) in full if full else (index + 1) % 4 == 0
    heads, width = int(stated.get("num_heads", 32)), int(stated.get("head_dim", 128))
    delta = StateSpace("kda", heads, width, heads, width, int(stated.get("short_conv_kernel_size", 4)), heads * width)
    return Layer((latent_of(values) if attends else delta,), feed_of(values, index))


def mamba_of(values: ConfigValues) -> StateSpace:
    heads = values.whole("mamba_n_heads") or values.whole("mamba_num_heads") or 128
    width = values.whole("mamba_d_head") or values.whole("mamba_head_dim")
    inner = values.whole("mamba_d_ssm") or int(values.rate("mamba_expand", 2) * values.whole("hidden_size"))
    if not width:
        width = inner // heads
    return StateSpace(
        kind="mamba2",
        heads=heads,
        head_dim=width,
        key_heads=values.whole("mamba_n_groups") or values.whole("n_groups") or 1,
        state=values.whole("mamba_d_state") or values.whole("ssm_state_size") or 128,
        kernel=values.whole("mamba_d_conv") or values.whole("conv_kernel") or 4,
        inner=heads * width,
        state_bytes=4 if "float32" in str(values.get("mamba_ssm_cache_dtype") or "") else None,
    )


def _granite(values: ConfigValues, index: int) -> Layer:
    types = values.names("layer_types") or values.names("layers_block_type")
    attends = index >= len(types) or "mamba" not in types[index]
    feed: FeedForward | Experts | None = feed_of(values, index)
    if isinstance(feed, FeedForward):
        feed = FeedForward(values.whole("shared_intermediate_size") or feed.size)
    return Layer((attention_of(values) if attends else mamba_of(values),), feed)


def _bamba(values: ConfigValues, index: int) -> Layer:
    attends = index in values.wholes("attn_layer_indices")
    return Layer((attention_of(values) if attends else mamba_of(values),), dense_of(values))


def _falcon_h1(values: ConfigValues, index: int) -> Layer:
    return Layer((attention_of(values), mamba_of(values)), dense_of(values))


def _jamba(values: ConfigValues, index: int) -> Layer:
    period, offset = max(1, values.whole("attn_layer_period", 8)), values.whole("attn_layer_offset", 4)
    inner = values.whole("mamba_expand", 2) * values.whole("hidden_size")
    first = StateSpace("mamba1", 1, inner, 1, values.whole("mamba_d_state", 16), values.whole("mamba_d_conv", 4), inner)
    mixer: Mixer = attention_of(values) if index % period == offset else first
    return Layer((mixer,), feed_of(values, index))


def _nemotron_h(values: ConfigValues, index: int) -> Layer:
    """One mixer or one block per layer: M state space, * attention, - dense, E experts."""
    pattern = str(values.get("hybrid_override_pattern") or "")
    types = values.names("layers_block_type")
    names = {"mamba": "M", "attention": "*", "mlp": "-", "moe": "E"}
    kind = pattern[index] if index < len(pattern) else names.get(types[index], "-") if index < len(types) else "-"
    if kind == "M":
        return Layer((mamba_of(values),), None, 1)
    if kind == "*":
        return Layer((attention_of(values),), None, 1)
    return Layer((), experts_of(values) if kind == "E" else dense_of(values), 1)


def _lfm2(values: ConfigValues, index: int) -> Layer:
    types, full = values.names("layer_types"), values.wholes("full_attn_idxs")
    attends = "conv" not in types[index] if index < len(types) else index in full
    hidden = values.whole("hidden_size")
    short = StateSpace("conv", 1, hidden, 1, 1, values.whole("conv_L_cache", 3), hidden)
    size = values.whole("block_ff_dim") or values.whole("intermediate_size")
    if values.flag("block_auto_adjust_ff_dim"):
        multiple = values.whole("block_multiple_of", 256)
        size = -(-int(values.rate("block_ffn_dim_multiplier", 1.0) * int(2 * size / 3)) // multiple) * multiple
    feed = experts_of(values) if _is_sparse(values, index) and index >= values.whole("num_dense_layers") else None
    return Layer((attention_of(values) if attends else short,), feed or FeedForward(size))


def _gemma4(values: ConfigValues, index: int) -> Layer:
    window, _ = window_of(values, index)
    attention = attention_of(values, window)
    if window is None:
        attention = replace(
            attention,
            kv_heads=values.whole("num_global_key_value_heads", attention.kv_heads),
            head_dim=values.whole("global_head_dim", 512),
            value_dim=values.whole("global_head_dim", 512),
            values_are_keys=values.flag("attention_k_eq_v"),
        )
    feed, shared = feed_of(values, index), values.whole("num_kv_shared_layers")
    if isinstance(feed, FeedForward) and values.flag("use_double_wide_mlp"):
        wide = 0 < values.whole("num_hidden_layers") - shared <= index
        feed = replace(feed, size=2 * feed.size if wide else feed.size)
    return Layer((attention,), feed, 6)


def _deepseek_v4(values: ConfigValues, index: int) -> Layer:
    return Layer((compressed_of(values, index),), feed_of(values, index))


def _mllama(values: ConfigValues, index: int) -> Layer:
    plain = attention_of(values)
    return Layer((across(plain) if index in cross_layers(values) else plain,), dense_of(values))


def _sequence(values: ConfigValues, _: int) -> Layer:
    return sequence_layer(values)


_BUILDERS: Mapping[str, Callable[[ConfigValues, int], Layer]] = {
    "qwen3_next": _hybrid_types,
    "qwen3_5_text": _hybrid_types,
    "qwen3_5_moe_text": _hybrid_types,
    "kimi_linear": _kimi_linear,
    "granitemoehybrid": _granite,
    "bamba": _bamba,
    "falcon_h1": _falcon_h1,
    "jamba": _jamba,
    "nemotron_h": _nemotron_h,
    "nemotron_h_puzzle": _nemotron_h,
    "lfm2": _lfm2,
    "lfm2_moe": _lfm2,
    "gemma4_text": _gemma4,
    "deepseek_v4": _deepseek_v4,
    VISION: _mllama,
    "whisper": _sequence,
    "bart": _sequence,
    "mbart": _sequence,
}
