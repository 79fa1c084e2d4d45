"""Reads of an expression × the kinds that it looks at -> fields that no such kind has."""

from collections.abc import Iterator, Sequence

from opsdecl.addr import format_path
from opsdecl.cel.reads import Each, Read
from opsdecl.diag import Code, SpecPath
from opsdecl.diag.codes import policy as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.policy.select import NEVER_JUDGED
from opsdecl.spec.fields import ANY, field_info, fields_of, kind_names

_ANYTHING = "any value"


def unknown_fields(kinds: Sequence[str], reads: Sequence[Read]) -> Iterator[tuple[Code, str, str]]:
    """Code, message and hint for each read of a field that none of the kinds has. Without kinds, all are meant."""
    known = [kind for kind in kinds or kind_names() if kind in kind_names() and kind not in NEVER_JUDGED]
    reported: set[SpecPath] = set()
    for read in reads:
        path = tuple(0 if isinstance(part, Each) else part for part in read.path)
        unknown = _unknown_everywhere(known, path)
        if unknown and unknown not in reported:
            reported.add(unknown)
            yield codes.UNKNOWN_FIELD, _message(known, unknown), _hint(known, unknown)


def _unknown_everywhere(kinds: Sequence[str], path: SpecPath) -> SpecPath:
    """The part of the path that leads out of every kind, `()` where one kind has it all; the longest is the nearest."""
    found = [_unknown(kind, path) for kind in kinds]
    return max(found, key=len) if found and all(found) else ()


def _unknown(kind: str, path: SpecPath) -> SpecPath:
    root, within = _rooted(kind, path)
    for length in range(1, len(within) + 1):
        if field_info(root, within[:length]) is None:
            above = field_info(root, within[: length - 1])
            free = above is None or above.type == _ANYTHING or (above.is_map and within[length - 1] == 0)
            return () if free else path[:length]  # macros over a map go through its keys, which have no fields
    return ()


def _rooted(kind: str, path: SpecPath) -> tuple[str, SpecPath]:
    """`runtime` is the spec of a document of its own kind; `kind` and `environment` are not looked into."""
    match path[0]:
        case "runtime":
            return "Runtime", ("spec", *path[1:])
        case "metadata" | "spec":
            return kind, path
        case _:
            return kind, ()


def _message(kinds: Sequence[str], path: SpecPath) -> str:
    where = f"kind {kinds[0]}" if len(kinds) == 1 else f"any of {', '.join(kinds)}"
    return f"`{format_path(path)}` is no field of {'kind Runtime' if path[0] == 'runtime' else where}"


def _hint(kinds: Sequence[str], path: SpecPath) -> str:
    roots = [_rooted(kind, path) for kind in kinds]
    names = {str(info.path[-1]) for kind, at in roots for info in fields_of(kind, at[:-1]) if info.path[-1] != ANY}
    return did_you_mean(str(path[-1]), names) or (f"there is: {', '.join(sorted(names))}" if names else "")
