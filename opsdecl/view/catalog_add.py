"""What `catalog add` wrote, and what to do with it."""

import json

from opsdecl.catalog.entry_types import Added
from opsdecl.view.as_json import FORMAT_VERSION
from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.style import BOLD, DIM, ink_for


def render_added(added: Added, *, color: bool = False) -> str:
    """The file, the facts that it holds beside those that follow from the shape, and the next step."""
    ink = ink_for(color)
    files = f" in {added.files} file{'s' if added.files > 1 else ''}" if added.files else ", computed"
    rows = [
        ("from", f"{added.uri}{f' at {added.revision}' if added.revision else ''}"),
        ("weights", f"{added.weights_gib:,.3f} GiB{files}; {added.reckoned_gib:,.3f} by its configuration"),
        ("parameters", f"{added.parameters:,}; {added.reckoned_parameters:,} by its configuration"),
        ("licence", f"{added.license}{', gated' if added.gated else ''}"),
    ]
    if added.replaces_built_in:
        rows.append(("in place of", f"the built-in entry {added.name}"))
    return "\n".join(
        [
            f"{ink('wrote', BOLD)} {printable(added.path)}",
            *align([[Cell(f"  {name}", DIM), Cell(printable(value))] for name, value in rows], ink),
            "",
            "Review the file, then record it: opsdecl validate --update-lock",
            "",
        ]
    )


def added_json(added: Added) -> str:
    """The same facts; sizes in GiB."""
    read = {
        "formatVersion": FORMAT_VERSION,
        "name": added.name,
        "path": added.path,
        "uri": added.uri,
        "revision": added.revision or None,
        "license": added.license,
        "gated": added.gated,
        "files": added.files,
        "weightsGiB": added.weights_gib,
        "parameters": added.parameters,
        "computed": {"weightsGiB": round(added.reckoned_gib, 6), "parameters": added.reckoned_parameters},
        "overridesBuiltIn": added.replaces_built_in,
    }
    return json.dumps(read, indent=2, ensure_ascii=False) + "\n"
