"""The tables of architectures, GPUs and configuration defaults, and how a name finds its entry."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from opsdecl._data import catalog_bytes
from opsdecl.catalog.architectures import Accelerator, Architecture, ArchitectureRow, Quantization
from opsdecl.catalog.config_quantization import BY_NAME
from opsdecl.catalog.config_reader import Defaults, architecture_of_config, plain_name

SUFFIXES: tuple[tuple[str, str], ...] = (
    (r"-nvfp4(-.*)?$|-fp4$", "nvfp4"),
    (r"-mxfp4$", "mxfp4"),
    (r"-awq(-int4|-4bit|-marlin)?$", "awq"),
    (r"-(gptq|w8a16)-(int8|8bit)$|-int8-gptq$|-quantized.w8a16$", "gptq-int8"),
    (r"-gptq(-int4|-4bit|-marlin)?(-.*)?$|-int4-gptq$", "gptq"),
    (r"-(quantized\.)?w4a16(-.*)?$|-int4(-autoround|-w4a16)?$|-autoround(-.*)?$|-4bit(-.*)?$", "w4a16"),
    (r"-(quantized\.)?w8a8(-int8)?(-.*)?$|-int8(-.*)?$", "w8a8"),
    (r"-fp8(-(dynamic|block|kv|tensor|static).*)?$|-fbgemm-fp8$", "w8a8-fp8"),
    (r"-(bnb|unsloth-bnb)(-4bit|-nf4)?$", "bnb"),
)
"""Ends of repository names that tell how a model was quantised."""
ENDINGS = re.compile(
    r"-(instruct|it|chat|base|hf|thinking|2507|2509|0528|0324|2506|2503|2501|1120|2512|bf16|v\d(\.\d)?|unsloth|exp)$"
)
PUBLISHERS = re.compile(r"^(meta-|unsloth-|nvidia-|redhatai-|neuralmagic-|qwen_|google_)")


@dataclass(frozen=True, slots=True)
class ArchitectureTable:
    """`rows` and `accelerators` by name; `defaults` by family of configuration."""

    rows: Mapping[str, ArchitectureRow]
    accelerators: Mapping[str, Accelerator]
    defaults: Defaults

    def names(self) -> Mapping[str, str]:
        """Every plain name of a model -> its entry."""
        known = {plain_name(uri): row.name for row in self.rows.values() for uri in row.uris}
        return {**known, **{name: name for name in self.rows}}

    def find(self, name: str) -> Architecture | None:
        """By entry, by repository, or by what a repository's name is made of: base model and quantisation."""
        known = self.names()
        plain, quantization = PUBLISHERS.sub("", plain_name(name)), None
        for candidate in _shorter(plain):
            if candidate in known:
                return self._read(self.rows[known[candidate]], name, quantization)
        for pattern, method in SUFFIXES:
            base = re.sub(pattern, "", plain)
            if base != plain:
                quantization = BY_NAME[method]
                for candidate in _shorter(base):
                    if candidate in known:
                        return self._read(self.rows[known[candidate]], name, quantization)
        return None

    def accelerator(self, name: str) -> Accelerator | None:
        """By entry or by one of the names that drivers, clouds and node labels use; `gpu:profile` is a MIG slice."""
        whole, _, profile = name.partition(":")
        plain = _plain_gpu(whole)
        found = next((a for a in self.accelerators.values() if plain in (a.name, *a.aliases)), None)
        if found is None or not profile:
            return found
        memory = found.mig.get(profile.removeprefix("mig-"))
        if memory is None:
            return None
        return replace(
            found, name=f"{found.name}:{profile}", memory_gib=memory, seen=(memory * 0.95, memory), slice_of=found.name
        )

    def _read(self, row: ArchitectureRow, name: str, quantization: Quantization | None) -> Architecture | None:
        read = architecture_of_config(row.config, self.defaults, row.name).value
        if read is None or quantization is None:
            return read
        changed = replace(read, name=plain_name(name), quantization=quantization)
        if (
            quantization.method == "fp8"
            and read.family in ("qwen3", "qwen3_moe", "qwen3_next", "glm4_moe")
            and "dynamic" not in name.lower()
        ):
            return replace(changed, quantization=replace(quantization, method="fp8-block", group=128))
        return changed


def _shorter(plain: str) -> list[str]:
    """The name, then the name without what tells siblings of one shape apart."""
    found = [plain]
    while (shorter := ENDINGS.sub("", found[-1])) != found[-1]:
        found.append(shorter)
    return found


def _plain_gpu(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return re.sub(r"^(nvidia|amd|tesla|geforce|instinct)-", "", re.sub(r"^(nvidia|amd)-", "", plain))


def load_architectures() -> ArchitectureTable:
    """The built-in tables."""
    models, gpus, defaults = (
        _yaml(name) for name in ("architectures.yaml", "accelerators.yaml", "config_defaults.yaml")
    )
    rows = {name: _row(name, entry) for name, entry in models["architectures"].items()}
    accelerators = {name: _accelerator(name, entry) for name, entry in gpus["accelerators"].items()}
    return ArchitectureTable(rows, accelerators, defaults["families"])


def _yaml(name: str) -> Any:
    from yaml import CSafeLoader, load

    return load(catalog_bytes(name), CSafeLoader)


def _row(name: str, entry: Mapping[str, Any]) -> ArchitectureRow:
    total = entry.get("parameters")
    return ArchitectureRow(
        name=name,
        uris=tuple(entry.get("uris", ())),
        config=entry["config"],
        source=entry["source"],
        as_of=str(entry["asOf"]),
        parameters=float(total) if total is not None else None,
    )


def _accelerator(name: str, entry: Mapping[str, Any]) -> Accelerator:
    low, high = entry.get("seen", (entry["memoryGiB"],) * 2)
    return Accelerator(
        name=name,
        aliases=tuple(entry.get("aliases", ())),
        memory_gib=float(entry["memoryGiB"]),
        seen=(float(low), float(high)),
        bandwidth_gb_s=float(entry["bandwidthGBs"]),
        compute_capability=str(entry["computeCapability"]),
        source=entry["source"],
        as_of=str(entry["asOf"]),
        price_per_hour=entry.get("pricePerHour"),
        mig=entry.get("mig", {}),
    )
