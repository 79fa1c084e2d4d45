"""`size`: does a model fit, how much cache is left, what would make it fit; one question, or a whole environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from opsdecl.catalog.architecture_table import ArchitectureTable, load_architectures
from opsdecl.catalog.architectures import Architecture, Quantization
from opsdecl.catalog.config_quantization import named_quantization
from opsdecl.catalog.config_reader import architecture_of_config
from opsdecl.catalog.types import GpuFacts
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Checked, Diagnostic, Severity, has_errors
from opsdecl.diag.codes.knowledge import UNKNOWN_GPU, UNKNOWN_MODEL, UNKNOWN_QUANTIZATION
from opsdecl.diag.nearest import did_you_mean
from opsdecl.flows.build import Built
from opsdecl.flows.project import located, project_catalog
from opsdecl.sizing.budget import size
from opsdecl.sizing.remedies import remedies_for
from opsdecl.sizing.rules import check, verdict_findings
from opsdecl.sizing.types import Gpu, Range, Request, Settings, Sizing, exactly
from opsdecl.spec.types import SourceTree

DEFAULT_ENGINE = "vllm==0.33.0"
TRIED = ("l40s", "a100-80gb", "h100-80gb", "h200-141gb", "b200")
"""GPUs that are tried as remedies, besides the ones of the pools."""
AMD_CAPABILITY = (9, 0)


Known = dict[tuple[str, str, int, str, Settings], Sizing | None]
"""Answers by what they depend on: many documents of an environment ask the same."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the command line asks. `config` is the text of a config.json; None where `model` is a name."""

    model: str = ""
    config: Mapping[str, Any] | None = None
    gpu: str = ""
    gpu_count: int | None = None
    gpu_total_gib: float | None = None
    engine: str = DEFAULT_ENGINE
    quantization: str = ""
    settings: Settings = field(default_factory=Settings)
    longest: bool = False
    """Whether the engine picks the longest context that fits itself (`--max-model-len auto`)."""


@dataclass(frozen=True, slots=True)
class SizedDocument:
    """One LLM of an environment; `sizing` is None where its shape or GPU is not known, and `reason` says which."""

    address: str
    sizing: Sizing | None
    reason: str = ""
    replicas: int = 1


def answer(question: Question, table: ArchitectureTable | None = None) -> Checked[Sizing]:
    """None where the question cannot be answered; a model that does not fit is an answer."""
    table = table or load_architectures()
    architecture = _architecture(question, table)
    gpu = _gpu(question, table)
    quantization = _quantization(question.quantization)
    findings = (*architecture.diagnostics, *gpu.diagnostics, *quantization.diagnostics)
    if architecture.value is None or gpu.value is None or has_errors(findings):
        return Checked(None, findings)
    settings = replace(question.settings, quantization=quantization.value)
    world = settings.tensor * settings.pipeline * settings.data
    request = Request(architecture.value, gpu.value, question.gpu_count or world, question.engine, settings)
    if question.longest:
        request = _with_longest(request)
    return _answered(request, findings, [found for name in TRIED if (found := gpu_of(table.gpu(name)))])


def table_of(tree: SourceTree) -> Checked[ArchitectureTable]:
    """Models and GPUs of the built-in catalogue and of the project's own; findings are about the project's files."""
    catalog = project_catalog(tree)
    return Checked(load_architectures(catalog.value), located(None, tree, catalog.diagnostics))


def _with_longest(request: Request) -> Request:
    longest = int(size(request).largest.point)
    length = min(max(1, longest), request.architecture.max_position)
    return replace(request, settings=replace(request.settings, max_model_len=length))


def _answered(request: Request, before: tuple[Diagnostic, ...], others: Sequence[Gpu]) -> Checked[Sizing]:
    checked = check(request)
    sized = size(request)
    if sized.verdict != "fits" or has_errors(checked):
        others = [gpu for gpu in others if gpu.name != request.gpu.name]
        sized = replace(sized, remedies=remedies_for(request, sized, others))
    findings = (*before, *checked, *verdict_findings(request, sized))
    refused = any(f.severity is Severity.ERROR for f in checked)
    verdict = "does-not-fit" if refused else sized.verdict
    return Checked(replace(sized, verdict=verdict, findings=findings), ())


def _architecture(question: Question, table: ArchitectureTable) -> Checked[Architecture]:
    if question.config is not None:
        return architecture_of_config(question.config, table.defaults, question.model)
    found = table.find(question.model)
    if found is not None:
        return Checked(found)
    message = f"`{question.model}` is not a model whose shape is known"
    hint = did_you_mean(question.model, table.names) or "give its config.json with --config"
    return Checked(None, (Diagnostic(UNKNOWN_MODEL, message, hint=hint),))


def _gpu(question: Question, table: ArchitectureTable) -> Checked[Gpu]:
    total = question.gpu_total_gib
    if not question.gpu and total:
        return Checked(Gpu(f"gpu-{total:g}gib", exactly(total), (9, 0)))
    found = gpu_of(table.gpu(question.gpu))
    if found is None:
        names = [name for facts in table.catalog.gpus.values() for name in (facts.name, *facts.aliases)]
        hint = did_you_mean(question.gpu, names) or f"known: {', '.join(table.catalog.gpus)}"
        return Checked(None, (Diagnostic(UNKNOWN_GPU, f"`{question.gpu}` is not a GPU that sizing knows", hint=hint),))
    return Checked(replace(found, total=exactly(total)) if total else found)


def gpu_of(facts: GpuFacts | None) -> Gpu | None:
    if facts is None:
        return None
    major, _, minor = facts.compute_capability.partition(".")
    nvidia = major.isdigit()
    return Gpu(
        name=facts.name,
        total=Range(facts.seen[0], facts.memory_gib, facts.seen[1]),
        capability=(int(major), int(minor or 0)) if nvidia else AMD_CAPABILITY,
        is_slice=bool(facts.slice_of),
        vendor="nvidia" if nvidia else "amd",
        price_per_hour=facts.price_per_hour,
    )


def _quantization(name: str) -> Checked[Quantization]:
    if not name:
        return Checked(None)
    found = named_quantization(name)
    if found is not None:
        return Checked(found)
    message = f"`{name}` is not a quantisation that sizing knows"
    return Checked(Quantization("unknown", name, 6), (Diagnostic(UNKNOWN_QUANTIZATION, message),))


def size_environment(built: Built, table: ArchitectureTable | None = None) -> tuple[SizedDocument, ...]:
    """Every LLM of the environment that has a GPU, in the order of addresses."""
    table = table or load_architectures(built.project.catalog)
    documents = (d for d in built.graph.documents if d.address.kind == "LLM")
    known: Known = {}
    return tuple(_sized(document, table, known) for document in documents)


def _sized(document: CompiledDocument, table: ArchitectureTable, known: Known) -> SizedDocument:
    spec, runtime = document.effective["spec"], document.effective.get("runtime") or {}
    address = str(document.address)
    if runtime.get("engine", "vllm") != "vllm":
        return SizedDocument(address, None, f"engine {runtime.get('engine')} is not sized")
    accelerator = spec.get("accelerator")
    if not accelerator:
        return SizedDocument(address, None, "runs without a GPU")
    model = spec["model"]
    name = model if isinstance(model, str) else str(model.get("uri", "")).removeprefix("hf://")
    settings, engine = settings_of(spec, runtime), f"vllm=={runtime.get('version', '0.33.0')}"
    count = int(accelerator.get("count", 1))
    key = (name, accelerator["gpu"], count, engine, settings)
    if key in known:
        return SizedDocument(address, known[key], replicas=_replicas(spec))
    architecture = table.find(name)
    if architecture is None:
        return SizedDocument(address, None, "the shape of its model is not known")
    gpu = gpu_of(table.gpu(accelerator["gpu"]))
    if gpu is None:
        return SizedDocument(address, None, f"GPU {accelerator['gpu']} is not known")
    request = Request(architecture, gpu, count, engine, settings)
    known[key] = _answered(request, (), ()).value
    return SizedDocument(address, known[key], replicas=_replicas(spec))


def settings_of(spec: Mapping[str, Any], runtime: Mapping[str, Any]) -> Settings:
    """The engine's settings of a document: its own fields first, then its flags, then the Runtime's flags."""
    engine, parallel = spec.get("engine") or {}, spec.get("parallelism") or {}
    flags = {**(runtime.get("args") or {}), **(engine.get("args") or {})}
    flags = {str(name).lstrip("-").replace("_", "-"): value for name, value in flags.items()}
    quantization = engine.get("quantization") or flags.get("quantization")
    dtype = engine.get("dtype") or "auto"
    cache = engine.get("kvCacheDtype") or "auto"
    return Settings(
        tensor=_whole(parallel.get("tensor")) or _whole(flags.get("tensor-parallel-size")) or 1,
        pipeline=_whole(parallel.get("pipeline")) or _whole(flags.get("pipeline-parallel-size")) or 1,
        data=_whole(parallel.get("data")) or 1,
        expert=bool(parallel.get("expert") or flags.get("enable-expert-parallel")),
        max_model_len=_whole(engine.get("maxModelLen")) or _whole(flags.get("max-model-len")),
        utilization=_share(engine.get("gpuMemoryUtilization"), flags.get("gpu-memory-utilization")),
        dtype=str(flags.get("dtype", dtype)) if dtype == "auto" else str(dtype),
        quantization=named_quantization(str(quantization)) if quantization else None,
        kv_cache_dtype=str(flags.get("kv-cache-dtype", cache)) if cache == "auto" else str(cache),
        max_num_seqs=_whole(engine.get("maxNumSeqs")) or _whole(flags.get("max-num-seqs")),
        max_num_batched_tokens=_whole(engine.get("maxNumBatchedTokens")) or _whole(flags.get("max-num-batched-tokens")),
        block_size=_whole(flags.get("block-size")),
        enforce_eager=bool(engine.get("enforceEager") or flags.get("enforce-eager")),
        prefix_caching=engine.get("prefixCaching"),
        max_loras=(_whole(flags.get("max-loras")) or 1) if flags.get("enable-lora") else 0,
        max_lora_rank=_whole(flags.get("max-lora-rank")) or 16,
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _share(*values: Any) -> float | None:
    return next((float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)), None)


def _replicas(spec: Mapping[str, Any]) -> int:
    replicas = spec.get("replicas") or {}
    return _whole(replicas.get("count")) or _whole(replicas.get("min")) or 1
