"""Encoder-decoder models from their configuration: the decoder's values, layers with cross attention, the encoder."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from opsdecl.catalog.architectures import Attention, Encoder, FeedForward, Layer
from opsdecl.catalog.config_values import ConfigValues

SEQUENCES = frozenset({"whisper", "bart", "mbart"})
"""Families whose one configuration describes two stacks, by `encoder_…` and `decoder_…`."""
VISION = "mllama_text_model"
NORMS = {"encoder": 5, "decoder": 7}
"""Columns of the hidden size in a layer of these families: norms, the bias of each, and that of the block's output."""
ASPECT_RATIOS = 8
MOST_LAYERS = 2000
MEL_KERNEL = 3
OFFSET = 2
"""Rows that BART's tables of positions have before the first position."""


def decoder_values(values: ConfigValues) -> ConfigValues:
    """Of families with two stacks in one configuration, what the decoder is made of under the usual names."""
    if values.family not in SEQUENCES:
        return values
    named = {
        "num_hidden_layers": values.whole("decoder_layers"),
        "num_attention_heads": values.whole("decoder_attention_heads"),
        "num_key_value_heads": values.whole("decoder_attention_heads"),
        "intermediate_size": values.whole("decoder_ffn_dim"),
        "max_position_embeddings": values.whole("max_target_positions") or values.whole("max_position_embeddings"),
    }
    return ConfigValues(values.family, {**values.values, **{k: v for k, v in named.items() if v}}, values.defaults)


def sequence_layer(values: ConfigValues, stack: str = "decoder") -> Layer:
    """A layer of Whisper's or BART's; the decoder's attends to itself, then across."""
    width, heads = values.whole("hidden_size"), max(1, values.whole(f"{stack}_attention_heads", 1))
    attention = Attention(heads, heads, width // heads, width // heads, bias=True, output_bias=True)
    size = values.whole(f"{stack}_ffn_dim")
    feed = FeedForward(size, gated=False, bias=True) if size else None
    mixers = (attention, replace(attention, cross=True)) if stack == "decoder" else (attention,)
    return Layer(mixers, feed, NORMS[stack])


def across(attention: Attention) -> Attention:
    """Llama-3.2-Vision's layers of cross attention: shaped like the others, with a norm for each head."""
    return replace(attention, cross=True, head_norms=True)


def cross_layers(values: ConfigValues) -> tuple[int, ...]:
    return values.wholes("cross_attention_layers")


def encoder_of(config: Mapping[str, Any], values: ConfigValues) -> Encoder | None:
    """None where the model is a decoder alone. `values` are those of the decoder."""
    if values.family in SEQUENCES:
        return _of_sequences(config, values)
    stated = config.get("vision_config")
    if values.family == VISION and isinstance(stated, Mapping):
        return _of_tiles(ConfigValues("", stated), values)
    return None


def _of_sequences(config: Mapping[str, Any], values: ConfigValues) -> Encoder:
    """Whisper's encoder has two convolutions and one table of positions, BART's the table and a norm before."""
    width, count = values.whole("hidden_size"), min(values.whole("encoder_layers"), MOST_LAYERS)
    layer = sequence_layer(values, "encoder")
    hears = values.family == "whisper"
    tokens = values.whole("max_source_positions") if hears else values.whole("max_position_embeddings")
    stem = MEL_KERNEL * width * (values.whole("num_mel_bins", 80) + width) + 2 * width
    copied = tokens * width + 2 * width + stem if hears else (tokens + OFFSET) * width + 4 * width
    return Encoder(
        reads="audio" if hears else "text",
        tokens=tokens,
        computed=tokens,
        hidden=width,
        layers=(layer,) * count,
        copied=copied,
        caches=count,
    )


def _of_tiles(vision: ConfigValues, values: ConfigValues) -> Encoder:
    """Tiles of one image; each is padded to a multiple of 8 patches while it is encoded."""
    width, patch = max(1, vision.whole("hidden_size", 1280)), max(1, vision.whole("patch_size", 14))
    tiles, heads = vision.whole("max_num_tiles", 4), max(1, vision.whole("attention_heads", 16))
    patches = (vision.whole("image_size", 560) // patch) ** 2 + 1
    attention = Attention(heads, heads, width // heads, width // heads)
    feed = FeedForward(vision.whole("intermediate_size", 5120) or width, gated=False, bias=True)
    stated = vision.get("supported_aspect_ratios")
    ratios = len(stated) if isinstance(stated, list) else ASPECT_RATIOS
    count = vision.whole("num_hidden_layers", 32) + vision.whole("num_global_layers", 8)
    read = vision.wholes("intermediate_layers_indices") or (3, 7, 15, 23, 30)
    positions = (1 + (ratios + 1) * tiles) * patches * width + 2 * (ratios + 1) * tiles * width
    ends = 3 * patch**2 * width + width + 4 * width
    return Encoder(
        reads="images",
        tokens=tiles * patches,
        computed=tiles * -(-patches // 8) * 8,
        hidden=width,
        layers=(Layer((attention,), feed, 5),) * min(count, MOST_LAYERS),
        copied=positions + ends,
        caches=values.whole("num_hidden_layers"),
        states=len(read),
        masked=True,
    )


def projected(config: Mapping[str, Any], values: ConfigValues) -> int:
    """Parameters between Llama-3.2-Vision's tower and its decoder, and the rows of the embedding beyond the head's."""
    stated = config.get("vision_config")
    if values.family != VISION or not isinstance(stated, Mapping):
        return 0
    outputs, hidden = ConfigValues("", stated).whole("vision_output_dim", 7680), values.whole("hidden_size")
    return (outputs + 1) * hidden + 8 * hidden
