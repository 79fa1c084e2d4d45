"""What a project's own entries say against the rest of the catalogue: names of nothing, shapes that cannot be."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.diag import Diagnostic, Place
from opsdecl.diag.codes.knowledge import INVALID_CATALOG
from opsdecl.diag.nearest import did_you_mean

Tables = Mapping[str, Mapping[str, Mapping[str, Any]]]
REFERENCES = (("nodes", "gpu", "gpus", "GPU"), ("gpus", "pricedBy", "nodes", "node"))
"""Table and fact that name an entry of another table, and what that one is called."""


def check_own(tables: Tables, own: Mapping[tuple[str, str], str]) -> Iterator[Diagnostic]:
    """Of each own entry, at its line. Built-in entries are held to the same by a test."""
    for (table, name), file in own.items():
        entry = tables[table][name]
        for place, fact, target, word in REFERENCES:
            named = entry.get(fact)
            if table == place and named is not None and named not in tables[target]:
                at = Place(file, 0, (table, name, fact))
                said = f"`{name}.{fact}` names no {word} of the catalogue: `{named}`"
                hint = did_you_mean(named, tables[target]) or f"add it to the table `{target}`"
                yield Diagnostic(INVALID_CATALOG, said, at=at, hint=hint, subject=f"{table}.{name}")
    yield from _shapes(tables, own)


def _shapes(tables: Tables, own: Mapping[tuple[str, str], str]) -> Iterator[Diagnostic]:
    """Configurations are read here only where the project has some, since reading costs more than all the rest."""
    stated = {
        name: file for (table, name), file in own.items() if table == "models" and "config" in tables[table][name]
    }
    if not stated:
        return
    from opsdecl.catalog.config_defaults import config_defaults
    from opsdecl.catalog.config_reader import architecture_of_config

    for name, file in stated.items():
        at = Place(file, 0, ("models", name, "config"))
        yield from architecture_of_config(tables["models"][name]["config"], config_defaults(), name, at).diagnostics
