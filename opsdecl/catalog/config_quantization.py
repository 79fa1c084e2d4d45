"""`quantization_config` of a checkpoint, or the name a person gives, -> `Quantization`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from opsdecl.catalog.architectures import Quantization, QuantizationMethod

CLASSES: Mapping[str, tuple[str, ...]] = {
    "attention": ("self_attn", "attention", "attn.qkv", "q_proj", "qkv_proj"),
    "state": ("linear_attn", "mamba", "in_proj", "mixer"),
    "dense": ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", "feed_forward"),
    "shared": ("shared_expert", "shared_experts", "shared_mlp"),
    "experts": ("experts",),
}
"""Classes of modules by fragments of the names that a checkpoint leaves out of quantisation."""
FEW_LAYERS = 5
_SMALL = ("conv1d", "in_proj_ba", "in_proj_a", "in_proj_b", "shared_expert_gate", ".gate", "norm", "router", "lm_head")
_LAYER = re.compile(r"layers\.(\d+)\.")

NONE = Quantization("none")
BY_NAME: Mapping[str, Quantization] = {
    "fp8": Quantization("fp8", "fp8", 8, online=True),
    "w8a8-fp8": Quantization("fp8", "compressed-tensors", 8),
    "fbgemm_fp8": Quantization("fp8", "fbgemm_fp8", 8),
    "ptpc_fp8": Quantization("fp8", "ptpc_fp8", 8, online=True),
    "fp8_per_tensor": Quantization("fp8", "fp8_per_tensor", 8, online=True),
    "fp8_per_channel": Quantization("fp8", "fp8_per_channel", 8, online=True),
    "fp8_per_block": Quantization("fp8-block", "fp8_per_block", 8, 128, online=True),
    "modelopt": Quantization("fp8", "modelopt", 8),
    "modelopt_fp8": Quantization("fp8", "modelopt", 8),
    "modelopt_fp4": Quantization("nvfp4", "modelopt_fp4", 4, 16),
    "nvfp4": Quantization("nvfp4", "compressed-tensors", 4, 16),
    "awq": Quantization("int4", "awq", 4, 128, True),
    "awq_marlin": Quantization("int4", "awq_marlin", 4, 128, True),
    "auto_awq": Quantization("int4", "auto_awq", 4, 128, True),
    "gptq": Quantization("int4", "gptq", 4, 128),
    "auto_gptq": Quantization("int4", "auto_gptq", 4, 128),
    "gptq_marlin": Quantization("int4", "gptq_marlin", 4, 128),
    "auto-round": Quantization("int4", "auto-round", 4, 128),
    "inc": Quantization("int4", "inc", 4, 128),
    "w4a16": Quantization("int4", "compressed-tensors", 4, 128),
    "int4": Quantization("int4", "compressed-tensors", 4, 128),
    "w8a8": Quantization("int8", "compressed-tensors", 8),
    "int8": Quantization("int8", "compressed-tensors", 8),
    "w8a16": Quantization("int8", "compressed-tensors", 8, 128),
    "gptq-int8": Quantization("int8", "gptq", 8, 128),
    "compressed-tensors": Quantization("unknown", "compressed-tensors", 6),
    "bitsandbytes": Quantization("bnb-nf4", "bitsandbytes", 4, 64, online=True),
    "bnb": Quantization("bnb-nf4", "bitsandbytes", 4, 64, online=True),
    "mxfp4": Quantization("mxfp4", "mxfp4", 4, 32, only_experts=True),
    "gpt_oss_mxfp4": Quantization("mxfp4", "gpt_oss_mxfp4", 4, 32, only_experts=True),
    "mxfp8": Quantization("mxfp8", "mxfp8", 8, 32, online=True),
    "experts_int8": Quantization("int8", "experts_int8", 8, only_experts=True, online=True),
    "gguf": Quantization("gguf", "gguf", 4.85, online=False),
    "none": NONE,
}
"""Names that engines and people use. Where a name leaves the width open, the method is `unknown`."""
WIDTHS = frozenset({"none", "int4", "w4a16", "int8", "w8a8", "w8a16", "gptq-int8", "w8a8-fp8", "nvfp4"})
"""Names of a width, which no engine takes for its loader: they say more than a repository's name does."""


def quantization_of_config(config: Mapping[str, Any]) -> Quantization:
    """Reads what the checkpoint says of itself; `unknown` where it says something that is not known."""
    stated = config.get("quantization_config") or config.get("compression_config")
    if not isinstance(stated, Mapping):
        return NONE
    modelopt = "quant_algo" in stated or isinstance(stated.get("quantization"), Mapping)
    method = str(stated.get("quant_method") or ("modelopt" if modelopt else "")).lower()
    reader = _READERS.get(method, _unknown)
    found = reader(stated, method)
    return replace(found, experts="mxfp4") if config.get("expert_dtype") == "fp4" else found


def named_quantization(name: str) -> Quantization | None:
    return BY_NAME.get(name.lower().replace("_", "-")) or BY_NAME.get(name.lower())


def _bits(stated: Mapping[str, Any], *names: str, default: int = 4) -> int:
    return next((int(stated[n]) for n in names if isinstance(stated.get(n), int | float)), default)


def _integers(stated: Mapping[str, Any], method: str) -> Quantization:
    bits = _bits(stated, "bits", "w_bit")
    group = _bits(stated, "group_size", "q_group_size", default=128)
    zero_points = bool(stated.get("zero_point", method == "awq")) if method == "awq" else not stated.get("sym", True)
    kind: QuantizationMethod = "int4" if bits <= 4 else "int8"
    return Quantization(kind, method, bits, max(group, 0), zero_points, excluded=_excluded(stated))


def _fp8(stated: Mapping[str, Any], method: str) -> Quantization:
    block = stated.get("weight_block_size")
    if isinstance(block, Sequence) and len(block) == 2 and isinstance(block[0], int):
        return Quantization("fp8-block", method, 8, block[0], excluded=_excluded(stated))
    return Quantization("fp8", method, 8, excluded=_excluded(stated))


def _compressed(stated: Mapping[str, Any], method: str) -> Quantization:
    groups = stated.get("config_groups")
    first: Any = next(iter(groups.values()), {}) if isinstance(groups, Mapping) and groups else {}
    weights = first.get("weights") if isinstance(first, Mapping) else None
    if not isinstance(weights, Mapping):
        return Quantization("unknown", method, 6, excluded=_excluded(stated))
    bits = _bits(weights, "num_bits", default=8)
    group = weights.get("group_size")
    group = group if isinstance(group, int) and group > 0 else 0
    floating = weights.get("type") == "float"
    kind: QuantizationMethod = ("fp8" if floating else "int8") if bits == 8 else ("nvfp4" if floating else "int4")
    if kind == "nvfp4" and group == 32:
        kind = "mxfp4"
    if kind == "fp8" and weights.get("strategy") == "block":
        kind, group = "fp8-block", 128
    cache = "fp8" if isinstance(stated.get("kv_cache_scheme"), Mapping) else ""
    return Quantization(
        kind, method, bits, group, not weights.get("symmetric", True), excluded=_excluded(stated), kv_cache=cache
    )


def _modelopt(stated: Mapping[str, Any], method: str) -> Quantization:
    inner = stated.get("quantization")
    stated = inner if isinstance(inner, Mapping) else stated
    algorithm = str(stated.get("quant_algo", "")).upper()
    cache = "fp8" if "FP8" in str(stated.get("kv_cache_quant_algo", "")).upper() else ""
    scheme = stated.get("kv_cache_scheme")
    cache = "fp8" if isinstance(scheme, Mapping) else cache
    excluded = _excluded(stated)
    if "NVFP4" in algorithm or "FP4" in algorithm:
        return Quantization("nvfp4", method, 4, 16, excluded=excluded, kv_cache=cache)
    if "FP8" in algorithm:
        return Quantization("fp8", method, 8, excluded=excluded, kv_cache=cache)
    return Quantization("unknown", method, 6, excluded=excluded, kv_cache=cache)


def _quark(stated: Mapping[str, Any], method: str) -> Quantization:
    """One format for all layers; where layers have formats of their own, the width of most of them is a guess."""
    whole = stated.get("global_quant_config")
    weight = whole.get("weight") if isinstance(whole, Mapping) else None
    kind = str(weight.get("dtype", "")).lower() if isinstance(weight, Mapping) else ""
    named = next((name for start, name in _QUARK.items() if kind.startswith(start)), None)
    excluded = _excluded(stated, "exclude")
    if named is None:
        return Quantization("unknown", method, 6, excluded=excluded)
    cache = (
        "fp8" if isinstance(stated.get("kv_cache_quant_config"), Mapping) and stated["kv_cache_quant_config"] else ""
    )
    return Quantization(
        named, method, 4 if named == "mxfp4" else 8, 32 if named == "mxfp4" else 0, excluded=excluded, kv_cache=cache
    )


_QUARK: Mapping[str, QuantizationMethod] = {"fp4": "mxfp4", "fp8": "fp8", "int8": "int8"}


def _mxfp4(stated: Mapping[str, Any], method: str) -> Quantization:
    return Quantization("mxfp4", method, 4, 32, only_experts=True, excluded=_excluded(stated))


def _bitsandbytes(stated: Mapping[str, Any], method: str) -> Quantization:
    if stated.get("load_in_8bit"):
        return Quantization("bnb-int8", method, 8)
    return Quantization("bnb-nf4", method, 4, 64, excluded=_excluded(stated, "llm_int8_skip_modules"))


def _unknown(stated: Mapping[str, Any], method: str) -> Quantization:
    known = named_quantization(method)
    return known or Quantization("unknown", method or "unnamed", _bits(stated, "bits", default=6))


_READERS = {
    "gptq": _integers,
    "awq": _integers,
    "auto-round": _integers,
    "intel/auto-round": _integers,
    "inc": _integers,
    "fp8": _fp8,
    "fbgemm_fp8": _fp8,
    "compressed-tensors": _compressed,
    "modelopt": _modelopt,
    "modelopt_fp4": _modelopt,
    "mxfp4": _mxfp4,
    "quark": _quark,
    "bitsandbytes": _bitsandbytes,
}


def _excluded(stated: Mapping[str, Any], *more: str) -> tuple[str, ...]:
    """Classes that are left out in general, not in a layer or two, and not only by their norms and gates."""
    named = ("modules_to_not_convert", "ignore", "ignored_layers", "exclude_modules", *more)
    lists = [stated[n] for n in named if isinstance(stated.get(n), list | tuple)]
    patterns = [str(p) for listed in lists for p in listed if not str(p).rstrip("*.").endswith(_SMALL)]
    seen: dict[str, set[str]] = {}
    for pattern in patterns:
        layer = _LAYER.search(pattern)
        for each in _classes(pattern):
            seen.setdefault(each, set()).add(layer.group(1) if layer else "*")
    return tuple(sorted(each for each, layers in seen.items() if "*" in layers or len(layers) >= FEW_LAYERS))


def _classes(pattern: str) -> tuple[str, ...]:
    if any(fragment in pattern for fragment in CLASSES["shared"]):
        return ("shared",)
    return tuple(each for each, fragments in CLASSES.items() if any(f in pattern for f in fragments))
