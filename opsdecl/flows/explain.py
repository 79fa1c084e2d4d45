"""`explain`: a code, a field of a kind, or a value with all the layers that set it."""

from typing import Any

from msgspec import Struct

from opsdecl.addr import SpecAddress, format_path, parse_path
from opsdecl.compile.types import Setter
from opsdecl.diag import Code, Span, SpecPath
from opsdecl.diag.catalog import find_code
from opsdecl.diag.nearest import did_you_mean
from opsdecl.flows.build import Built
from opsdecl.spec.fields import ANY, FieldInfo, field_info, fields_of, kind_names


class ExplainedField(Struct, frozen=True):
    """A field of a kind with the fields below it; of a list or map, those of each entry."""

    kind: str
    info: FieldInfo
    children: tuple[FieldInfo, ...]


class ExplainedValue(Struct, frozen=True):
    """A value of a document, and each layer that set it with its line, lowest first."""

    address: SpecAddress
    path: SpecPath
    value: Any
    layers: tuple[tuple[Setter, Span | None], ...]


class Unknown(Struct, frozen=True):
    """Nothing goes by that name; `hint` says what might have been meant."""

    message: str
    hint: str = ""


def explain_code(name: str) -> Code | Unknown:
    found = find_code(name)
    return found or Unknown(f"there is no code `{name}`", "the reference page of diagnostics lists all")


def explain_field(text: str) -> ExplainedField | Unknown:
    """`LLM`, or `LLM.spec.engine.maxModelLen`."""
    kind, _, rest = text.partition(".")
    known = next((name for name in kind_names() if name.lower() == kind.lower()), None)
    if known is None:
        return Unknown(f"there is no kind `{kind}`", did_you_mean(kind, kind_names()))
    try:
        path = parse_path(rest)
    except ValueError as error:
        return Unknown(str(error))
    path = _into_lists(known, path)
    info = field_info(known, path)
    if info is None:
        return Unknown(f"`{known}` has no field `{rest}`", _value_of(known, path) or _near_field(known, path))
    entry = (*path, ANY) if info.container in ("list", "map") else path
    return ExplainedField(known, info, fields_of(known, entry))


def _into_lists(kind: str, path: SpecPath) -> SpecPath:
    """With the place in a list where nobody said one, since all entries have the same fields: `spec.prepare.image`."""
    whole: SpecPath = ()
    for part in path:
        above = field_info(kind, whole)
        inside = above is not None and above.container == "list" and not isinstance(part, int) and part != ANY
        whole = (*whole, ANY, part) if inside else (*whole, part)
    return whole


def is_document(text: str, built: Built) -> bool:
    """Whether the text names a document of the environment."""
    return any(str(document.address) == text for document in built.graph.documents)


def explain_value(built: Built, address: str, path_text: str) -> ExplainedValue | Unknown:
    """`LLM.chat` and `spec.engine.maxModelLen`; a reference's values under its own name: `runtime.version`."""
    document = built.graph.document(SpecAddress.parse(address))
    if document is None:
        known = [str(each.address) for each in built.graph.documents]
        return Unknown(f"`{address}` is no document of this environment", did_you_mean(address, known))
    try:
        path = parse_path(path_text)
        value: Any = document.effective
        for part in path:
            value = value[part]
    except (KeyError, IndexError, TypeError, ValueError):
        return Unknown(f"`{address}` has no value at `{path_text}`", _near_value(document.effective, path_text))
    setters = [s for s in built.graph.setters(document.address, path) if _sets(s, path)]
    locate = built.project.positions.locate
    return ExplainedValue(document.address, path, value, tuple((s, locate(s.place)) for s in setters))


def _sets(setter: Setter, path: SpecPath) -> bool:
    """A default is answered for by what encloses it: that did not set the value itself."""
    return not path or (bool(setter.place.path) and str(setter.place.path[-1]) == str(path[-1]))


def _value_of(kind: str, path: SpecPath) -> str:
    """For somebody who joined a document's name and a path in it: they are two words."""
    if len(path) < 2 or path[1] not in ("spec", "metadata"):
        return ""
    return f"for the value in a document: opsdecl explain {kind}.{path[0]} {format_path(path[1:])}"


def _near_field(kind: str, path: SpecPath) -> str:
    parent = path[:-1]
    names = [str(info.path[-1]) for info in fields_of(kind, parent)]
    return did_you_mean(str(path[-1]), names) or (f"fields there: {', '.join(names)}" if names else "")


def _near_value(effective: Any, path_text: str) -> str:
    value = effective
    for part in path_text.split("."):
        if not isinstance(value, dict) or part not in value:
            names = list(value) if isinstance(value, dict) else []
            return did_you_mean(part, names) or (f"there is: {', '.join(names)}" if names else "")
        value = value[part]
    return ""
