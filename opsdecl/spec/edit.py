"""Values set in a YAML file, everything else as people wrote it: comments, quotes, order, the other documents."""

import io
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from opsdecl.diag import SpecPath
from opsdecl.spec.types import Json

_MARKER = re.compile(r"(?m)^---(?=\s|$)")
_ITEM = re.compile(r"(?m)^( *)[^\s#-][^\n]*:[^\S\n]*\n( *)- ")
_WIDTH = 1 << 20

Edits = Sequence[tuple[SpecPath, Json]]


def edit_file(text: str, kind: str, name: str, edits: Edits) -> str:
    """Sets values in the document of that kind and name, or adds an overlay where the file has none. Only names in
    paths. Raises ValueError where the file cannot be edited so."""
    parts = _documents(text)
    for at, part in enumerate(parts):
        if _is(part, kind, name):
            edited = _edited(part, edits)
            return "".join((*parts[:at], edited, *parts[at + 1 :]))
    overlay = f"apiVersion: opsdecl.dev/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n"
    before = text if not text or text.endswith("\n") else f"{text}\n"
    return (f"{before}---\n" if before.strip() else "") + _edited(overlay, edits)


def _documents(text: str) -> list[str]:
    """The text cut before each marker; a line that begins with one is never anything else, whatever is around it."""
    starts = [found.start() for found in _MARKER.finditer(text)]
    cuts = [0, *(start for start in starts if start), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]


def _is(part: str, kind: str, name: str) -> bool:
    found = _load(part)
    metadata = found.get("metadata") if isinstance(found, Mapping) else None
    return isinstance(metadata, Mapping) and found.get("kind") == kind and metadata.get("name") == name


def _edited(part: str, edits: Edits) -> str:
    """Marker and comments before the document are no part of what is written anew."""
    marker, rest = (
        (part[: part.index("\n") + 1], part[part.index("\n") + 1 :]) if part.startswith("---") else ("", part)
    )
    yaml, document = _round_trip(rest), _load(rest)
    for path, value in edits:
        _set(document, path, value)
    stream = io.StringIO()
    yaml.dump(document, stream)
    return marker + stream.getvalue()


def _set(document: Any, path: SpecPath, value: Json) -> None:
    from ruamel.yaml.comments import CommentedMap

    holder = document
    for part in path[:-1]:
        inner = holder.get(part)
        if not isinstance(inner, Mapping):
            holder[part] = inner = CommentedMap()
        if inner.anchor.value:
            raise ValueError(f"`{part}` has the anchor `&{inner.anchor.value}`, and what shares it would change too")
        holder = inner
    holder[path[-1]] = value


def _load(text: str) -> Any:
    from ruamel.yaml.error import YAMLError

    try:
        return _round_trip(text).load(text)
    except YAMLError as error:
        raise ValueError(str(getattr(error, "problem", None) or "it is not readable as YAML")) from None


def _round_trip(text: str) -> Any:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    found = _ITEM.search(text)
    inside = len(found[2]) - len(found[1]) if found else 2
    yaml.indent(mapping=2, sequence=2 + inside, offset=inside)
    return yaml
