"""Towers for images of vision-language models, from `vision_config`."""

from collections.abc import Mapping
from typing import Any

from opsdecl.catalog.architectures import Vision
from opsdecl.catalog.config_values import ConfigValues

TOKENS_PER_ITEM = {
    "qwen2_vl": 16384,
    "qwen2_5_vl": 16384,
    "qwen3_vl": 16384,
    "qwen3_vl_moe": 16384,
    "qwen3_5": 16384,
    "qwen3_5_moe": 16384,
    "gemma3": 256,
    "gemma4": 280,
    "mistral3": 3025,
    "pixtral": 4096,
    "llama4": 2448,
    "llava": 576,
    "llava_next": 2928,
    "llava_onevision": 7290,
    "internvl_chat": 3328,
    "qwen2_5_omni": 16384,
    "qwen3_omni_moe": 16384,
    "glm4v": 16384,
    "glm4v_moe": 16384,
}
"""Tokens of the largest image, as the engine profiles it."""
GATED = frozenset({"qwen2_5_vl", "pixtral", "gemma4"})
POOLED = {"gemma3": 16, "gemma4": 9}
"""Patches whose mean is one token, where that is no `spatial_merge_size`: 64 × 64 to 256, squares of three."""


def vision_of(config: Mapping[str, Any], hidden: int) -> Vision | None:
    """None where the model has no tower. Parameters are within a few per cent; towers are a small part of the whole."""
    inner = config.get("thinker_config")
    config = inner if isinstance(inner, Mapping) else config
    stated = config.get("vision_config")
    if not isinstance(stated, Mapping):
        return None
    outer = str(config.get("model_type", ""))
    values = ConfigValues(str(stated.get("model_type", outer)), stated, _DEFAULTS.get(outer, {}))
    width = values.whole("embed_dim") or values.whole("hidden_size", 1024)
    if outer == "qwen2_vl":
        width = values.whole("embed_dim", 1280)
    depth = values.whole("depth") or values.whole("num_hidden_layers", 24)
    inner_size = values.whole("intermediate_size") or int(width * values.rate("mlp_ratio", 4.0))
    gated = outer in GATED or values.family == "pixtral"
    blocks = depth * (4 * width * width + (3 if gated else 2) * width * inner_size + 4 * width + inner_size)
    merge = values.whole("spatial_merge_size") or int(config.get("spatial_merge_size") or 1)
    merged = width * merge * merge
    mergers = 1 + len(values.wholes("deepstack_visual_indexes"))
    projector = merged * (merged if outer.startswith("qwen") else hidden) + merged * hidden
    projector = hidden * hidden + width * hidden + merged * width if outer == "mistral3" else projector
    patch = values.whole("patch_size", 14) ** 2 * 3 * values.whole("temporal_patch_size", 1) * width
    return Vision(
        parameters=blocks + mergers * projector + patch + values.whole("num_position_embeddings", 0) * width,
        hidden=width,
        intermediate=inner_size,
        layers=depth,
        patches_per_token=POOLED.get(outer, merge * merge),
        tokens_per_item=TOKENS_PER_ITEM.get(outer, 1024),
    )


def hearing_parameters(config: Mapping[str, Any], hidden: int) -> int:
    """Parameters of a tower for sounds, which only weights have to hold; 0 where there is none.

    Convolutions count where the number of frequencies is stated, positions where theirs is.
    """
    inner = config.get("thinker_config")
    stated = (inner if isinstance(inner, Mapping) else config).get("audio_config")
    if not isinstance(stated, Mapping):
        return 0
    values = ConfigValues("", stated)
    width, wide = values.whole("d_model"), values.whole("encoder_ffn_dim")
    layers = values.whole("encoder_layers") * width * (4 * width + 2 * wide)
    mels = values.whole("num_mel_bins")
    stem = 3 * width * (mels + width) if mels else 0
    joined = {"voxtral": hidden * (wide + hidden), "qwen2_audio": hidden * width}
    return layers + stem + values.whole("max_source_positions") * width + joined.get(str(config.get("model_type")), 0)


_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "gemma3": {"hidden_size": 1152, "num_hidden_layers": 27, "intermediate_size": 4304, "patch_size": 14},
    "gemma4": {"hidden_size": 768, "num_hidden_layers": 16, "intermediate_size": 3072, "patch_size": 16},
    "qwen2_vl": {"depth": 32, "mlp_ratio": 4, "spatial_merge_size": 2, "temporal_patch_size": 2},
    "qwen2_5_vl": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "spatial_merge_size": 2}
    | {"temporal_patch_size": 2},
    "qwen3_vl": {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "spatial_merge_size": 2}
    | {"temporal_patch_size": 2, "patch_size": 16, "num_position_embeddings": 2304},
    "qwen3_5": {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "spatial_merge_size": 2}
    | {"temporal_patch_size": 2, "patch_size": 16, "num_position_embeddings": 2304},
    "qwen3_5_moe": {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "spatial_merge_size": 2}
    | {"temporal_patch_size": 2, "patch_size": 16, "num_position_embeddings": 2304},
    "mistral3": {"hidden_size": 1024, "num_hidden_layers": 24, "intermediate_size": 4096, "patch_size": 14},
    "llava": {"hidden_size": 1024, "num_hidden_layers": 24, "intermediate_size": 4096, "patch_size": 14},
    "llama4": {"hidden_size": 1408, "num_hidden_layers": 34, "intermediate_size": 5632, "patch_size": 14},
}
