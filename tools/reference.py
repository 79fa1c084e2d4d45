"""Kinds and codes -> reference pages in Markdown. Pure: `generate.py` writes them."""

from collections.abc import Iterator, Mapping

from opsdecl.diag import Code
from opsdecl.diag.catalog import all_codes
from opsdecl.spec.fields import FieldInfo, all_fields, fields_of, format_pattern, kind_names
from opsdecl.spec.kinds import KINDS

_GENERATED = "<!-- generated from the models by `make generate`; edit those -->"
_GROUPS: Mapping[str, str] = {
    "1": "Files and YAML",
    "2": "The shape of a document",
    "3": "Layers, variables, references",
    "4": "Names and objects",
    "5": "Plans and records",
    "6": "Targets",
    "7": "Catalogue, engines, sizing",
    "8": "Policies and approvals",
    "9": "Bugs in opsdecl",
}


def all_pages() -> Mapping[str, str]:
    """File names below `docs/reference/` and their text."""
    kinds = {f"kinds/{name.lower()}.md": kind_page(name) for name in kind_names()}
    return {**kinds, "kinds/README.md": index_page(), "diagnostics.md": diagnostics_page(all_codes())}


def index_page() -> str:
    rows = [f"| [{kind.name}]({kind.name.lower()}.md) | {kind.summary} |" for kind in KINDS.values()]
    return _page("# Kinds", _GENERATED, "\n".join(["| kind | is |", "| --- | --- |", *rows]))


def kind_page(name: str) -> str:
    kind = KINDS[name]
    further = [part for example in kind.further for part in (example.shows, _yaml(example.text))]
    return _page(f"# {name}", _GENERATED, kind.summary, _yaml(kind.example), *further, "\n\n".join(_sections(name)))


def _yaml(text: str) -> str:
    return f"```yaml\n{text.strip()}\n```"


def _sections(kind: str) -> Iterator[str]:
    """One section for each mapping that has fields of its own, in the order of the document."""
    for info in all_fields(kind):
        below = fields_of(kind, info.path)
        if below and any(field.description for field in below):
            title = format_pattern(info.path).replace(".*", "[…]")
            lead = [] if not info.description else [info.description]
            yield "\n\n".join([f"## {title}", *lead, _table(below)])


def _table(fields: tuple[FieldInfo, ...]) -> str:
    head = ["| field | type | default | what it says | a change means |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *(_row(field) for field in fields)])


def _row(field: FieldInfo) -> str:
    cells = (f"`{field.path[-1]}`", _type(field), _default(field), _description(field), _effect(field))
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _type(field: FieldInfo) -> str:
    if field.reference:
        return field.type.replace("name", f"name ({field.reference})", 1)
    return ", ".join(f"`{choice}`" for choice in field.choices) if field.type == "choice" else field.type


def _default(field: FieldInfo) -> str:
    if field.required:
        return "needed"
    if field.default in (None, "", [], {}) or isinstance(field.default, dict):
        return ""
    if isinstance(field.default, list):
        return ", ".join(f"`{item}`" for item in field.default)
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def _description(field: FieldInfo) -> str:
    only = f" Only with type {' or '.join(f'`{name}`' for name in field.branches)}." if field.branches else ""
    merged = f" Items merge by `{field.merge_key}`." if field.merge_key else ""
    return f"{field.description}{only}{merged}"


def _effect(field: FieldInfo) -> str:
    return f"{field.effect.change_class}: {field.effect.reason}" if field.effect else ""


def diagnostics_page(codes: tuple[Code, ...]) -> str:
    """Every code with what it means and what to do, by hundred."""
    parts: list[str] = []
    for digit, title in _GROUPS.items():
        group = [code for code in codes if code.id[2] == digit]
        parts += [f"## {title}", *(_code(code) for code in group)] if group else []
    return _page("# Diagnostics", _GENERATED, "`opsdecl explain OD203` prints an entry.", *parts)


def _code(code: Code) -> str:
    example = f"\n\n```yaml\n{code.example.strip()}\n```" if code.example else ""
    return f"### {code.id}: {code.title}\n\n*{code.severity.word}*\n\n{code.explanation.strip()}{example}"


def _page(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts) + "\n"
