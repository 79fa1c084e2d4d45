"""`size`: does a model fit, how much cache is left, what would make it fit; one question, or a whole environment."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl.catalog.architecture_table import ArchitectureTable, load_architectures
from opsdecl.catalog.architectures import Architecture, Quantization
from opsdecl.catalog.config_quantization import WIDTHS, named_quantization
from opsdecl.catalog.config_reader import architecture_of_config, plain_name
from opsdecl.catalog.encoder_families import family_of_name, unsized
from opsdecl.compile.roles import by_role
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Checked, Diagnostic, Severity, has_errors
from opsdecl.diag.codes.encoders import NOT_SERVED
from opsdecl.diag.codes.knowledge import UNKNOWN_ENGINE, UNKNOWN_GPU, UNKNOWN_MODEL
from opsdecl.diag.nearest import did_you_mean
from opsdecl.flows.build import Built
from opsdecl.flows.memory import Memory
from opsdecl.flows.models import Models, reach_of
from opsdecl.flows.project import located, project_catalog
from opsdecl.flows.size_flags import check_flags
from opsdecl.sizing.assess import explained, gpu_of, judged, with_draft
from opsdecl.sizing.drafting import drafting_of
from opsdecl.sizing.engines import engine_and_version
from opsdecl.sizing.reckon import reckon
from opsdecl.sizing.served import ENGINE
from opsdecl.sizing.types import Gpu, Request, Settings, Sizing, exactly
from opsdecl.spec.types import SourceTree

GUESSED = (9, 0)
"""Compute capability that the estimate of an unknown GPU takes; its bounds do not."""
DEFAULT_ENGINE = "vllm==0.33.0"
TRIED = ("l40s", "a100-80gb", "h100-80gb", "h200-141gb", "b200")
"""GPUs that are tried as remedies of a single question; for an environment it is those of its pools."""


class Question(Struct, frozen=True):
    """What the command line asks. `config` is the text of a config.json; None where `model` is a name."""

    model: str = ""
    config: Mapping[str, Any] | None = None
    gpu: str = ""
    gpu_count: int | None = None
    gpu_total_gib: float | None = None
    engine: str = DEFAULT_ENGINE
    quantization: str = ""
    settings: Settings = field(default_factory=Settings)
    speculative: Mapping[str, Any] = {}
    """Speculative decoding, as `--speculative-config` of the engine has it."""
    longest: bool = False
    """Whether the engine picks the longest context that fits itself (`--max-model-len auto`)."""


class SizedDocument(Struct, frozen=True):
    """One LLM of an environment, or the pods of one `role`; `sizing` is None where its shape or GPU is not known, and
    `reason` says which."""

    address: str
    sizing: Sizing | None
    reason: str = ""
    role: str = ""


def answer(question: Question, table: ArchitectureTable | None = None) -> Checked[Sizing]:
    """None where the question cannot be answered; a model that does not fit is an answer."""
    table = table or load_architectures()
    architecture = _architecture(question, table)
    gpu = _gpu(question, table)
    quantization = _quantization(question.quantization)
    engine = (*_engine(question.engine), *check_flags(question.engine, question.settings, question.quantization))
    findings = (*architecture.diagnostics, *gpu.diagnostics, *engine)
    if architecture.value is None or gpu.value is None or has_errors(findings):
        return Checked(None, findings)
    drafting = question.settings.drafting or drafting_of({"speculative-config": question.speculative})
    settings = replace(question.settings, quantization=quantization, drafting=drafting)
    world = settings.tensor * settings.pipeline * settings.data
    shape = _with_width(architecture.value, question.quantization, quantization)
    request = with_draft(Request(shape, gpu.value, question.gpu_count or world, question.engine, settings), table)
    if isinstance(request, str):
        return Checked(None, (*findings, Diagnostic(UNKNOWN_MODEL, request, hint="name a model of the catalogue")))
    if question.longest:
        request = _with_longest(request)
    others = [found for name in TRIED if (found := gpu_on_nodes(name, table))]
    return Checked(judged(request, findings, others))


def table_of(tree: SourceTree) -> Checked[ArchitectureTable]:
    """Models and GPUs of the built-in catalogue and of the project's own; findings are about the project's files."""
    catalog = project_catalog(tree)
    return Checked(load_architectures(catalog.value), located(None, tree, catalog.diagnostics))


def _with_width(architecture: Architecture, name: str, asked: Quantization | None) -> Architecture:
    """A width that was said, instead of one that was read out of a repository's name."""
    if asked is None or name.lower() not in WIDTHS or not architecture.quantization.by_name:
        return architecture
    return replace(architecture, quantization=asked)


def _with_longest(request: Request) -> Request:
    longest = int(reckon(request).largest.point)
    length = min(max(1, longest), request.architecture.max_position)
    return replace(request, settings=replace(request.settings, max_model_len=length))


def _architecture(question: Question, table: ArchitectureTable) -> Checked[Architecture]:
    if question.config is not None:
        return architecture_of_config(question.config, table.defaults, question.model)
    found = table.find(question.model)
    if found is not None:
        return Checked(found)
    if said := unsized(family_of_name(question.model)):
        return Checked(None, (Diagnostic(NOT_SERVED, f"`{question.model}`: {said}"),))
    message = f"`{question.model}` is not a model whose shape is known"
    meant = did_you_mean(plain_name(question.model), table.names)
    hint = f"{meant} If not, give its config.json with --config" if meant else "give its config.json with --config"
    return Checked(None, (Diagnostic(UNKNOWN_MODEL, message, hint=hint),))


def _gpu(question: Question, table: ArchitectureTable) -> Checked[Gpu]:
    total = question.gpu_total_gib
    found = gpu_on_nodes(question.gpu, table) if question.gpu else None
    if found is not None:
        return Checked(replace(found, total=exactly(total)) if total else found)
    if total:
        name = question.gpu or f"gpu-{total:g}gib"
        return Checked(Gpu(name, exactly(total), GUESSED, known=False), (_only_memory(question.gpu, total),))
    names = [name for facts in table.catalog.gpus.values() for name in (facts.name, *facts.aliases)]
    hint = did_you_mean(question.gpu, names) or f"known: {', '.join(table.catalog.gpus)}"
    hint += "; or give its memory with --gpu-total-gib"
    return Checked(None, (Diagnostic(UNKNOWN_GPU, f"`{question.gpu}` is not a GPU that sizing knows", hint=hint),))


def gpu_on_nodes(name: str, table: ArchitectureTable) -> Gpu | None:
    """With as many as the largest node of the catalogue has; a lone one on each node is no rule for others."""
    found = gpu_of(table.gpu(name))
    if found is None:
        return None
    most = max((node.gpus for node in table.catalog.nodes.values() if node.gpu == found.name), default=0)
    return replace(found, per_node=most) if most > 1 else found


def _only_memory(name: str, total: float) -> Diagnostic:
    said = f"`{name}` is not a GPU that sizing knows" if name else "no GPU is named"
    return Diagnostic(
        UNKNOWN_GPU,
        f"{said}, and only its memory of {total:g} GiB is given: compute capability and price are unknown, so the "
        "bounds are those of all generations since 7.5",
        hint="name it with --gpu, or add it to `catalog/gpus.yaml` of the project",
        severity_override=Severity.WARNING,
    )


def _engine(engine: str) -> tuple[Diagnostic, ...]:
    """Rules of one engine say nothing of another."""
    name, _ = engine_and_version(engine)
    if name == ENGINE:
        return ()
    message, hint = (
        f"engine {name or engine} is not sized",
        f"sizing knows the arithmetic of {ENGINE}: {DEFAULT_ENGINE}",
    )
    return (Diagnostic(UNKNOWN_ENGINE, message, hint=hint, severity_override=Severity.ERROR),)


def _quantization(name: str) -> Quantization | None:
    """What an engine takes and sizing does not know has no certain width."""
    return (named_quantization(name) or Quantization("unknown", name, 6)) if name else None


def size_environment(built: Built, memory: Memory | None = None) -> tuple[SizedDocument, ...]:
    """Every LLM of the environment and each role of its pods, in the order of addresses; what does not fit with what
    would help, also on other GPUs of the pools."""
    models = Models(built.project.catalog, (memory or Memory()).memo).within(built.environment)
    documents = (document for document in built.graph.documents if document.address.kind == "LLM")
    return tuple(
        _sized(built, models, document, role, effective)
        for document in documents
        for role, effective in by_role(document.effective).items()
    )


def _sized(
    built: Built, models: Models, document: CompiledDocument, role: str, effective: Mapping[str, Any]
) -> SizedDocument:
    found, request = models.whole(effective), models.request(effective)
    sizing = found.sizing
    if sizing is not None and request is not None:
        sizing = explained(request, sizing, (), pool_gpus(built) if sizing.verdict != "fits" else ())
    return SizedDocument(str(document.address), sizing, found.reason, role)


def pool_gpus(built: Built) -> tuple[Gpu, ...]:
    """Each GPU of the environment's pools, and how many of it a node has; pods that share one are no GPU to move to."""
    settings = built.environment.effective["spec"]
    names = sorted({p["gpu"] for p in settings["capacity"]["pools"].values() if p["sharing"] == 1 and "gpu" in p})
    found = ((gpu_of(built.project.catalog.gpu(name)), reach_of(settings, name)) for name in names)
    return tuple(replace(g, per_node=reach.per_node, nodes=reach.nodes) for g, reach in found if g is not None)
