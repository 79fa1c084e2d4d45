"""Metrics of a release: the calls that make counters, gauges and histograms with the engine's prefix."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.engines.modules import Module
from tools.engines.values import UNKNOWN, Values

KINDS: Mapping[str, str] = {"counter": "counter", "gauge": "gauge", "histogram": "histogram", "summary": "summary"}
APART = ("/benchmarks/", "/tests/", "/test/", "/multimodal_gen/")
"""Folders whose metrics no server of a language model has."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as scrapers see it: counters end in `_total`. `labels` None: not known from the text."""

    name: str
    type: str
    labels: tuple[str, ...] | None
    generations: tuple[str, ...] = ()


def read_metrics(files: Mapping[str, str], values: Values, prefix: str) -> dict[str, Metric]:
    """By name; one that two generations of the engine have is there once."""
    found: dict[str, Metric] = {}
    for path, text in sorted(files.items()):
        if prefix not in text or any(part in f"/{path}" for part in APART):
            continue
        module = values.package.module(path.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
        for metric in _metrics(module, values, prefix, _generation(path)) if module else ():
            known = found.get(metric.name)
            found[metric.name] = _joined(known, metric) if known else metric
    return found


def _generation(path: str) -> str:
    return "v1" if "/v1/" in path else "v0" if "/engine/" in path else ""


def _joined(first: Metric, second: Metric) -> Metric:
    generations = tuple(sorted({*first.generations, *second.generations}))
    return Metric(first.name, first.type, second.labels or first.labels, generations)


def _metrics(module: Module, values: Values, prefix: str, generation: str) -> Iterator[Metric]:
    scopes = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)]
    for scope in (module.tree, *scopes):
        names = _names(scope, module, values) if isinstance(scope, ast.FunctionDef) else {}
        for call in (node for node in ast.walk(scope) if isinstance(node, ast.Call)):
            if kind := _kind(call):
                yield from _made(call, kind, module, values, names, prefix, generation)


def _kind(call: ast.Call) -> str:
    """`Gauge(…)`, `prometheus_client.Gauge(…)`, `self._gauge_cls(…)`."""
    leaf = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return KINDS.get(leaf.lower().strip("_").removesuffix("_cls").removeprefix("_"), "")


def _names(scope: ast.FunctionDef, module: Module, values: Values) -> dict[str, list[Any]]:
    """Values that each local name has somewhere in the function, loops over literal rows included."""
    found: dict[str, list[Any]] = {}
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if (read := values.read(value, module)) is not UNKNOWN:
                    found.setdefault(name, []).append(read)
    for node in ast.walk(scope):
        match node:
            case ast.For(target=target, iter=rows) | ast.comprehension(target=target, iter=rows):
                several = found.get(rows.id, []) if isinstance(rows, ast.Name) else [values.read(rows, module)]
                for name, value in (pair for each in several for pair in _loop(target, each)):
                    found.setdefault(name, []).append(value)
    return found


def _loop(target: ast.expr, rows: Any) -> Iterator[tuple[str, Any]]:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(target, ast.Name):
            yield target.id, row
        elif isinstance(target, ast.Tuple) and isinstance(row, list):
            yield from ((each.id, item) for each, item in zip(target.elts, row, strict=False) if hasattr(each, "id"))


def _made(
    call: ast.Call,
    kind: str,
    module: Module,
    values: Values,
    names: Mapping[str, list[Any]],
    prefix: str,
    generation: str,
) -> Iterator[Metric]:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    name = given.get("name") or next(iter(call.args), None)
    options = names.get(name.id, []) if isinstance(name, ast.Name) else [values.read(name, module)]
    labels = given.get("labelnames") or (call.args[2] if len(call.args) > 2 else None)
    single = {key: each[0] for key, each in names.items() if all(item == each[0] for item in each)}
    known = values.read(labels, module, single) if labels is not None else []
    told = tuple(known) if isinstance(known, list) and all(isinstance(label, str) for label in known) else None
    for option in options:
        if isinstance(option, str) and option.startswith(prefix):
            total = "_total" if kind == "counter" and not option.endswith("_total") else ""
            yield Metric(option + total, kind, told, (generation,) if generation else ())
