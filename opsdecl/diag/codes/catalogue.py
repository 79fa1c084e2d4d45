"""OD74x: entries of the catalogue, and adding a model to it."""

from opsdecl.diag.types import Code

UNKNOWN_ENTRY = Code(
    "OD740",
    "No such entry in the catalogue",
    "`opsdecl catalog show` takes the name of a model, a GPU, a node or an engine. Models are found by their "
    "repository as well, GPUs by the names that drivers and clouds use.\n\n"
    "Correct the name; `opsdecl catalog list --filter TEXT` finds entries by a part of their names.",
    "opsdecl catalog show lama-3.1-8b",
)
CODES = (UNKNOWN_ENTRY,)
