"""What the engine and the API server say about objects -> findings at the lines that set their fields."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsdecl.addr import format_path
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import pulumi as codes
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.refusals import PlaceOf, field_path

LARGEST = 2**53
_FIELD = re.compile(
    r"(?:^|[\s\[,;(])((?:spec|metadata|data|webhooks|rules)[\w.\[\]\"/-]*(?:\[[^\]]*\][\w.\[\]\"/-]*)*): "
)
_MANAGER = re.compile(r'conflict with "([^"]+)"')
_LONGEST = 600


def refused(manifest: Manifest, words: Sequence[str], place_of: PlaceOf) -> Diagnostic:
    """One object that the engine could not apply, at the field that the server names."""
    said = " ".join(" ".join(words).split())
    path = _path(manifest.data, said)
    where = f"`{format_path(path)}` of {manifest.key}" if path else str(manifest.key)
    taker = _MANAGER.search(said)
    hint = "mend that, and apply again; what does not need it was applied"
    if taker is not None:
        hint = f"`{taker.group(1)}` holds the field: leave it out of the specs, or let go of it there"
    return Diagnostic(
        codes.RESOURCE_FAILED,
        f"{where} could not be applied: {said[:_LONGEST] or 'Pulumi does not say why'}",
        at=place_of(manifest.address.spec, manifest.origin(path) or ()),
        hint=hint,
        subject=str(manifest.address.spec),
    )


def not_removed(address: str, words: Sequence[str]) -> Diagnostic:
    said = " ".join(" ".join(words).split())[:_LONGEST] or "Pulumi does not say why"
    subject = address.partition("/")[0]
    hint = "mend that, and apply again"
    return Diagnostic(codes.RESOURCE_FAILED, f"`{address}` could not be removed: {said}", hint=hint, subject=subject)


def left_out(address: str, cause: str) -> Diagnostic:
    subject = address.partition("/")[0]
    hint = "mend that, and apply again"
    return Diagnostic(codes.RESOURCE_LEFT_OUT, f"`{address}` was left out: {cause}", hint=hint, subject=subject)


def _path(data: Mapping[str, Any], said: str) -> SpecPath:
    found = (field_path(data, text) for text in _FIELD.findall(said))
    return max(found, key=len, default=())


def too_large(manifest: Manifest, place_of: PlaceOf) -> Iterator[Diagnostic]:
    """Integers that a double cannot hold exactly, and would arrive as others."""
    for path, value in _numbers(manifest.data, ()):
        yield Diagnostic(
            codes.NUMBER_TOO_LARGE,
            f"`{format_path(path)}` of {manifest.key} is {value}, and Pulumi holds integers up to {LARGEST} only",
            at=place_of(manifest.address.spec, manifest.origin(path) or ()),
            hint="use a smaller number or a unit, or a target of type git or cluster",
            subject=str(manifest.address.spec),
        )


def _numbers(value: Any, path: SpecPath) -> Iterator[tuple[SpecPath, int]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _numbers(inner, (*path, name))
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            yield from _numbers(inner, (*path, at))
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        yield path, value
