"""The catalogue as text and as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import to_builtins

from opsdecl.catalog.engine_types import EngineFacts
from opsdecl.catalog.entry_types import Facts, Shown
from opsdecl.catalog.types import GpuFacts, GpuPrice, ModelFacts, ModelFigures, NodeShape
from opsdecl.view.as_json import FORMAT_VERSION
from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.style import BOLD, CAUTION, DIM, Ink, ink_for

Own = Mapping[tuple[str, str], str]

HEADS = {
    "models": ("model", "weights", "context", "licence", "revision", "where", ""),
    "gpus": ("GPU", "memory", "bandwidth", "capability", "per hour", "resource", ""),
    "nodes": ("node", "provider", "GPUs", "CPU", "memory", "per hour", "region", ""),
    "engines": ("engine", "releases", "flags", "metrics", "as of", ""),
}
SHORT_REVISION = 12


def render_listing(entries: Mapping[str, Sequence[Facts]], own: Own, *, color: bool = False) -> str:
    """A table for each kind of entry that there is."""
    ink = ink_for(color)
    parts = ["\n".join(_table(table, found, own, ink)) for table, found in entries.items() if found]
    return "\n\n".join(parts) + "\n" if parts else "nothing matches\n"


def _table(table: str, found: Sequence[Facts], own: Own, ink: Ink) -> list[str]:
    rows = [[Cell(head, BOLD) for head in HEADS[table]]]
    for facts in found:
        mark = Cell("of this project", CAUTION) if (table, facts.name) in own else Cell("")
        rows.append([*(Cell(printable(text)) for text in _cells(facts)), mark])
    return align(rows, ink)


def _cells(facts: Facts) -> tuple[str, ...]:
    match facts:
        case ModelFacts():
            gated = f"{facts.license}, gated" if facts.gated else facts.license
            revision = facts.revision[:SHORT_REVISION] or "-"
            return facts.name, _gib(facts.weights_gib), f"{facts.max_position:,}", gated, revision, facts.uri
        case GpuFacts():
            hour = _dollars(facts.price_per_hour)
            bandwidth = f"{facts.bandwidth_gb_s:,.0f} GB/s"
            return facts.name, _gib(facts.memory_gib), bandwidth, facts.compute_capability, hour, facts.resource
        case NodeShape():
            gpus, node = f"{facts.gpus} × {facts.gpu}", facts.price
            paid = (_dollars(node.per_hour), node.region) if node else ("-", "")
            return facts.name, facts.provider, gpus, str(facts.cpu), f"{facts.memory_gib:,.0f} GiB", *paid
        case EngineFacts():
            span = f"{len(facts.releases)}, {facts.releases[0].version} to {facts.releases[-1].version}"
            return facts.name, span, str(facts.flags), str(facts.metrics), facts.as_of


def _gib(size: float) -> str:
    return f"{size:,.2f} GiB"


def _dollars(amount: float | None) -> str:
    return f"${amount:,.3f}" if amount else "-"


def render_entry(shown: Shown, *, color: bool = False) -> str:
    """Every fact of one entry, then what follows from it, then where it is from."""
    ink = ink_for(color)
    rows = [*_fact_rows(shown.facts, shown.figures), *_source_rows(shown)]
    cells = [[Cell(f"  {name}", DIM), Cell(printable(value))] for name, value in rows]
    lines = [ink(printable(shown.facts.name), BOLD), *align(cells, ink)]
    if shown.prices:
        lines += ["", ink("one GPU for an hour, on demand, cheapest first", BOLD), *_price_rows(shown.prices, ink)]
    return "\n".join(lines) + "\n"


def _fact_rows(facts: Facts, figures: ModelFigures | None) -> Iterator[tuple[str, str]]:
    match facts:
        case ModelFacts():
            yield from _model_rows(facts)
            yield from _figure_rows(facts, figures)
        case GpuFacts():
            yield from _gpu_rows(facts)
        case NodeShape():
            yield from _node_rows(facts)
        case EngineFacts():
            yield "releases", ", ".join(release.version for release in facts.releases)
            yield "flags", f"{facts.flags} in all releases together"
            yield "metrics", f"{facts.metrics} in all releases together"


def _model_rows(facts: ModelFacts) -> Iterator[tuple[str, str]]:
    yield "where", facts.uri
    if facts.aliases:
        yield "same shape", ", ".join(facts.aliases)
    yield "revision", facts.revision or "none recorded"
    yield "licence", facts.license
    yield "gated", "yes, a token is needed" if facts.gated else "no"
    yield "weights", _gib(facts.weights_gib)
    yield "longest context", f"{facts.max_position:,} tokens"


def _figure_rows(facts: ModelFacts, figures: ModelFigures | None) -> Iterator[tuple[str, str]]:
    if figures is None:
        yield "shape", "not known: the entry has no `config`, so it cannot be sized"
        return
    published = f", published {facts.parameters:,.0f}" if facts.parameters else ""
    doubt = "" if figures.known else ", not one that sizing knows: figures are rough"
    yield "family", f"{figures.family}, {figures.layers} layers{doubt}"
    yield "quantisation", figures.quantization
    yield "parameters", f"{figures.parameters:,} computed{published}"
    yield "weights on one GPU", f"{_gib(figures.weights_gib)} computed"
    yield (
        "KV cache",
        f"{figures.kv_bytes_per_token:,} bytes per token; {_gib(figures.longest_gib)} for the longest context",
    )


def _gpu_rows(facts: GpuFacts) -> Iterator[tuple[str, str]]:
    low, high = facts.seen
    yield "memory", f"{_gib(facts.memory_gib)} as the driver reports it, seen {low:g} to {high:g}"
    yield "bandwidth", f"{facts.bandwidth_gb_s:,.0f} GB/s"
    yield "compute capability", facts.compute_capability
    yield "resource", facts.resource
    yield "product label", facts.product_label
    for name, value in facts.labels.items():
        yield "node label", f"{name}={value}"
    if facts.aliases:
        yield "also called", ", ".join(facts.aliases)
    for profile, memory in facts.mig.items():
        count = f", {facts.mig_count[profile]} of them" if profile in facts.mig_count else ""
        yield "MIG slice", f"{profile}, {_gib(memory)} usable{count}"
    if facts.slice_of:
        yield "slice of", facts.slice_of


def _node_rows(facts: NodeShape) -> Iterator[tuple[str, str]]:
    yield "provider", facts.provider
    yield "GPUs", f"{facts.gpus} × {facts.gpu}"
    yield "CPU", f"{facts.cpu} hardware threads"
    yield "memory", f"{facts.memory_gib:,.0f} GiB"
    if facts.price and facts.gpu_price:
        price = facts.price
        yield "per hour", f"{_dollars(price.per_hour)}, {_dollars(facts.gpu_price.per_hour)} for one GPU, on demand"
        yield "price", f"{price.region}, as of {price.as_of}, from: {price.source}"


def _source_rows(shown: Shown) -> Iterator[tuple[str, str]]:
    yield "as of", shown.facts.as_of
    if not isinstance(shown.facts, EngineFacts):
        yield "from", shown.facts.source
    if shown.own:
        yield "entry of", f"{shown.own}, in place of the built-in one" if shown.overrides else shown.own


def _price_rows(prices: Sequence[GpuPrice], ink: Ink) -> list[str]:
    return align([[*map(Cell, _price_cells(price)), Cell(f"as of {price.as_of}", DIM)] for price in prices], ink)


def _price_cells(price: GpuPrice) -> tuple[str, str, str, str]:
    return f"  {_dollars(price.per_hour)}", price.provider, price.node, price.region


def listing_json(entries: Mapping[str, Sequence[Facts]], own: Own) -> str:
    """Every fact of every entry that is listed."""
    tables = {
        table: [{**entry_json(facts), "own": own.get((table, facts.name))} for facts in found]
        for table, found in entries.items()
    }
    return json.dumps({"formatVersion": FORMAT_VERSION, **tables}, indent=2, ensure_ascii=False) + "\n"


def entry_document(shown: Shown) -> str:
    """One entry as JSON. `computed` is None for what is no model, or has no shape that is known."""
    facts, figures = shown.facts, shown.figures
    read = {"formatVersion": FORMAT_VERSION, "table": shown.table, **entry_json(facts)}
    read |= {"own": shown.own or None, "overridesBuiltIn": shown.overrides}
    if isinstance(facts, ModelFacts):
        read |= {"config": shown.config, "computed": _named(to_builtins(figures)) if figures else None}
    if isinstance(facts, GpuFacts):
        read["prices"] = [_named(to_builtins(price)) for price in shown.prices]
    return json.dumps(read, indent=2, ensure_ascii=False) + "\n"


def entry_json(facts: Facts) -> dict[str, Any]:
    read = _named(to_builtins(facts))
    if isinstance(facts, NodeShape):
        read["pricePerGpuHour"] = facts.gpu_price.per_hour if facts.gpu_price else None
    return read


_KEPT = frozenset({"mig", "mig_count", "labels"})
_UNITS = {"gib": "GiB", "gb": "GB", "cpu": "cpu"}


def _named(value: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as the files spell them; keys of people's own stay as they are."""
    return {
        _camel(name): _named(item) if isinstance(item, dict) and name not in _KEPT else item
        for name, item in value.items()
    }


def _camel(name: str) -> str:
    first, *rest = name.removesuffix("_gb_s").split("_")
    spelt = first + "".join(_UNITS.get(part, part.capitalize()) for part in rest)
    return f"{spelt}GBs" if name.endswith("_gb_s") else spelt
