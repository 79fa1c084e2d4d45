"""Fields that other managers hold -> fields of ours, as managedFields has them. Pure."""

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from opsdecl.targets.cluster.ownership import APPLY, Fields

CLIENT_SIDE = frozenset({"kubectl-client-side-apply", "before-first-apply"})
"""What `kubectl apply` without `--server-side` writes, and what was there before the first apply."""
_UPDATE = "Update"


def takes(entry: Mapping[str, Any], named: Collection[str]) -> bool:
    """Whether the entry of managedFields is one that a take-over turns into ours: of a client-side apply, or named."""
    manager = str(entry.get("manager", ""))
    return not entry.get("subresource") and (
        manager in named or (manager in CLIENT_SIDE and entry.get("operation") == _UPDATE)
    )


def migrated(entries: Sequence[Mapping[str, Any]], named: Collection[str], manager: str) -> list[dict[str, Any]]:
    """managedFields with all that is taken in our entry, which is there already: as client-go's csaupgrade does it,
    sets of fields of another version of the API are dropped, for nobody can join them."""
    taken = [entry for entry in entries if takes(entry, named) and not _is_ours(entry, manager)]
    kept = [dict(entry) for entry in entries if entry not in taken]
    for entry in kept:
        if _is_ours(entry, manager):
            same = [one for one in taken if one.get("apiVersion") == entry.get("apiVersion")]
            entry["fieldsV1"] = _union([entry.get("fieldsV1") or {}, *(one.get("fieldsV1") or {} for one in same)])
    return kept


def _is_ours(entry: Mapping[str, Any], manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == APPLY and not entry.get("subresource")


def _union(sets: Sequence[Fields]) -> dict[str, Any]:
    names = dict.fromkeys(name for one in sets for name in one)
    return {name: _union([one[name] for one in sets if name in one]) for name in names}


def without(live: Mapping[str, Any], leaves: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """A live object without some fields, named as managedFields names them."""
    from opsdecl.targets.cluster.projection import matching_key

    left = copy.deepcopy(dict(live))
    for leaf in leaves:
        tree: Any = left
        for name in leaf[:-1]:
            tree = _step(tree, name, matching_key)
        sort, _, rest = leaf[-1].partition(":")
        if sort == "f" and isinstance(tree, dict):
            tree.pop(rest, None)
        elif isinstance(tree, list):
            gone = _step(tree, leaf[-1], matching_key)
            tree[:] = [item for item in tree if item is not gone]
    return left


def value_at(live: Any, leaf: Sequence[str]) -> Any:
    """What the object has there; None where it has nothing."""
    from opsdecl.targets.cluster.projection import matching_key

    for name in leaf:
        live = _step(live, name, matching_key)
    return live


def _step(tree: Any, name: str, matching_key: Any) -> Any:
    sort, _, rest = name.partition(":")
    if sort == "f":
        return tree.get(rest) if isinstance(tree, Mapping) else None
    return matching_key(tree, rest) if isinstance(tree, list) else None
