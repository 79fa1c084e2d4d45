"""Errors of the validator -> findings in the document's own words; the validator's own are never shown."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from opsdecl.addr import format_path
from opsdecl.diag import SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.diag.codes.maintenance import BAD_TIME
from opsdecl.diag.nearest import did_you_mean, nearest
from opsdecl.spec.fields import FieldInfo, all_fields, field_info, fields_of
from opsdecl.spec.kinds.declare import BRANCH_MARK, REFUSED
from opsdecl.spec.kinds.scalars import shown
from opsdecl.spec.rules.types import Finding

PydanticError = Any
"""One entry of `ValidationError.errors()`: type, loc, input, ctx."""

_CODES = {code.id: code for code in (*codes.CODES, BAD_TIME)}
_KEY = "[key]"
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_THOUSANDS = re.compile(r"(\d+)k", re.IGNORECASE)


def findings_of(kind: str, document: Mapping[str, Any], errors: list[PydanticError]) -> Iterator[Finding]:
    """All errors of a document; a field that is only misspelt is not reported as missing as well, nor a list as empty
    whose entries are wrong."""
    unknown = [document_path(error["loc"]) for error in errors if error["type"] == "extra_forbidden"]
    for error in errors:
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue
        path = document_path(error["loc"])
        misspelt = (str(other[-1]) for other in unknown if other[:-1] == path[:-1])
        if error["type"] != "missing" or not any(nearest(name, [str(path[-1])]) for name in misspelt):
            yield translate(kind, document, error)


def translate(kind: str, document: Mapping[str, Any], error: PydanticError) -> Finding:
    """One error of the validator as a finding."""
    path = document_path(error["loc"])
    row = _ROWS.get(error["type"], _wrong_type)
    return row(kind, document, path, error)


def document_path(loc: tuple[Any, ...]) -> SpecPath:
    """A validator's location as a path of the document: without the tags of unions, and without the mark of keys."""
    path = tuple(part for part in loc if not (isinstance(part, str) and part.startswith(BRANCH_MARK)))
    return path[:-1] if path and path[-1] == _KEY else path


def wrong_paths(kind: str, error: PydanticError) -> tuple[SpecPath, ...]:
    """The fields that cannot be trusted: the one in question, the mapping that lacks it, or the one that was meant."""
    path = document_path(error["loc"])
    if error["type"] == "missing":
        return (path[:-1],)
    meant = nearest(str(path[-1]), [str(field.path[-1]) for field in fields_of(kind, path[:-1])]) if path else None
    return (path, (*path[:-1], meant)) if error["type"] == "extra_forbidden" and meant else (path,)


def label(path: SpecPath) -> str:
    """How messages call a field: its path, below `spec`."""
    return format_path(path[1:] if len(path) > 1 and path[0] == "spec" else path) or "the document"


def _refused(kind: str, document: Mapping[str, Any], path: SpecPath, error: PydanticError) -> Finding:
    context = error["ctx"]
    message = f"`{label(path)}`: {context['message']}"
    return Finding(_CODES[context["code"]], path, message, context["hint"], on_key=error["loc"][-1] == _KEY)


def _unknown_field(kind: str, document: Mapping[str, Any], path: SpecPath, error: PydanticError) -> Finding:
    name, parent = str(path[-1]), path[:-1]
    info, branch = field_info(kind, path), _branch(document, parent)
    if info is not None and info.branches and branch:
        return _of_other_branch(path, info, branch)
    here = [field.path[-1] for field in fields_of(kind, parent) if not field.branches or branch in field.branches]
    where = f" in `{label(parent)}`" if parent else ""
    hint = _unknown_hint(kind, name, [str(field) for field in here])
    return Finding(codes.UNKNOWN_FIELD, path, f"unknown field `{name}`{where}", hint, on_key=True)


def _of_other_branch(path: SpecPath, info: FieldInfo, branch: str) -> Finding:
    types = " or ".join(f"`{name}`" for name in info.branches)
    message = f"`{label(path)}` is a field of type {types}, and the type here is `{branch}`"
    hint = f"remove it, or set `type: {info.branches[0]}`"
    return Finding(codes.FIELD_OF_OTHER_BRANCH, path, message, hint, on_key=True)


def _unknown_hint(kind: str, name: str, here: list[str]) -> str:
    """A field of the same name first, or its plural, then one elsewhere; then the most similar one beside it."""
    spellings = (_spelling(name), f"{_spelling(name)}s")
    exact = next((field for field in here if _spelling(field) in spellings), None)
    elsewhere = _homes(kind).get(_spelling(name))
    if exact or not elsewhere:
        similar = exact or nearest(name, here)
        return f"did you mean `{similar}`?" if similar else f"known here: {', '.join(here)}"
    home = label(elsewhere[:-1])
    return f"`{elsewhere[-1]}` belongs to `{home}`: move it there"


@cache
def _homes(kind: str) -> Mapping[str, SpecPath]:
    """Names of fields and where they are, the shortest path where several have the same name."""
    paths = sorted((field.path for field in all_fields(kind) if "*" not in field.path), key=len, reverse=True)
    return {_spelling(str(path[-1])): path for path in paths}


def _spelling(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _branch(document: Mapping[str, Any], path: SpecPath) -> str:
    """The `type` of the mapping at a path of the document."""
    value = value_at(document, path)
    found = value.get("type") if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def value_at(document: Any, path: SpecPath) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list | tuple) and isinstance(part, int) and part < len(document):
            document = document[part]
        else:
            return None
    return document


def _missing(kind: str, document: Mapping[str, Any], path: SpecPath, error: PydanticError) -> Finding:
    name, parent = str(path[-1]), path[:-1]
    info = field_info(kind, path)
    said = f" ({_lower(info.description)})" if info and info.description else ""
    value = info.choices[0] if info and len(info.choices) == 1 else "…"
    message = f"`{label(parent)}` needs the field `{name}`" if parent else f"the document needs the field `{name}`"
    return Finding(codes.MISSING_FIELD, parent, message, f"add `{name}: {value}`{said}", on_key=_is_named(parent))


def _is_named(path: SpecPath) -> bool:
    """Whether a path ends at a name that can be pointed at; the document and items of lists have none."""
    return bool(path) and isinstance(path[-1], str)


def _lower(sentence: str) -> str:
    text = sentence.rstrip(".").partition(";")[0]
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def _no_branch(kind: str, document: Mapping[str, Any], path: SpecPath, error: PydanticError) -> Finding:
    """A union whose member cannot be told: another shape, or a mapping without `type`."""
    found, types = error["input"], field_info(kind, (*path, "type"))
    if not isinstance(found, Mapping) or types is None:
        return _wrong_type(kind, document, path, error)
    if "type" in found:
        return _wrong_type(kind, document, (*path, "type"), {**error, "input": found["type"]})
    fitting = [name for name in types.choices if _has_all(kind, path, name, found)] or list(types.choices)
    hint = " or ".join(f"`type: {name}`" for name in fitting)
    return Finding(codes.MISSING_FIELD, path, f"`{label(path)}` needs the field `type`", f"add {hint}", on_key=True)


def _has_all(kind: str, path: SpecPath, branch: str, value: Mapping[str, Any]) -> bool:
    infos = [field_info(kind, (*path, name)) for name in value]
    return bool(infos) and all(info and (not info.branches or branch in info.branches) for info in infos)


def _unknown_branch(kind: str, document: Mapping[str, Any], path: SpecPath, error: PydanticError) -> Finding:
    path = (*path, "type")
    info, found = field_info(kind, path), error["input"].get("type")
    choices = info.choices if info else ()
    message = f"`{label(path)}`: there is no type {shown(found)}"
    return Finding(codes.UNKNOWN_BRANCH, path, message, _choose(found, choices))


def _not_a_choice(kind: str, document: Mapping[str, Any], path: SpecPath, error: PydanticError) -> Finding:
    found, on_key = error["input"], error["loc"][-1] == _KEY
    info = field_info(kind, path[:-1] if on_key else path)
    choices = info.choices if info and info.choices else _choices_of(error)
    name = label(path[:-1] if on_key else path)
    return Finding(
        codes.NOT_A_CHOICE, path, f"`{name}`: {shown(found)} is not one of the choices", _choose(found, choices), on_key
    )


def _choices_of(error: PydanticError) -> tuple[str, ...]:
    return tuple(re.findall(r"'([^']*)'", error["ctx"].get("expected", "")))


def _choose(found: Any, choices: tuple[str, ...]) -> str:
    return (did_you_mean(found, choices) if isinstance(found, str) else "") or f"choose from {', '.join(choices)}"


_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def _out_of_range(kind: str, document: Mapping[str, Any], path: SpecPath, error: PydanticError) -> Finding:
    key, words = _BOUNDS[error["type"]]
    bound = error["ctx"][key]
    bound = int(bound) if isinstance(bound, float) and bound.is_integer() else bound
    message = f"`{label(path)}`: expected {words} {bound}, found {shown(error['input'])}"
    return Finding(codes.OUT_OF_RANGE, path, message, f"write a number of {words} {bound}")


def _too_short(kind: str, document: Mapping[str, Any], path: SpecPath, error: PydanticError) -> Finding:
    message = f"`{label(path)}`: expected at least one entry, found an empty list"
    return Finding(codes.EMPTY_VALUE, path, message, "add an entry, or remove the field")


def _wrong_type(kind: str, document: Mapping[str, Any], path: SpecPath, error: PydanticError) -> Finding:
    info, found = field_info(kind, path), error["input"]
    if error["loc"] and error["loc"][-1] == _KEY:
        message = f"`{label(path[:-1])}`: expected a name, found {shown(found)}"
        return Finding(codes.WRONG_TYPE, path, message, f'put it in quotes: `"{found}"`', on_key=True)
    expected = info.type if info else "mapping"
    message = f"`{label(path)}`: expected {with_article(expected)}, found {_shown_briefly(expected, found)}"
    return Finding(codes.WRONG_TYPE, path, message, _type_hint(kind, info, expected, found))


def _shown_briefly(expected: str, found: Any) -> str:
    """A text where a mapping belongs is not printed: people put secrets in the place of references."""
    return "a text" if isinstance(found, str) and expected.startswith(("mapping", "map of")) else shown(found)


def with_article(words: str) -> str:
    """`duration` -> `a duration`."""
    if words.startswith(("true", "any")):
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _type_hint(kind: str, info: FieldInfo | None, expected: str, found: Any) -> str:
    return next(_type_hints(kind, info, expected, found), "")


def _type_hints(kind: str, info: FieldInfo | None, expected: str, found: Any) -> Iterator[str]:
    """What to write instead, the most particular advice first."""
    is_text = isinstance(found, str)
    if found is None:
        yield "write a value, or remove the field"
    if is_text and expected in ("whole number", "number"):
        yield from _number_hints(found)
    if expected == "whole number" and isinstance(found, float):
        yield f"write `{found:.0f}`"
    if is_text and expected == "true or false" and found.lower() in ("true", "false"):
        yield f"remove the quotes: `{found.lower()}`"
    if expected == "true or false":
        yield "write `true` or `false`"
    if isinstance(found, bool | int | float) and expected not in ("whole number", "number") and not _is_compound(info):
        yield f'put it in quotes: `"{shown(found)}"`'
    if info is not None and info.container == "list":
        plain = shown(found).strip('"') if isinstance(found, str | bool | int | float) else "…"
        yield f"write a list: `[{plain}]`"
    if info is None or info.container == "map":
        yield "write a mapping: `{name: value}`"
    if info is not None and info.container == "fields":
        yield _mapping_hint(kind, info)


def _number_hints(found: str) -> Iterator[str]:
    if _PLAIN_NUMBER.fullmatch(found):
        yield f"remove the quotes: `{found}`"
    thousands = _THOUSANDS.fullmatch(found)
    if thousands:
        yield f"write the number out: `{int(thousands[1]) * 1024}` or `{int(thousands[1]) * 1000}`"
    yield "write a number without quotes or unit"


def _is_compound(info: FieldInfo | None) -> bool:
    return info is None or info.container != "value"


def _mapping_hint(kind: str, info: FieldInfo) -> str:
    """A mapping with the fields that are needed, or else the first one there is."""
    fields = fields_of(kind, info.path)
    needed = [field for field in fields if field.required and not field.branches] or list(fields[:1])
    return f"write a mapping: `{{{', '.join(f'{field.path[-1]}: …' for field in needed)}}}`"


_Row = Callable[[str, Mapping[str, Any], SpecPath, PydanticError], Finding]
_ROWS: Mapping[str, _Row] = {
    REFUSED: _refused,
    "extra_forbidden": _unknown_field,
    "missing": _missing,
    "union_tag_not_found": _no_branch,
    "union_tag_invalid": _unknown_branch,
    "literal_error": _not_a_choice,
    "too_short": _too_short,
    **dict.fromkeys(_BOUNDS, _out_of_range),
}
"""By type of error; a type without a row says that the value has the wrong type."""
