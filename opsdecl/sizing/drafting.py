"""Speculative decoding as the engine's flags ask for it: which weights are loaded besides the model's own."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

NO_WEIGHTS = frozenset({"ngram", "ngram_gpu", "[ngram]", "suffix"})
"""Methods that guess from the text itself."""
MOST_TOKENS = 1000
HEADS = ("eagle", "mtp", "medusa", "mlp_speculator", "dflash", "ernie_mtp", "pangu_ultra_moe_mtp")
"""Beginnings or ends of methods that put layers of the model's own width on top of it."""


class Drafting(Struct, frozen=True):
    """`model` is a draft model with layers and a cache of its own; without one, layers are added to the model's."""

    method: str
    model: str = ""
    tokens: int = 0
    """Tokens guessed per step; each needs a state of its own. Where the flags do not say, 1 for MTP and 0 elsewhere."""


def drafting_of(flags: Mapping[str, Any]) -> Drafting | None:
    """From `speculative-config`, or from the flags that came before it; None where nothing is loaded besides.

    >>> drafting_of({"speculative-config": {"model": "meta-llama/Llama-3.2-1B-Instruct", "num_speculative_tokens": 3}})
    Drafting(method='draft_model', model='meta-llama/Llama-3.2-1B-Instruct', tokens=3)
    """
    stated = _config(flags.get("speculative-config"))
    model = str(stated.get("model") or flags.get("speculative-model") or "")
    method = str(stated.get("method") or "").lower()
    if method in NO_WEIGHTS or model in NO_WEIGHTS or not (method or model):
        return None
    name = method or model.lower()
    tokens = _tokens(stated.get("num_speculative_tokens", flags.get("num-speculative-tokens"))) or int("mtp" in name)
    head = next((kind for kind in HEADS if name.startswith(kind) or name.endswith(kind)), "")
    if head or (not method and "eagle" in name):
        return Drafting(method or "eagle", tokens=tokens)
    return Drafting("draft_model", model, tokens) if model else None


def _tokens(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < MOST_TOKENS else 0


def _config(value: Any) -> Mapping[str, Any]:
    """A mapping, or one as JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}
