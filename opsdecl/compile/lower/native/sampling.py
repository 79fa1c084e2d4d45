"""Sampling defaults under the names of Hugging Face's generation config, which both engines take."""

from typing import Any

from opsdecl.spec.kinds.engine import Sampling

_NAMES = (
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("min_p", "min_p"),
    ("repetition_penalty", "repetition_penalty"),
    ("max_tokens", "max_new_tokens"),
)


def generation_config(sampling: Sampling | None) -> dict[str, Any] | None:
    if sampling is None:
        return None
    values = {name: getattr(sampling, field) for field, name in _NAMES}
    return {name: value for name, value in values.items() if value is not None} or None
