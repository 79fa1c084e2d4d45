"""A published `config.json`, read with care: names that differ between families, defaults, wrong types."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

MAX_WHOLE = 10**9
TEXT_PARTS = ("text_config", "language_config", "llm_config")

NAMES: Mapping[str, tuple[str, ...]] = {
    "hidden_size": ("n_embd", "d_model", "model_dim", "dim"),
    "num_hidden_layers": ("n_layer", "n_layers", "num_layers"),
    "num_attention_heads": ("n_head", "n_heads"),
    "num_key_value_heads": ("num_kv_heads", "n_kv_heads", "multi_query_group_num", "n_head_kv"),
    "intermediate_size": ("ffn_hidden_size", "n_inner", "ffn_dim", "hidden_dim"),
    "vocab_size": ("padded_vocab_size",),
    "max_position_embeddings": ("seq_length", "max_seq_len", "max_sequence_length", "n_positions", "n_ctx"),
    "experts": ("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts"),
    "experts_per_token": ("num_experts_per_tok", "top_k_experts", "moe_topk", "num_experts_per_token", "moe_k"),
    "expert_size": ("moe_intermediate_size", "expert_hidden_dim", "moe_ffn_hidden_size", "expert_ffn_hidden_size"),
}


class ConfigValues(Struct, frozen=True):
    """`values` as published over `defaults` of the family. Anything of the wrong type counts as absent."""

    family: str
    values: Mapping[str, Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        for source in (self.values, self.defaults):
            for key in (name, *NAMES.get(name, ())):
                if source.get(key) is not None:
                    return source[key]
        return None

    def whole(self, name: str, default: int = 0) -> int:
        """A number of things, 0 and up."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_WHOLE:
            return default
        return int(value)

    def rate(self, name: str, default: float) -> float:
        value = self.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.get(name)
        return value if isinstance(value, bool) else default

    def names(self, name: str) -> tuple[str, ...]:
        value = self.get(name)
        return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()

    def wholes(self, name: str) -> tuple[int, ...]:
        value = self.get(name)
        return tuple(item for item in value if isinstance(item, int)) if isinstance(value, list | tuple) else ()

    def part(self, name: str) -> Mapping[str, Any]:
        value = self.get(name)
        return value if isinstance(value, Mapping) else {}


WRAPPED = {
    "llava": "llama",
    "llava_next": "llama",
    "mistral3": "mistral",
    "pixtral": "mistral",
    "kimi_vl": "deepseek_v3",
}
"""Family of the language model where a wrapper's text part does not say."""


def text_values(config: Mapping[str, Any], defaults: Mapping[str, Mapping[str, Any]]) -> ConfigValues:
    """The language model's values: of the part that wrappers for images keep it in, or the whole."""
    outer = str(config.get("model_type", ""))
    inner = config.get("thinker_config")
    config = inner if isinstance(inner, Mapping) else config
    part = next((config[name] for name in TEXT_PARTS if isinstance(config.get(name), Mapping)), None)
    if part is None:
        return ConfigValues(outer, config, defaults.get(outer, {}))
    family = str(
        part.get("model_type") or WRAPPED.get(outer, f"{outer}_text" if f"{outer}_text" in defaults else outer)
    )
    shared = {name: config[name] for name in ("tie_word_embeddings", "torch_dtype", "dtype") if name in config}
    return ConfigValues(family, {**shared, **part}, defaults.get(family, {}))
