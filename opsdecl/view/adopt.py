"""What a take-over changes, field by field, with whoever holds it until now."""

import json
from collections.abc import Sequence

from opsdecl.apply.types import Adopted, Adoption, Taking
from opsdecl.view.cells import Cell, align, clip, printable
from opsdecl.view.style import BOLD, CAUTION, DIM, Ink, ink_for
from opsdecl.view.words import count

_VALUE = 40


def render_adoption(environment: str, adoption: Adoption, *, color: bool = False) -> str:
    """Objects with their fields; the last line has the digest that `--expect` takes."""
    ink = ink_for(color)
    head = f"{ink(printable(environment), BOLD)} · {printable(adoption.target)} · "
    rows = [head + f"{count(len(adoption.objects), 'object')} to adopt   now → then"]
    for one in adoption.objects:
        rows += [_title(one, ink), *("    " + row for row in align([_field(field) for field in one.fields], ink))]
    rows.append(ink(f"  digest {adoption.digest}", DIM))
    return "\n".join(rows) + "\n"


def _title(one: Adopted, ink: Ink) -> str:
    notes = [
        "joins the release" if one.joins else "is the release's already",
        f"leaves {one.keeper}" if one.keeper else "",
        f"takes all that {_listed(one.managers)} set" if one.managers else "",
        "" if one.fields else "nothing of it changes",
    ]
    said = ", ".join(printable(note) for note in notes if note)
    return f"  {ink(printable(one.object), BOLD)}   {printable(one.address)}   {said}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def _field(field: Taking) -> list[Cell]:
    since = f" since {field.since}" if field.since else ""
    value = f"{_value(field.before)} → {_value(field.after) if field.after is not None else '(removed)'}"
    return [Cell(printable(field.path)), Cell(printable(value), CAUTION), Cell(printable(f"{field.manager}{since}"))]


def _value(value: object) -> str:
    return clip(value if isinstance(value, str) else json.dumps(value), _VALUE)
