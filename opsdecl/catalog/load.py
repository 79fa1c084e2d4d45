"""Built-in tables, with a project's `catalog/*.yaml` over them -> `Catalog`."""

import json
from collections.abc import Mapping
from typing import Any

from opsdecl._data import catalog_bytes
from opsdecl.addr import digest_of, digest_of_bytes
from opsdecl.catalog.columns import TABLES
from opsdecl.catalog.entries import read_entries
from opsdecl.catalog.own import check_own
from opsdecl.catalog.types import Catalog, GpuFacts, GpuPrice, ModelFacts, NodePrice, NodeShape
from opsdecl.diag import Checked, Diagnostic

BUILT_IN = "built_in.json"
"""All built-in tables as one file, which is read thirty times as fast as the YAML that it is made from."""
_NOT_OF_A_MODEL = ("config", "files")


def load_catalog(overrides: Mapping[str, bytes] | None = None) -> Checked[Catalog]:
    """`overrides` maps paths of the project to their bytes; entries replace built-in ones of the same name whole.

    Errors are about the overrides, at their place; entries with errors are left out, so that the others still serve.
    """
    data = catalog_bytes(BUILT_IN)
    tables: dict[str, dict[str, Mapping[str, Any]]] = json.loads(data)
    diagnostics: list[Diagnostic] = []
    own: dict[tuple[str, str], str] = {}
    for path, text in sorted((overrides or {}).items()):
        if path.endswith((".yaml", ".yml")):
            read = read_entries(path, text)
            diagnostics += read.diagnostics
            for table, entries in (read.value or {}).items():
                tables[table].update(_with_shapes(entries, tables["models"]) if table == "models" else entries)
                own.update({(table, name): path for name in entries})
    diagnostics += check_own(tables, own)
    digest = digest_of([digest_of_bytes(data), [[table, name, tables[table][name]] for table, name in sorted(own)]])
    return Checked(catalog_of(tables, digest, own), tuple(diagnostics))


def _with_shapes(
    entries: Mapping[str, Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Entries that say nothing of their shape have that of the same weights: who pins a revision need not repeat it."""
    shapes = {uri: row["config"] for row in known.values() if "config" in row for uri in _addresses(row)}
    return {
        name: entry if "config" in entry or entry["uri"] not in shapes else {**entry, "config": shapes[entry["uri"]]}
        for name, entry in entries.items()
    }


def _addresses(row: Mapping[str, Any]) -> list[str]:
    return [row["uri"], *(f"hf://{alias}" for alias in row.get("aliases", ()))]


def catalog_of(
    tables: Mapping[str, Mapping[str, Mapping[str, Any]]], digest: str, own: Mapping[tuple[str, str], str]
) -> Catalog:
    """Entries that were checked before, as facts."""
    nodes = {name: _node(name, entry) for name, entry in sorted(tables["nodes"].items())}
    return Catalog(
        models={name: _model(name, entry) for name, entry in sorted(tables["models"].items())},
        gpus={name: _gpu(name, entry, nodes) for name, entry in sorted(tables["gpus"].items())},
        digest=digest,
        nodes=nodes,
        configs={name: entry["config"] for name, entry in tables["models"].items() if "config" in entry},
        own=own,
        files={name: entry["files"] for name, entry in tables["models"].items() if "files" in entry},
    )


def _row(table: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    columns = TABLES[table]
    return {
        columns[fact].attribute: tuple(value) if isinstance(value, list) else value for fact, value in entry.items()
    }


def _model(name: str, entry: Mapping[str, Any]) -> ModelFacts:
    row = _row("models", entry)
    for fact in _NOT_OF_A_MODEL:
        row.pop(fact, None)
    return ModelFacts(name=name, **{"revision": "", **row})


def _node(name: str, entry: Mapping[str, Any]) -> NodeShape:
    row = _row("nodes", entry)
    if "price" in row:
        price = row["price"]
        row["price"] = NodePrice(price["perHour"], price["region"], price["asOf"], price["source"])
    return NodeShape(name=name, **row)


def _gpu(name: str, entry: Mapping[str, Any], nodes: Mapping[str, NodeShape]) -> GpuFacts:
    row = _row("gpus", entry)
    own, node = row.pop("price_per_hour", None), nodes.get(row.pop("priced_by", ""))
    row["price"] = GpuPrice(own, "", row["as_of"], row["source"]) if own else node.gpu_price if node else None
    return GpuFacts(name=name, **{"seen": (row["memory_gib"],) * 2, **row})
