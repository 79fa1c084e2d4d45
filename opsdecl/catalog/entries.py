"""A file of tables -> checked entries, in the words of the file. Wrong entries are findings, the others still serve."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from opsdecl.catalog.columns import TABLES, Column
from opsdecl.diag import Checked, Diagnostic, Place, SpecPath
from opsdecl.diag.codes.knowledge import INVALID_CATALOG
from opsdecl.diag.nearest import did_you_mean

Entries = dict[str, dict[str, Mapping[str, Any]]]
"""Facts by table and name."""

MAX_BYTES = 1 << 20
MAX_DEPTH = 20


def read_entries(path: str, data: bytes) -> Checked[Entries]:
    """The value is never None: a file that cannot be read has no entries."""
    parsed = _parse(path, data)
    diagnostics = [*parsed.diagnostics]
    found: Entries = {}
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
                problems = _problems(path, (table, str(name)), entry, columns)
                diagnostics += problems
                if not problems:
                    found.setdefault(table, {})[str(name)] = {fact: _dated(value) for fact, value in entry.items()}
    return Checked(found, tuple(diagnostics))


def _dated(value: Any) -> Any:
    """Dates as text, so that entries are JSON."""
    if isinstance(value, Mapping):
        return {key: _dated(item) for key, item in value.items()}
    return str(value) if isinstance(value, date) else value


def _problems(file: str, at: SpecPath, entry: Any, columns: Mapping[str, Column]) -> list[Diagnostic]:
    if not isinstance(entry, Mapping):
        return [_invalid(file, at, f"`{at[-1]}` must be a mapping of facts")]
    unknown = [name for name in entry if name not in columns]
    missing = [name for name, column in columns.items() if column.required and name not in entry]
    wrong = [n for n, c in columns.items() if n in entry and not c.accepts(entry[n])]
    return [
        *(
            _invalid(
                file, (*at, str(n)), f"`{at[-1]}` has an unknown fact `{n}`", did_you_mean(str(n), columns), key=True
            )
            for n in unknown
        ),
        *((_lacks(file, at, missing, columns),) if missing else ()),
        *(_invalid(file, (*at, n), f"`{at[-1]}.{n}` must be {columns[n].expected}") for n in wrong),
    ]


def _lacks(file: str, at: SpecPath, missing: Sequence[str], columns: Mapping[str, Column]) -> Diagnostic:
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
        return Checked(None, (_invalid(path, (), f"the file must be a mapping with {_either(TABLES)}"),))
    return Checked(value)


def _either(names: Sequence[str] | Mapping[str, Any]) -> str:
    *before, last = (f"`{name}`" for name in names)
    return f"{', '.join(before)} or {last}"


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
