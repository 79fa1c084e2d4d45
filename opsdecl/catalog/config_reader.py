"""A published `config.json` -> `Architecture`."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from opsdecl.catalog.architectures import Architecture, RotaryTable
from opsdecl.catalog.config_encoder import SEQUENCES, decoder_values, encoder_of, projected
from opsdecl.catalog.config_layers import layers_of
from opsdecl.catalog.config_quantization import quantization_of_config
from opsdecl.catalog.config_values import ConfigValues, text_values
from opsdecl.catalog.config_vision import hearing_parameters, vision_of
from opsdecl.catalog.encoder_families import unsized
from opsdecl.diag import Checked, Diagnostic, Place
from opsdecl.diag.codes.encoders import NOT_SERVED
from opsdecl.diag.codes.knowledge import INCOMPLETE_CONFIG, UNKNOWN_FAMILY

Defaults = Mapping[str, Mapping[str, Any]]

FAMILY_NAMES = (
    "llama mistral mixtral ministral ministral3 mistral4 qwen2 qwen2_moe qwen2_vl qwen2_vl_text qwen2_5_vl "
    "qwen2_5_vl_text qwen3 qwen3_moe qwen3_next qwen3_5_text qwen3_5_moe_text qwen3_vl_text qwen3_vl_moe_text gemma "
    "gemma2 gemma3_text gemma4_text phi phi3 phimoe gpt_oss deepseek deepseek_v2 deepseek_v3 deepseek_v32 "
    "deepseek_v4 kimi_k2 kimi_linear kimi_k25 "
    "glm glm4 glm4_moe glm4_moe_lite glm_moe_dsa granite granitemoe granitemoehybrid nemotron "
    "nemotron_h minimax_m2 exaone4 olmo2 olmo3 olmoe smollm3 cohere cohere2 llama4_text bamba falcon_h1 jamba "
    "starcoder2 stablelm opt gpt2 falcon gpt_neox internlm2 internlm3 baichuan yi ernie4_5 ernie4_5_moe seed_oss lfm2 "
    "hunyuan_v1_dense glm4v_text glm4v_moe_text qwen3_omni_moe_text dots1 arcee deepseek_vl_v2 chatglm "
    "exaone hunyuan_v1_moe lfm2_moe mimo bailing_moe_v2 gptj bloom mpt gemma3n_text "
    "mllama_text_model whisper bart mbart apertus minicpm"
)
FAMILIES = frozenset(FAMILY_NAMES.split())
REQUIRED = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
MAX_LAYERS = 2000
UNPARTED_ROPE = ("llama3", "longrope", "su", "default", "mrope", "proportional", "")
TIED = SEQUENCES | {"gemma", "gemma2", "gemma3_text", "gemma4_text", "cohere", "cohere2", "gpt2", "opt", "starcoder2"}
LEARNED = SEQUENCES | {"gpt2", "opt"}
"""Families with a table of positions that is learned, and none of rotations."""


def architecture_of_config(
    config: Mapping[str, Any], defaults: Defaults, name: str = "", at: Place | None = None
) -> Checked[Architecture]:
    """None where the facts do not describe a decoder; an unknown family is a warning, and its figures are wider."""
    if said := unsized(str(config.get("model_type", ""))):
        return Checked(None, (Diagnostic(NOT_SERVED, said, at=at),))
    values = decoder_values(text_values(config, defaults))
    missing = [key for key in REQUIRED if not values.whole(key)]
    if missing or values.whole("num_hidden_layers") > MAX_LAYERS:
        return Checked(None, (_incomplete(values, missing, at),))
    known = values.family in FAMILIES
    found = () if known else (_unknown(values, at),)
    rows = position_rows(values)
    hidden = values.whole("hidden_size")
    extra = 0
    if values.whole("hidden_size_per_layer_input"):
        width = values.whole("hidden_size_per_layer_input") * values.whole("num_hidden_layers")
        extra = values.whole("vocab_size_per_layer_input", values.whole("vocab_size")) * width + 3 * hidden * width
    extra += hearing_parameters(config, hidden) + projected(config, values)
    encoder = encoder_of(config, values)
    return Checked(
        Architecture(
            name=name or str(config.get("_name_or_path") or values.family),
            family=values.family,
            hidden=hidden,
            vocabulary=values.whole("vocab_size"),
            layers=layers_of(values),
            max_position=context_of(values),
            tied=values.flag("tie_word_embeddings", values.family in TIED),
            rotary=rotary_of(values, rows),
            vision=vision_of(config, hidden) if encoder is None else None,
            encoder=encoder,
            quantization=quantization_of_config({**config, **{k: v for k, v in values.values.items() if "quant" in k}}),
            dtype=_dtype(values, config),
            extra_parameters=extra,
            draft_layers=values.whole("num_nextn_predict_layers") or values.whole("mtp_num_hidden_layers"),
            known=known,
            learned_positions=values.whole("max_position_embeddings") if values.family in LEARNED else 0,
            copied_vocabulary=values.family == "whisper",
        ),
        found,
    )


def context_of(values: ConfigValues) -> int:
    """The longest context that the engine derives, in tokens."""
    longest = values.whole("max_position_embeddings", 2048) or 2048
    scaling = _scaling(values)
    kind = str(scaling.get("rope_type") or scaling.get("type") or "")
    factor = scaling.get("factor")
    if kind in UNPARTED_ROPE or values.family.startswith("gemma") or not isinstance(factor, int | float):
        return longest
    original = scaling.get("original_max_position_embeddings")
    return int((original if kind == "yarn" and isinstance(original, int) else longest) * factor)


def position_rows(values: ConfigValues) -> int:
    """Rows of the rotary table: positions, more where they are scaled or have three axes."""
    scaling = _scaling(values)
    kind = str(scaling.get("rope_type") or scaling.get("type") or "")
    factor = scaling.get("factor")
    factor = float(factor) if isinstance(factor, int | float) else 1.0
    longest = values.whole("max_position_embeddings", 2048)
    original = scaling.get("original_max_position_embeddings") or values.get("original_max_position_embeddings")
    if "mrope_section" in scaling:
        return 4 * longest
    if kind in ("longrope", "su") and isinstance(original, int):
        return longest + original
    if kind in ("yarn", "deepseek_yarn") and isinstance(original, int):
        return int(original * factor)
    return int(longest * factor) if kind in ("linear", "dynamic") else longest


def rotary_of(values: ConfigValues, rows: int) -> tuple[RotaryTable, ...]:
    share = values.rate("partial_rotary_factor", 0.0) or float(_scaling(values).get("partial_rotary_factor") or 1.0)
    if values.whole("kv_lora_rank"):
        return (RotaryTable(rows, values.whole("qk_rope_head_dim", 64)),)
    heads = max(1, values.whole("num_attention_heads", 1))
    width = int(share * (values.whole("head_dim") or values.whole("hidden_size") // heads))
    if values.family in LEARNED | {"bloom", "nemotron_h", "jamba"}:
        return ()
    if values.family == "deepseek_v4":
        return 2 * (RotaryTable(rows, values.whole("qk_rope_head_dim", 64)),)
    if values.family == "gemma4_text":
        return (RotaryTable(rows, width), RotaryTable(rows, values.whole("global_head_dim", width)))
    if values.family in ("gemma3_text", "olmo3"):
        return (RotaryTable(rows, width), RotaryTable(values.whole("max_position_embeddings"), width))
    return (RotaryTable(rows, width),)


def _scaling(values: ConfigValues) -> Mapping[str, Any]:
    """`rope_scaling`, or `rope_parameters` of newer files, which may hold one set per type of layer."""
    stated = values.part("rope_scaling") or values.part("rope_parameters")
    for kind in ("full_attention", "sliding_attention"):
        if isinstance(stated.get(kind), Mapping):
            return dict(stated[kind])
    return stated


def _dtype(values: ConfigValues, config: Mapping[str, Any]) -> str:
    stated = values.get("torch_dtype") or values.get("dtype") or config.get("torch_dtype") or config.get("dtype")
    return stated if stated in ("bfloat16", "float16", "float32") else "bfloat16"


def _incomplete(values: ConfigValues, missing: list[str], at: Place | None) -> Diagnostic:
    lacks = ", ".join(f"`{key}`" for key in missing) or "a number of layers that can be"
    message = f"the configuration of family `{values.family or 'unknown'}` lacks {lacks}"
    return Diagnostic(INCOMPLETE_CONFIG, message, at=at, hint="take the config.json that is published with the weights")


def _unknown(values: ConfigValues, at: Place | None) -> Diagnostic:
    message = f"the family `{values.family or 'unnamed'}` is not one that sizing knows; it is reckoned like Llama"
    return Diagnostic(UNKNOWN_FAMILY, message, at=at, hint="take the figures as rough; their ranges are wider")


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """`meta-llama/Llama-3.1-8B-Instruct@main` -> `llama-3.1-8b-instruct`; cached folders mean their repository.

    >>> plain_name("llama3.1:8b")
    'llama-3.1-8b'
    """
    cached = re.search(r"models--([^/]+)", name)
    last = (cached[1] if cached else name).lower().rstrip("/").replace("--", "/").rpartition("/")[2]
    plain = re.sub(r"[^a-z0-9.]+", "-", re.sub(r"@.*|:(main|latest)$", "", last)).strip("-")
    return re.sub(r"^(llama|gemma|mistral|mixtral|phi)(?=\d)", r"\1-", plain)
