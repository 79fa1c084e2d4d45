"""Encoder-decoder models: which releases of vLLM serve which family, and names of families that none ever did.

Read in the registries of vLLM's published releases (`vllm/model_executor/models/registry.py`) of 0.6.0 to 0.33.0.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

Version = tuple[int, int, int]


class Releases(Struct, frozen=True):
    """The first release that serves a family, and the first that no longer does. `instead` names what does since."""

    name: str
    since: Version
    until: Version | None = None
    instead: str = ""

    def serves(self, version: Version) -> bool:
        return self.since <= version and (self.until is None or version < self.until)

    @property
    def said(self) -> str:
        """`0.6.2 to 0.10.2`, `0.7 and later`."""
        first = short(self.since)
        if self.until is None:
            return f"{first} and later"
        return first if first == self.last else f"{first} to {self.last}"

    @property
    def last(self) -> str:
        return LAST_BEFORE[self.until] if self.until else ""

    def nearest(self, version: Version) -> str:
        """The release to take instead of one that does not serve it: the last that did, or the first that does."""
        return self.last if self.last and version > self.since else ".".join(map(str, self.since))


def short(version: Version) -> str:
    """`0.7` for 0.7.0, `0.6.2` for 0.6.2."""
    return ".".join(map(str, version if version[2] else version[:2]))


LAST_BEFORE: Mapping[Version, str] = {(0, 11, 0): "0.10.2", (0, 29, 0): "0.28"}
PLUGIN = "newer releases take it with the plugin vllm-project/bart-plugin"

SERVED: Mapping[str, Releases] = {
    "bart": Releases("bart", (0, 6, 0), (0, 11, 0), PLUGIN),
    "mbart": Releases("mbart", (0, 10, 1), (0, 11, 0), PLUGIN),
    "mllama_text_model": Releases("mllama", (0, 6, 2), (0, 11, 0)),
    "whisper": Releases("whisper", (0, 7, 0)),
}
"""By family of the decoder: those whose shape is read."""
UNREAD: Mapping[str, Releases] = {
    "florence2": Releases("florence2", (0, 6, 4), (0, 11, 0), PLUGIN),
    "donut": Releases("donut", (0, 10, 2), (0, 11, 0)),
    "vision-encoder-decoder": Releases("vision-encoder-decoder", (0, 10, 2), (0, 11, 0)),
    "nemotron_parse": Releases("nemotron_parse", (0, 14, 0)),
    "cohere_asr": Releases("cohere_asr", (0, 19, 0)),
    "fireredlid": Releases("fireredlid", (0, 20, 0), (0, 29, 0)),
}
"""Served by some release, with an encoder that sizing does not read."""
NEVER = frozenset(
    {"t5", "mt5", "umt5", "longt5", "switch_transformers", "udop", "pegasus", "pegasus_x", "marian", "m2m_100"}
    | {"nllb-moe", "blenderbot", "blenderbot-small", "led", "prophetnet", "bigbird_pegasus", "mvp", "plbart"}
    | {"speech_to_text", "speecht5", "seamless_m4t", "seamless_m4t_v2", "moonshine", "pix2struct", "fsmt"}
    | {"encoder-decoder", "speech-encoder-decoder", "trocr", "t5gemma", "kyutai_speech_to_text"}
)
"""Families that no release of vLLM has a model for."""
_NAMES: tuple[tuple[str, str], ...] = (
    (r"^t5gemma", "t5gemma"),
    (r"^umt5", "umt5"),
    (r"^(mt5|mt0|aya-101)", "mt5"),
    (r"^long-?t5", "longt5"),
    (r"^switch-(base|large|xxl)", "switch_transformers"),
    (r"^(flan-)?(ul2|t5)|^byt5|^codet5|^madlad400|^chronos-t5|^(flan|t0)(pp)?-t5", "t5"),
    (r"^(distill-)?pegasus", "pegasus"),
    (r"^opus-mt", "marian"),
    (r"^(m2m100|nllb-200)", "m2m_100"),
    (r"^nllb-moe", "nllb-moe"),
    (r"^blenderbot", "blenderbot"),
    (r"^led-(base|large)", "led"),
    (r"^(hf-)?seamless-m4t-v2", "seamless_m4t_v2"),
    (r"^(hf-)?seamless-m4t", "seamless_m4t"),
    (r"^moonshine", "moonshine"),
    (r"^trocr", "trocr"),
    (r"^(nougat|donut)-|^dolphin$", "donut"),
    (r"^florence-2", "florence2"),
    (r"^(nvidia-)?nemotron-parse", "nemotron_parse"),
    (r"^cohere-transcribe", "cohere_asr"),
    (r"^fireredlid", "fireredlid"),
)
"""How repositories of families begin that are not in the catalogue."""


def family_of_name(name: str) -> str:
    """The encoder-decoder family that a repository's name speaks of; empty where it speaks of none.

    >>> family_of_name("google/flan-t5-xl"), family_of_name("Qwen/Qwen3-8B")
    ('t5', '')
    """
    last = name.lower().rstrip("/").rpartition("/")[2]
    return next((family for begin, family in _NAMES if re.match(begin, last)), "")


def unsized(family: str) -> str:
    """Why an encoder-decoder model of a family is not sized, for which `SERVED` has no entry; empty for all others."""
    if family in NEVER:
        return f"`{family}` is an encoder-decoder model, which no release of vLLM serves (0.6 to 0.33 were read)"
    releases = UNREAD.get(family)
    if releases is None:
        return ""
    return f"`{family}` is an encoder-decoder model whose encoder sizing does not read; vLLM {releases.said} serves it"
