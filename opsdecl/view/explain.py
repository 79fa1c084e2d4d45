"""Explanations: of a code, of a field of a kind, of a value with all the layers that set it."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl.addr import SpecAddress, format_path
from opsdecl.compile.types import Setter
from opsdecl.diag import Code, Span, SpecPath
from opsdecl.spec.fields import ANY, FieldInfo, format_pattern
from opsdecl.view.cells import Cell, align, clip, printable
from opsdecl.view.diagnostics.concise import SEVERITY_STYLES, where
from opsdecl.view.plan.phrases import cut_text, value_text
from opsdecl.view.style import BOLD, CYAN, DIM, GREEN, Ink, ink_for

_VALUE = 60
_RULES: Mapping[str, str] = {
    "": "",
    "minor-version": " (rolling where only the patch version changes)",
    "shrink": " (capacity where the amount grows)",
    "from-pvc": " (rolling where it was no volume claim)",
    "newly-set": " (rolling where there was a value before)",
    "removed": " (reload where more requests are answered)",
}


def render_code(code: Code, *, color: bool = False, width: int = 100) -> str:
    """Title, what is wrong and why it matters, what to do, an example."""
    ink = ink_for(color)
    head = f"{ink(f'{code.severity.word}[{code.id}]', SEVERITY_STYLES[code.severity])}{ink(f': {code.title}', BOLD)}"
    paragraphs = [textwrap.fill(" ".join(text.split()), width) for text in code.explanation.split("\n\n")]
    example = textwrap.indent(code.example.strip("\n"), "    ")
    return "\n\n".join([head, *paragraphs, *([example] if example.strip() else [])]) + "\n"


def render_field(
    kind: str, info: FieldInfo, children: Sequence[FieldInfo] = (), *, color: bool = False, width: int = 100
) -> str:
    """Type, default, what it does, what a change of it means, its choices and the fields below it."""
    ink = ink_for(color)
    head = f"{ink(f'{kind} {_pattern(info.path)}', BOLD)}   {ink(_type_text(info), CYAN)}"
    description = textwrap.fill(" ".join(info.description.split()), width)
    facts = align([[Cell(f"  {name}", DIM), Cell(text)] for name, text in _facts(info) if text], ink)
    title = "Fields of each" if info.container in ("list", "map") else "Fields"
    below = [title, *_children(children, ink, width)] if children else []
    return "\n\n".join(block for block in (head, description, "\n".join(facts), "\n".join(below)) if block) + "\n"


def _pattern(path: SpecPath) -> str:
    """`spec.prepare[…].image`, as the reference pages have it."""
    return format_pattern(path).replace(f".{ANY}", "[…]")


def _type_text(info: FieldInfo) -> str:
    return f"{info.type}, required" if info.required else info.type


def _facts(info: FieldInfo) -> list[tuple[str, str]]:
    effect = info.effect
    return [
        ("default", "" if info.default is None else value_text(info.default)),
        ("one of", ", ".join(info.choices)),
        ("only with type", ", ".join(info.branches)),
        ("names a", info.reference or ""),
        ("merged by", info.merge_key or ""),
        ("a change is", f"{effect.change_class}: {effect.reason}" + _RULES[effect.rule] if effect else ""),
    ]


def _children(children: Sequence[FieldInfo], ink: Ink, width: int) -> list[str]:
    names = [f"  {format_path(child.path[-1:])}" for child in children]
    types = [_type_text(child) for child in children]
    room = max(20, width - max(map(len, names)) - max(map(len, types)) - 4)
    rows = zip(names, types, children, strict=True)
    return align([[Cell(name), Cell(text, CYAN), Cell(clip(_first_line(c), room))] for name, text, c in rows], ink)


def _first_line(info: FieldInfo) -> str:
    return " ".join(info.description.split())


def render_value(
    address: SpecAddress,
    path: SpecPath,
    value: Any,
    layers: Sequence[tuple[Setter, Span | None]],
    *,
    color: bool = False,
) -> str:
    """The value and every layer that set it, lowest first; the last one won. No layers: it is a default."""
    ink = ink_for(color)
    shown = printable(cut_text(value_text(value), _VALUE))
    rows = [f"{ink(printable(f'{address} {format_path(path)}'), BOLD)} = {shown}"]
    if not layers:
        return f"{rows[0]}   the default: nothing sets it\n"
    last = len(layers) - 1
    cells = [_layer(*layer, wins=index == last) for index, layer in enumerate(layers)]
    return "\n".join([*rows, *align(cells, ink)]) + "\n"


def _layer(setter: Setter, span: Span | None, *, wins: bool) -> list[Cell]:
    style = GREEN if wins else DIM
    return [
        Cell("  wins" if wins else "  overridden", style),
        Cell(where(span or setter.place)),
        Cell(printable(cut_text(value_text(setter.value), _VALUE)), style),
    ]
