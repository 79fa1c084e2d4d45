"""`size`: does a model fit, how much cache is left, what would make it fit; one question, or a whole environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from opsdecl.catalog.architecture_table import ArchitectureTable, load_architectures
from opsdecl.catalog.architectures import Architecture, Quantization
from opsdecl.catalog.config_quantization import named_quantization
from opsdecl.catalog.config_reader import architecture_of_config
from opsdecl.diag import Checked, Diagnostic, has_errors
from opsdecl.diag.codes.knowledge import UNKNOWN_GPU, UNKNOWN_MODEL, UNKNOWN_QUANTIZATION
from opsdecl.diag.nearest import did_you_mean
from opsdecl.flows.build import Built
from opsdecl.flows.memory import Memory
from opsdecl.flows.models import Models
from opsdecl.flows.project import located, project_catalog
from opsdecl.sizing.assess import gpu_of, judged
from opsdecl.sizing.budget import size
from opsdecl.sizing.types import Gpu, Request, Settings, Sizing, exactly
from opsdecl.spec.types import SourceTree

DEFAULT_ENGINE = "vllm==0.33.0"
TRIED = ("l40s", "a100-80gb", "h100-80gb", "h200-141gb", "b200")
"""GPUs that are tried as remedies, besides the ones of the pools."""


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
    others = [found for name in TRIED if (found := gpu_of(table.gpu(name)))]
    return Checked(judged(request, findings, others))


def table_of(tree: SourceTree) -> Checked[ArchitectureTable]:
    """Models and GPUs of the built-in catalogue and of the project's own; findings are about the project's files."""
    catalog = project_catalog(tree)
    return Checked(load_architectures(catalog.value), located(None, tree, catalog.diagnostics))


def _with_longest(request: Request) -> Request:
    longest = int(size(request).largest.point)
    length = min(max(1, longest), request.architecture.max_position)
    return replace(request, settings=replace(request.settings, max_model_len=length))


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


def _quantization(name: str) -> Checked[Quantization]:
    if not name:
        return Checked(None)
    found = named_quantization(name)
    if found is not None:
        return Checked(found)
    message = f"`{name}` is not a quantisation that sizing knows"
    return Checked(Quantization("unknown", name, 6), (Diagnostic(UNKNOWN_QUANTIZATION, message),))


def size_environment(built: Built, memory: Memory | None = None) -> tuple[SizedDocument, ...]:
    """Every LLM of the environment, in the order of addresses."""
    models = Models(built.project.catalog, (memory or Memory()).memo)
    documents = [d for d in built.graph.documents if d.address.kind == "LLM"]
    found = ((str(d.address), models.whole(d.effective)) for d in documents)
    return tuple(SizedDocument(address, each.sizing, each.reason) for address, each in found)
