"""How the name of a model or of a GPU finds its entry, and the entry its architecture."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.catalog.architectures import Architecture, Quantization
from opsdecl.catalog.config_defaults import config_defaults
from opsdecl.catalog.config_quantization import BY_NAME
from opsdecl.catalog.config_reader import Defaults, architecture_of_config, plain_name
from opsdecl.catalog.load import load_catalog
from opsdecl.catalog.types import Catalog, GpuFacts

SUFFIXES: tuple[tuple[str, str], ...] = (
    (r"-nvfp4(-.*)?$|-fp4$", "nvfp4"),
    (r"-(w-)?mxfp4(-a-fp8|-a-mxfp4|-preview)?$", "mxfp4"),
    (r"-(int4-)?awq(-int4|-4bit|-marlin|-fp16mix)?$", "awq"),
    (r"-(gptq|w8a16)-(int8|8bit)$|-int8-gptq$|-quantized.w8a16$", "gptq-int8"),
    (r"-gptq(-int4|-4bit|-marlin)?(-.*)?$|-int4-gptq$", "gptq"),
    (r"-(quantized\.)?w4a16(-.*)?$|-int4(-autoround|-w4a16)?$|-autoround(-.*)?$|-4bit(-.*)?$", "w4a16"),
    (r"-(quantized\.)?w8a8(-int8)?(-.*)?$|-int8(-.*)?$", "w8a8"),
    (r"-fp8(-(dynamic|block|kv|tensor|static).*)?$|-fbgemm-fp8$", "w8a8-fp8"),
    (r"-(bnb|unsloth-bnb)(-4bit|-nf4)?$", "bnb"),
    (r"(-qat)?-q\d[a-z0-9-]*-gguf$|-gguf$", "gguf"),
)
"""Ends of repository names that tell how a model was quantised."""
ENDINGS = re.compile(
    r"-(instruct|it|chat|base|hf|thinking|2507|2509|0528|0324|2506|2503|2501|1120|2512|bf16|v\d(\.\d)?|unsloth|exp"
    r"|qat|ct|abliterated|uncensored)$"
)
FP8_IN_BLOCKS = frozenset(
    {"qwen3", "qwen3_moe", "qwen3_next", "qwen3_5_text", "qwen3_5_moe_text", "qwen3_vl_text", "qwen3_vl_moe_text"}
    | {"glm4_moe"}
)
GROUPS_OF_32 = re.compile(r"^(cyankiwi|cpatonn)[/-]", re.IGNORECASE)
"""Publishers whose 4-bit weights have scales for every 32 numbers, as the engine's log of one says (vllm-omni#3714)."""
PUBLISHERS = re.compile(r"^(meta-|unsloth-|nvidia-|redhatai-|neuralmagic-|qwen_|google_)")


class ArchitectureTable(Struct, frozen=True):
    """How names find entries of a catalogue. `names` has every plain name of a model; `defaults` goes by family."""

    catalog: Catalog
    names: Mapping[str, str]
    defaults: Defaults

    def find(self, name: str) -> Architecture | None:
        """By entry, by repository, or by what a repository's name is made of: base model and quantisation.

        An entry is read only here, so that a table of thousands costs nothing.
        """
        if name in self.catalog.configs:
            return self._read(name, name, None)
        for part in _parts(name):
            plain = PUBLISHERS.sub("", plain_name(part))
            for candidate, method in _candidates(plain):
                if candidate in self.names:
                    return self._read(self.names[candidate], part, BY_NAME[method] if method else None)
        return None

    def gpu(self, name: str) -> GpuFacts | None:
        """By entry or by one of the names that drivers, clouds and node labels use; `gpu:profile` is a MIG slice."""
        whole, _, profile = name.partition(":")
        plain = _plain_gpu(whole)
        gpus = self.catalog.gpus
        found = gpus.get(whole) or next((gpu for gpu in gpus.values() if plain in (gpu.name, *gpu.aliases)), None)
        return found.slice(profile) if found is not None and profile else found

    def _read(self, entry: str, name: str, quantization: Quantization | None) -> Architecture | None:
        read = architecture_of_config(self.catalog.configs[entry], self.defaults, entry).value
        if read is None or quantization is None:
            return read
        named = replace(_as_published(quantization, read, name), by_name=True)
        return replace(read, name=plain_name(name), quantization=named)


def _as_published(quantization: Quantization, read: Architecture, name: str) -> Quantization:
    """What publishers mean by a format for this family; a name does not say which modules NVFP4 leaves alone."""
    if quantization.method == "fp8" and read.family in FP8_IN_BLOCKS and "dynamic" not in name.lower():
        return replace(quantization, method="fp8-block", group=128)
    if quantization.method == "int4" and GROUPS_OF_32.match(name):
        return replace(quantization, name="compressed-tensors", group=32, zero_points=False)
    if quantization.only_experts and read.experts is None:
        return replace(quantization, only_experts=False)
    if quantization.method == "nvfp4":
        plain = read.latent is not None or read.family == "gemma4_text"
        return replace(quantization, guessed=True, excluded=("attention",) if plain else ())
    return quantization


def _parts(name: str) -> list[str]:
    """The name, and for a path its folders from the last to the first: weights may lie in a folder of the model's."""
    folders = [part for part in name.split("/") if part] if name.count("/") > 1 else []
    return [name, *reversed(folders)]


def _candidates(plain: str) -> Iterator[tuple[str, str]]:
    """Plain names to look for with the quantisation that was read off, the longest first; endings come in any order."""
    yield from ((candidate, "") for candidate in _shorter(plain))
    for shortened in _shorter(plain):
        for pattern, method in SUFFIXES:
            base = re.sub(pattern, "", shortened)
            if base != shortened:
                yield from ((candidate, method) for candidate in _shorter(base))


def _shorter(plain: str) -> list[str]:
    """The name, then the name without what tells siblings of one shape apart."""
    found = [plain]
    while (shorter := ENDINGS.sub("", found[-1])) != found[-1]:
        found.append(shorter)
    return found


def _plain_gpu(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return re.sub(r"^(nvidia|amd|tesla|geforce|instinct)-", "", re.sub(r"^(nvidia|amd)-", "", plain))


def load_architectures(catalog: Catalog | None = None) -> ArchitectureTable:
    """How to find the entries of a catalogue; of the built-in one where none is given."""
    catalog = catalog or load_catalog().value
    if catalog is None:
        raise ValueError("the built-in catalogue cannot be read")
    return ArchitectureTable(catalog, _names(catalog), config_defaults())


def _names(catalog: Catalog) -> Mapping[str, str]:
    """Plain names of models whose shape is known -> their entries; an entry's own name comes first, short ones last."""
    known = {
        plain_name(address): name
        for name in catalog.configs
        for address in (catalog.models[name].uri, *catalog.models[name].aliases)
    }
    known |= {name: name for name in catalog.configs}
    short = {ending: known[name] for name in sorted(known, reverse=True) for ending in _shorter(name)[1:]}
    return {**short, **known}
