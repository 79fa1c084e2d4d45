"""Built-in tables, with a project's `catalog/*.yaml` over them -> `Catalog`."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from opsdecl._data import catalog_root
from opsdecl.addr import digest_of
from opsdecl.catalog.types import Catalog, GpuFacts, ModelFacts
from opsdecl.diag import Checked, Diagnostic, Place, SpecPath
from opsdecl.diag.codes.knowledge import INVALID_CATALOG
from opsdecl.diag.nearest import did_you_mean

BUILT_IN = ("gpus.yaml", "models.yaml")
MAX_BYTES = 1 << 20
MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class _Column:
    """A fact of an entry: its name in the file, the attribute it fills, and which values it takes."""

    attribute: str
    accepts: Callable[[Any], bool]
    expected: str
    required: bool = True


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_date(value: Any) -> bool:
    return isinstance(value, date | str) and bool(str(value))


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


_DATED = {
    "asOf": _Column("as_of", _is_date, "a date"),
    "source": _Column("source", _is_text, "text that says where the numbers are from"),
}
MODEL_COLUMNS: Mapping[str, _Column] = {
    "uri": _Column("uri", lambda v: _is_text(v) and "://" in v, "an address such as hf://org/name"),
    "revision": _Column("revision", _is_text, "a commit id as text", required=False),
    "weightsGiB": _Column("weights_gib", _is_number, "a size in GiB as a number"),
    "maxPosition": _Column("max_position", _is_whole, "a number of tokens"),
    "license": _Column("license", _is_text, "text"),
    "gated": _Column("gated", _is_flag, "true or false", required=False),
    **_DATED,
}
GPU_COLUMNS: Mapping[str, _Column] = {
    "memoryGiB": _Column("memory_gib", _is_number, "a size in GiB as a number"),
    "bandwidthGBs": _Column("bandwidth_gb_s", _is_number, "a bandwidth in GB/s as a number"),
    "computeCapability": _Column("compute_capability", _is_text, 'text such as "9.0"'),
    "resource": _Column("resource", _is_text, "a Kubernetes resource such as nvidia.com/gpu"),
    "productLabel": _Column("product_label", _is_text, "the value of the node's product label"),
    "pricePerHour": _Column("price_per_hour", _is_number, "a price in USD as a number", required=False),
    **_DATED,
}
TABLES: Mapping[str, Mapping[str, _Column]] = {"models": MODEL_COLUMNS, "gpus": GPU_COLUMNS}


@dataclass(frozen=True, slots=True)
class _Tables:
    """Facts by table and name, as they are collected file by file."""

    rows: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=lambda: {name: {} for name in TABLES})
    diagnostics: tuple[Diagnostic, ...] = ()


def load_catalog(overrides: Mapping[str, bytes] | None = None) -> Checked[Catalog]:
    """`overrides` maps paths of the project to their bytes; entries replace built-in ones of the same name whole.

    Errors are about the overrides, at their place; entries with errors are left out, so that the others still serve.
    """
    tables = _Tables()
    for name in BUILT_IN:
        tables = _add_file(tables, name, (catalog_root() / name).read_bytes())
    for path, data in sorted((overrides or {}).items()):
        if path.endswith((".yaml", ".yml")):
            tables = _add_file(tables, path, data)
    models = {name: ModelFacts(name=name, **row) for name, row in sorted(tables.rows["models"].items())}
    gpus = {name: GpuFacts(name=name, **row) for name, row in sorted(tables.rows["gpus"].items())}
    digest = digest_of([[asdict(facts) for facts in table.values()] for table in (models, gpus)])
    return Checked(Catalog(models=models, gpus=gpus, digest=digest), tables.diagnostics)


def _add_file(tables: _Tables, path: str, data: bytes) -> _Tables:
    parsed = _parse(path, data)
    diagnostics = [*tables.diagnostics, *parsed.diagnostics]
    rows = {name: dict(table) for name, table in tables.rows.items()}
    for table, entries in (parsed.value or {}).items():
        columns = TABLES.get(str(table))
        if columns is None:
            message = f"`{table}` is not a table of the catalogue"
            hint = did_you_mean(str(table), TABLES) or f"tables: {', '.join(TABLES)}"
            diagnostics.append(_invalid(path, (str(table),), message, hint, key=True))
        elif not isinstance(entries, Mapping):
            diagnostics.append(_invalid(path, (table,), f"`{table}` must be a mapping of names to facts"))
        else:
            for name, entry in entries.items():
                row = _read_entry(path, (table, str(name)), entry, columns)
                diagnostics += row.diagnostics
                if row.value is not None:
                    rows[table][str(name)] = row.value
    return replace(tables, rows=rows, diagnostics=tuple(diagnostics))


def _read_entry(file: str, at: SpecPath, entry: Any, columns: Mapping[str, _Column]) -> Checked[Mapping[str, Any]]:
    if not isinstance(entry, Mapping):
        return Checked(None, (_invalid(file, at, f"`{at[-1]}` must be a mapping of facts"),))
    unknown = [name for name in entry if name not in columns]
    missing = [name for name, column in columns.items() if column.required and name not in entry]
    wrong = [n for n, c in columns.items() if n in entry and not c.accepts(entry[n])]
    problems = [
        *(
            _invalid(
                file, (*at, str(n)), f"`{at[-1]}` has an unknown fact `{n}`", did_you_mean(str(n), columns), key=True
            )
            for n in unknown
        ),
        *((_lacks(file, at, missing, columns),) if missing else ()),
        *(_invalid(file, (*at, n), f"`{at[-1]}.{n}` must be {columns[n].expected}") for n in wrong),
    ]
    if problems:
        return Checked(None, tuple(problems))
    row = {columns[n].attribute: str(v) if isinstance(v, date) else v for n, v in entry.items()}
    return Checked({"revision": "", **row} if columns is MODEL_COLUMNS else row)


def _lacks(file: str, at: SpecPath, missing: Sequence[str], columns: Mapping[str, _Column]) -> Diagnostic:
    names = ", ".join(f"`{name}`" for name in missing)
    hint = "add " + "; ".join(f"{name}: {columns[name].expected}" for name in missing)
    return _invalid(file, at, f"`{at[-1]}` lacks {names}", hint, key=True)


def _parse(path: str, data: bytes) -> Checked[Mapping[Any, Any]]:
    """Anything but a mapping of bounded size and depth is a finding."""
    from yaml import CSafeLoader, YAMLError, load

    if len(data) > MAX_BYTES:
        return Checked(None, (_invalid(path, (), f"the file is larger than {MAX_BYTES} bytes"),))
    try:
        if _is_deep(data):
            return Checked(None, (_invalid(path, (), f"values are nested deeper than {MAX_DEPTH} levels"),))
        value = load(data, CSafeLoader)
    except (YAMLError, ValueError) as error:
        reason = getattr(error, "problem", None) or "not readable as YAML"
        return Checked(None, (_invalid(path, (), f"the file cannot be read: {reason}"),))
    if not isinstance(value, Mapping):
        return Checked(None, (_invalid(path, (), "the file must be a mapping with `models` or `gpus`"),))
    return Checked(value)


def _is_deep(data: bytes) -> bool:
    """Counted on events: libyaml composes nested values on the C stack and would take the process down."""
    from yaml import CSafeLoader, parse
    from yaml.events import CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in parse(data, CSafeLoader):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            return True
    return False


def _invalid(file: str, at: SpecPath, message: str, hint: str = "", *, key: bool = False) -> Diagnostic:
    place = Place(file, 0, at, "key" if key else "value")
    return Diagnostic(INVALID_CATALOG, message, at=place, hint=hint, subject=".".join(str(p) for p in at[:2]))
