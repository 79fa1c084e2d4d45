"""What the API server says about an object -> findings at the lines that set its fields."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from opsdecl.addr import SpecAddress, format_path
from opsdecl.diag import Diagnostic, Place, SpecPath
from opsdecl.diag.codes import cluster as codes
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.failures import NOT_DECLARED, FieldConflict, StatusError
from opsdecl.targets.cluster.keepers import Keeper

PlaceOf = Callable[[SpecAddress, SpecPath], Place | None]
_IMMUTABLE = re.compile(
    r"immutable|may not (be changed|change once)|cannot be changed|updates to .* are forbidden|is forbidden after", re.I
)
_UNKNOWN_FIELD = re.compile(r'unknown field "([^"]+)"|(\.\S+): ' + NOT_DECLARED)
_PLACE = re.compile(r'\[(?:"([^"]*)"|([^\]]*))\]|\.?([^.\[\]]+)')
_LONGEST = 600


def nowhere(_address: SpecAddress, _path: SpecPath) -> Place | None:
    """For findings that nobody will look up in a file."""
    return None


def is_immutable(error: StatusError) -> bool:
    return error.code == 422 and bool(_IMMUTABLE.search(error.message))


def refusals(error: StatusError, manifest: Manifest, place_of: PlaceOf) -> tuple[Diagnostic, ...]:
    """One finding for each field that the server names; one for the object where it names none."""
    code = codes.IMMUTABLE if is_immutable(error) else codes.OBJECT_REFUSED
    found = tuple(_causes(error))
    if not found:
        found = ((None, error.message),)
    return tuple(_refusal(code, error, manifest, field, words, place_of) for field, words in found)


def _causes(error: StatusError) -> Iterator[tuple[str | None, str]]:
    named = [cause for cause in error.causes if cause.get("field")]
    for cause in named:
        yield str(cause["field"]), str(cause.get("message", ""))
    if not named:
        for names in _UNKNOWN_FIELD.findall(error.message):
            field = next(name for name in names if name).lstrip(".")
            yield field, f"there is no field `{field}`"


def _refusal(
    code: Any, error: StatusError, manifest: Manifest, field: str | None, words: str, place_of: PlaceOf
) -> Diagnostic:
    path = field_path(manifest.data, field) if field else ()
    where = f"`{format_path(path)}` of {manifest.key}" if path else str(manifest.key)
    hint = "the server said this about the object as it would be" if error.code != 403 else _whose(error)
    return Diagnostic(
        code,
        f"the server refuses {where}: {words[:_LONGEST]}",
        at=place_of(manifest.address.spec, manifest.origin(path) or ()),
        hint=hint,
        subject=str(manifest.address.spec),
    )


def _whose(error: StatusError) -> str:
    if "exceeded quota" in error.message:
        return "ask for less, remove something, or have the quota raised: kubectl describe quota"
    return "the policy that it names must allow it, or the object must change"


def conflict(manifest: Manifest, found: FieldConflict, place_of: PlaceOf) -> Diagnostic:
    """A field of another manager, and the ways out."""
    path = field_path(manifest.data, found.path)
    shown = format_path(path) or found.path.lstrip(".")
    return Diagnostic(
        codes.FIELD_CONFLICT,
        f"`{shown}` of {manifest.key} is held by `{found.manager}` with another value",
        at=place_of(manifest.address.spec, manifest.origin(path) or ()),
        hint=f"leave it out of the specs, or take it: opsdecl adopt {manifest.address}; "
        f'to take it in each apply: set `force: ["{manifest.address} {found.path}"]` of the target',
        subject=str(manifest.address.spec),
    )


def anothers_object(manifest: Manifest, live: Mapping[str, Any], keeper: Keeper) -> Diagnostic:
    """An object that another release, or another tool, has in its books."""
    find = f"; the set is: kubectl get configmaps -A -l applyset.kubernetes.io/id={keeper.id}" if keeper.id else ""
    name = keeper.shown(live)
    hint = f"take it out of there, then: opsdecl adopt {manifest.address} --from {name}{find}"
    said = f"{manifest.key} is part of {keeper.words}"
    return Diagnostic(codes.ANOTHERS_OBJECT, said, hint=hint, subject=str(manifest.address.spec))


def field_path(data: Mapping[str, Any], text: str) -> SpecPath:
    """The server's name of a field as a path in our object, as far as that has it.

    Both forms that it uses: `spec.containers[0].image`, and `.spec.containers[name="main"].image`.
    """
    return _walk(data, text)[0]


def has_field(data: Mapping[str, Any], text: str) -> bool:
    """Whether our object has the field that the server names."""
    return not _walk(data, text)[1]


def _walk(tree: Any, text: str) -> tuple[SpecPath, str]:
    """The path as far as the tree has it, and what of the name is left."""
    path: list[str | int] = []
    rest = text.lstrip(".")
    while rest:
        step = _step(tree, rest)
        if step is None:
            break
        part, tree, rest = step
        path.append(part)
    return tuple(path), rest


def _step(tree: Any, rest: str) -> tuple[str | int, Any, str] | None:
    """The longest name of a mapping that the text goes on with, since labels contain dots; an entry of a list."""
    if isinstance(tree, Mapping):
        names = [n for n in tree if rest == n or rest.startswith((f"{n}.", f"{n}[", f'["{n}"]', f"[{n}]"))]
        names = names or [n for n in tree if rest.startswith((f'["{n}"]', f"[{n}]"))]
        if not names:
            return None
        name = max(names, key=len)
        tail = rest[len(name) :] if rest.startswith(name) else rest[rest.index("]") + 1 :]
        return name, tree[name], tail.removeprefix(".")
    found = _PLACE.match(rest)
    if isinstance(tree, (list, tuple)) and found is not None and rest.startswith("["):
        inside = rest[1 : rest.index("]")]
        at = _index(tree, inside)
        if at is not None:
            return at, tree[at], rest[rest.index("]") + 1 :].removeprefix(".")
    return None


def _index(entries: Sequence[Any], inside: str) -> int | None:
    if inside.isdigit():
        return int(inside) if int(inside) < len(entries) else None
    wanted = dict(pair.split("=", 1) for pair in inside.split(",") if "=" in pair)
    for at, entry in enumerate(entries):
        named = {n: v.strip('"') for n, v in wanted.items() if isinstance(entry, Mapping) and n in entry}
        if named and all(str(entry[n]) == v for n, v in named.items()):
            return at
    return None
