"""Command lines of vLLM and SGLang -> fields of an LLM."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsdecl.recognise.container import CommandLine, Hidden, image_name, is_credential


class EngineWords(Struct, frozen=True):
    """How an engine is told things: flag -> path in `spec`. `ours` are flags that opsdecl sets itself."""

    name: str
    model: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    ours: frozenset[str]


_SHARED = {
    "dtype": ("engine", "dtype"),
    "quantization": ("engine", "quantization"),
    "kv-cache-dtype": ("engine", "kvCacheDtype"),
    "served-model-name": ("servedNames",),
    "tool-call-parser": ("parsers", "tool"),
    "reasoning-parser": ("parsers", "reasoning"),
}
VLLM = EngineWords(
    "vllm",
    ("model",),
    {
        **_SHARED,
        "max-model-len": ("engine", "maxModelLen"),
        "max-num-seqs": ("engine", "maxNumSeqs"),
        "max-num-batched-tokens": ("engine", "maxNumBatchedTokens"),
        "gpu-memory-utilization": ("engine", "gpuMemoryUtilization"),
        "enforce-eager": ("engine", "enforceEager"),
        "enable-prefix-caching": ("engine", "prefixCaching"),
        "tensor-parallel-size": ("parallelism", "tensor"),
        "pipeline-parallel-size": ("parallelism", "pipeline"),
        "data-parallel-size": ("parallelism", "data"),
        "enable-expert-parallel": ("parallelism", "expert"),
    },
    frozenset({"host", "port", "revision", "model", "enable-auto-tool-choice", "download-dir"}),
)
SGLANG = EngineWords(
    "sglang",
    ("model-path", "model"),
    {
        **_SHARED,
        "context-length": ("engine", "maxModelLen"),
        "max-running-requests": ("engine", "maxNumSeqs"),
        "chunked-prefill-size": ("engine", "maxNumBatchedTokens"),
        "mem-fraction-static": ("engine", "gpuMemoryUtilization"),
        "disable-cuda-graph": ("engine", "enforceEager"),
        "tp-size": ("parallelism", "tensor"),
        "tp": ("parallelism", "tensor"),
        "tensor-parallel-size": ("parallelism", "tensor"),
        "pp-size": ("parallelism", "pipeline"),
        "dp-size": ("parallelism", "data"),
    },
    frozenset({"host", "port", "revision", "model-path", "model", "enable-metrics", "download-dir"}),
)
_SHORT = {"tp": "tensor-parallel-size", "tensor-parallel": "tensor-parallel-size", "q": "quantization"}
_LISTS = frozenset({"servedNames"})
_SUBCOMMANDS = frozenset({"serve", "vllm", "python", "python3", "-m"})


class Line(Struct, frozen=True):
    """What a command line says: the model as it names it, fields of the spec, flags that have none."""

    model: str
    revision: str
    port: int | None
    fields: Mapping[tuple[str, ...], Any]
    rest: Mapping[str, Any]
    hidden: tuple[str, ...] = ()


def engine_of(container: Mapping[str, Any], line: CommandLine) -> EngineWords | None:
    """By what is started, else by the image."""
    said = " ".join(line.words)
    if "sglang" in said or "sglang" in image_name(container):
        return SGLANG
    starts_vllm = said.startswith(("vllm ", "/usr/bin/vllm ")) or "vllm.entrypoints.openai" in said
    return VLLM if starts_vllm or "vllm-openai" in image_name(container) else None


def read_line(engine: EngineWords, line: CommandLine) -> Line:
    """Raises Hidden where it names no model."""
    flags = {_SHORT.get(name, name): value for name, value in line.flags.items()}
    model = next((str(flags[name]) for name in engine.model if name in flags), "") or _positional(line)
    if not model:
        raise Hidden("its command line names no model")
    fields = {path: _value(path, flags[name]) for name, path in engine.fields.items() if name in flags}
    known = engine.fields.keys() | engine.ours
    rest = {name: _plain(value) for name, value in flags.items() if name not in known}
    hidden = tuple(name for name in rest if is_credential(name))
    port = str(flags.get("port", ""))
    return Line(
        model=model,
        revision=str(flags.get("revision", "")),
        port=int(port) if port.isdigit() else None,
        fields=fields,
        rest={name: value for name, value in rest.items() if name not in hidden},
        hidden=hidden,
    )


def _positional(line: CommandLine) -> str:
    words = [word for word in line.words if word not in _SUBCOMMANDS and "." + "entrypoints" not in word]
    words = [word for word in words if not word.endswith(("/vllm", "launch_server", "/python", "/python3"))]
    return words[0] if words else ""


def _value(path: tuple[str, ...], value: Any) -> Any:
    if path[-1] in _LISTS:
        return list(value) if isinstance(value, tuple) else [str(value)]
    return _plain(value)


def _plain(value: Any) -> Any:
    """Numbers as numbers, as a spec would write them."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not isinstance(value, str):
        return value
    for convert in (int, float):
        try:
            number = convert(value)
        except ValueError:
            continue
        return number if str(number) == value else value
    return {"true": True, "false": False}.get(value.lower(), value)
