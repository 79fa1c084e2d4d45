"""The catalogue as people write it -> the one file that the tool reads, with what follows from each entry."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yaml import CSafeDumper, CSafeLoader, dump, load

from opsdecl.catalog.architectures import Architecture
from opsdecl.catalog.columns import TABLES
from opsdecl.catalog.config_reader import architecture_of_config
from opsdecl.catalog.entries import Entries, read_entries
from opsdecl.sizing.checkpoint import weights_gib

DATA = Path(__file__).resolve().parents[1] / "opsdecl" / "catalog" / "data"


def built_in() -> str:
    """One line for each entry. Raises ValueError where a table has an entry that a project could not write."""
    defaults = load((DATA / "config_defaults.yaml").read_bytes(), CSafeLoader)["families"]
    tables: Entries = {table: {} for table in TABLES}
    for table in TABLES:
        written = load((DATA / f"{table}.yaml").read_bytes(), CSafeLoader)[table]
        complete = {name: with_figures(entry, defaults, name) for name, entry in written.items()}
        read = read_entries(f"{table}.yaml", dump({table: complete}, Dumper=CSafeDumper).encode())
        if read.diagnostics or read.value is None:
            raise ValueError([finding.message for finding in read.diagnostics])
        tables[table] = read.value[table]
    return _lines(tables)


def config_defaults() -> str:
    """What configurations leave out, one line for each family."""
    families = load((DATA / "config_defaults.yaml").read_bytes(), CSafeLoader)["families"]
    return "{\n" + ",\n".join(f" {json.dumps(name)}: {_compact(each)}" for name, each in families.items()) + "\n}\n"


def with_figures(entry: Mapping[str, Any], defaults: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An entry with a `config` gets its longest context, and its weights as loaded where none were measured."""
    if "config" not in entry:
        return entry
    found = architecture_of_config(entry["config"], defaults, name)
    if found.value is None:
        raise ValueError([finding.message for finding in found.diagnostics])
    return {**figures(found.value), **entry}


def figures(architecture: Architecture) -> Mapping[str, Any]:
    return {"weightsGiB": round(weights_gib(architecture), 2), "maxPosition": architecture.max_position}


def _lines(tables: Entries) -> str:
    parts = []
    for table, entries in tables.items():
        rows = [f"  {json.dumps(name)}: {_compact(entry)}" for name, entry in sorted(entries.items())]
        parts.append(f" {json.dumps(table)}: {{\n" + ",\n".join(rows) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _compact(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
