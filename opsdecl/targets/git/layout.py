"""Objects -> files of a branch, with the annotations that only the target needs."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from opsdecl.addr import ON_CHANGE, ObjectKey
from opsdecl.render.types import Manifest
from opsdecl.targets.git.inventory import Decoration
from opsdecl.targets.git.settings import MANIFESTS

CLUSTER = "_cluster"
SYNC_WAVE = "argocd.argoproj.io/sync-wave"
_PLAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def files_of(keys: Iterable[ObjectKey], folder: str = MANIFESTS) -> dict[ObjectKey, str]:
    """The file of each object: `manifests/<namespace>/<kind>-<name>.yaml`, with the group where two share it."""
    keys = tuple(keys)
    shared = Counter(_file(key, folder) for key in keys)
    return {key: _file(key, folder, group=shared[_file(key, folder)] > 1) for key in keys}


def _file(key: ObjectKey, folder: str, *, group: bool = False) -> str:
    of = key.api_version.rpartition("/")[0] if group else ""
    kind = key.kind.lower() + (f".{of}" if of else "")
    return f"{folder}/{_plain(key.namespace) or CLUSTER}/{_plain(kind)}-{_plain(key.name)}.yaml"


def _plain(name: str) -> str:
    """A name as part of a path on any file system: what is unusual is replaced, and a hash keeps it unique."""
    if not name or _PLAIN.fullmatch(name):
        return name
    plain = re.sub(r"[^a-z0-9-]+", "_", name.lower()).strip("_")
    return f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def waves(manifests: Iterable[Manifest]) -> dict[str, int]:
    """Address -> how many steps of dependencies lie before it. Dependencies outside the set do not count."""
    needs = {str(m.address): [str(address) for address in m.depends_on] for m in manifests}
    found: dict[str, int] = {}
    for address in needs:
        _visit(address, needs, found)
    return found


def _visit(start: str, needs: Mapping[str, list[str]], found: dict[str, int]) -> None:
    """Without recursion, since chains may be long; a cycle counts as if its last edge were not there."""
    stack, opened = [start], set[str]()
    while stack:
        address = stack[-1]
        if address in found:
            stack.pop()
            continue
        waiting = [need for need in needs[address] if need in needs and need not in found and need not in opened]
        opened.add(address)
        if waiting:
            stack.extend(waiting)
        else:
            found[address] = max((found[need] + 1 for need in needs[address] if need in found), default=0)
            stack.pop()


def sync_wave(data: Mapping[str, Any], wave: int) -> tuple[Decoration, ...]:
    """The annotation by which Argo CD orders objects; none for the first wave and where the object brings its own."""
    annotations = data.get("metadata", {}).get("annotations")
    if wave == 0 or (annotations and SYNC_WAVE in annotations):
        return ()
    return (Decoration(("metadata", "annotations", SYNC_WAVE), str(wave), 0 if annotations is not None else 1),)


_KEPT_FROM_PRUNING = (
    ("argocd.argoproj.io/sync-options", "Prune=false"),
    ("argocd.argoproj.io/compare-options", "IgnoreExtraneous"),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
)
"""By which a run that left the branch goes on to its end, and is not told to be missing there."""


def kept_running(data: Mapping[str, Any]) -> tuple[Decoration, ...]:
    """Of a run, which whoever syncs the branch must not end; none of one that is to be cancelled."""
    annotations = data.get("metadata", {}).get("annotations")
    if (annotations or {}).get(ON_CHANGE) == "cancel":
        return ()
    made = 0 if annotations is not None else 1
    return tuple(Decoration(("metadata", "annotations", name), value, made) for name, value in _KEPT_FROM_PRUNING)


def decorate(data: Mapping[str, Any], decorations: Iterable[Decoration]) -> dict[str, Any]:
    """A copy with the decorations in it."""
    result = dict(data)
    for decoration in decorations:
        inner = result
        for part in decoration.path[:-1]:
            inner[part] = dict(inner.get(part) or {})
            inner = inner[part]
        inner[decoration.path[-1]] = decoration.value
    return result


def undecorate(data: Mapping[str, Any], decorations: Iterable[Decoration]) -> dict[str, Any]:
    """A copy without the listed decorations. One whose value was changed stays: somebody edited it."""
    result = dict(data)
    for decoration in decorations:
        _remove(result, decoration)
    return result


def _remove(data: dict[str, Any], decoration: Decoration) -> None:
    way = [data]
    for part in decoration.path[:-1]:
        inner = way[-1].get(part)
        if not isinstance(inner, Mapping):
            return
        way[-1][part] = dict(inner)
        way.append(way[-1][part])
    if way[-1].get(decoration.path[-1]) != decoration.value:
        return
    del way[-1][decoration.path[-1]]
    for depth in range(decoration.made):
        holder, name = way[-2 - depth], decoration.path[-2 - depth]
        if not holder[name]:
            del holder[name]
