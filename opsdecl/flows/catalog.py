"""`catalog list` and `catalog show`: what the catalogue of a project knows, and from where."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.catalog import engines
from opsdecl.catalog.architecture_table import ArchitectureTable, load_architectures
from opsdecl.catalog.engine_types import EngineFacts
from opsdecl.catalog.entry_types import Facts, Shown
from opsdecl.catalog.load import load_catalog
from opsdecl.catalog.types import Catalog, GpuFacts, GpuPrice, ModelFacts, ModelFigures, NodeShape
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.catalogue import UNKNOWN_ENTRY
from opsdecl.diag.nearest import did_you_mean
from opsdecl.flows.project import located, project_catalog
from opsdecl.sizing.budget import size
from opsdecl.sizing.types import Gpu, Request, exactly
from opsdecl.spec.positions import Positions
from opsdecl.spec.types import SourceTree

TABLES = ("models", "gpus", "nodes", "engines")
ROOMY = Gpu("any", exactly(1 << 20), (9, 0))
"""Bytes per token are asked for on a GPU that holds everything."""
NEWEST = "vllm==0.33.0"
SERVES_ENCODERS = "vllm==0.10.2"
"""The one release that serves every encoder-decoder family, and reckons with what their encoders take."""


class Listing(Struct, frozen=True):
    """Entries by table, in the order of their names; `own` has the project's file for each entry of its own."""

    entries: Mapping[str, Sequence[Facts]]
    own: Mapping[tuple[str, str], str]


class Opened(Struct, frozen=True):
    """The catalogue of a project, with what is wrong in its own files at their lines."""

    catalog: Catalog | None
    diagnostics: tuple[Diagnostic, ...]
    lines: Callable[[str], Sequence[str] | None]


def open_catalog(tree: SourceTree) -> Opened:
    """Only files below `catalog/` are read; outside of a project there is what is built in."""
    found, positions = project_catalog(tree), Positions(tree)
    return Opened(found.value, located(None, tree, found.diagnostics), positions.source_lines)


def list_entries(catalog: Catalog, tables: Iterable[str] = TABLES, text: str = "") -> Listing:
    """Those whose names, repositories, providers or GPUs contain the text, in any case."""
    found = {table: [facts for facts in _entries(catalog, table) if _matches(facts, text.lower())] for table in tables}
    return Listing(found, catalog.own)


def _entries(catalog: Catalog, table: str) -> Sequence[Facts]:
    match table:
        case "models":
            return list(catalog.models.values())
        case "gpus":
            return list(catalog.gpus.values())
        case "nodes":
            return list(catalog.nodes.values())
        case _:
            return [engines.facts(engine) for engine in sorted(engines.ENGINES)]


def _matches(facts: Facts, text: str) -> bool:
    return any(text in word.lower() for word in _words(facts))


def _words(facts: Facts) -> tuple[str, ...]:
    match facts:
        case ModelFacts():
            return facts.name, facts.uri, *facts.aliases
        case GpuFacts():
            return facts.name, facts.product_label, *facts.aliases
        case NodeShape():
            return facts.name, facts.provider, facts.gpu
        case EngineFacts():
            return (facts.name,)


def show_entry(catalog: Catalog, name: str) -> Checked[Shown]:
    """By name; models by their repository too, GPUs by the names that drivers and clouds use, and their slices."""
    built_in = load_catalog().value or catalog
    table = load_architectures(catalog)
    plain = name.removeprefix("hf://")
    model = catalog.models.get(name) or next((m for m in catalog.models.values() if plain in _repositories(m)), None)
    if model is not None:
        shown = _shown("models", model, catalog, built_in, figures=_figures(table, model))
        return Checked(replace(shown, config=catalog.configs.get(model.name)))
    if (gpu := table.gpu(name)) is not None:
        return Checked(_shown("gpus", gpu, catalog, built_in, prices=tuple(catalog.gpu_prices(gpu.name))))
    if name in catalog.nodes:
        return Checked(_shown("nodes", catalog.nodes[name], catalog, built_in))
    if name in engines.ENGINES:
        return Checked(Shown("engines", engines.facts(name)))
    return Checked(None, (_unknown(catalog, name),))


def _repositories(model: ModelFacts) -> tuple[str, ...]:
    return model.uri.removeprefix("hf://"), *model.aliases


def _shown(
    table: str,
    facts: ModelFacts | GpuFacts | NodeShape,
    catalog: Catalog,
    built_in: Catalog,
    *,
    figures: ModelFigures | None = None,
    prices: tuple[GpuPrice, ...] = (),
) -> Shown:
    own = catalog.own.get((table, facts.name), "")
    before: Mapping[str, object] = {"models": built_in.models, "gpus": built_in.gpus, "nodes": built_in.nodes}[table]
    return Shown(table, facts, own, bool(own) and facts.name in before, figures, prices)


def _figures(table: ArchitectureTable, model: ModelFacts) -> ModelFigures | None:
    """None where the shape is not known."""
    architecture = table.find(model.name) if model.name in table.catalog.configs else None
    if architecture is None:
        return None
    sized = size(Request(architecture, ROOMY, 1, NEWEST if architecture.encoder is None else SERVES_ENCODERS))
    return ModelFigures(
        family=architecture.family,
        known=architecture.known,
        parameters=sized.parameters,
        layers=len(architecture.layers),
        quantization=architecture.quantization.name or "none",
        weights_gib=round(sized.memory.weights.point, 2),
        kv_bytes_per_token=sized.cache.bytes_per_token,
        longest_gib=round(sized.cache.needed_gib, 2),
    )


def _unknown(catalog: Catalog, name: str) -> Diagnostic:
    known = [*catalog.models, *catalog.gpus, *catalog.nodes, *engines.ENGINES]
    known += [alias for gpu in catalog.gpus.values() for alias in gpu.aliases]
    hint = did_you_mean(name, known) or "`opsdecl catalog list` names all entries"
    return Diagnostic(UNKNOWN_ENTRY, f"the catalogue has no entry `{name}`", hint=hint, subject=name)
