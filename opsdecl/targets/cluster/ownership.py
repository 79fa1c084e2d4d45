"""`metadata.managedFields`: who holds which fields of a live object, and what sort of writer that is."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

Fields = Mapping[str, Any]
"""A set of fields as the server writes it: `f:name`, `k:{...}` for entries of keyed lists, `v:...` of sets, `.`."""
NOTHING: Fields = {}

Sort = Literal["autoscaler", "operator", "person", "opsdecl"]
APPLY = "Apply"
CLIENT_SIDE = "kubectl-client-side-apply"
HAND_OVER = "opsdecl-replicas"
_SYSTEM = frozenset(
    {"kube-controller-manager", "kube-scheduler", "kubelet", "kube-apiserver", "cloud-controller-manager"}
)
_SCALERS = frozenset({"keda-operator", "keda", "vpa-recommender", "vpa-updater", "cluster-proportional-autoscaler"})
_PEOPLES = (
    "kubectl",
    "k9s",
    "lens",
    "headlamp",
    "mozilla",
    "okteto",
    "oc",
    "helm",
    "python-requests",
    "curl",
    "before-first-apply",
)
"""What people hold in their hands; everything else is taken for a program that runs in the cluster."""
LONGEST = 128


class Holder(Struct, frozen=True):
    """One entry of managedFields."""

    manager: str
    operation: str
    subresource: str
    time: str
    fields: Fields

    @property
    def sort(self) -> Sort:
        if self.manager.lower().startswith(_PEOPLES):
            return "person"
        if self.subresource == "scale" or self.manager in _SCALERS:
            return "autoscaler"
        return "opsdecl" if self.manager.startswith("opsdecl") else "operator"

    @property
    def words(self) -> str:
        """`kubectl-edit (a person) at 2026-03-01T09:12:00Z`."""
        article = "a" if self.sort == "person" else "an"
        named = self.manager if self.sort == "opsdecl" else f"{self.manager} ({article} {self.sort})"
        return f"{named} at {self.time}" if self.time else named

    @property
    def is_bystander(self) -> bool:
        """Status, and what Kubernetes itself notes on objects: never something that we would have set."""
        return self.subresource == "status" or (self.manager in _SYSTEM and not self.subresource)


def manager_of(project: str, environment: str, target: str) -> str:
    """The field manager of a release, shortened with a hash where the server would refuse its length."""
    name = f"opsdecl/{project}/{environment}/{target}"
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 11]}-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def holders(live: Mapping[str, Any]) -> tuple[Holder, ...]:
    return tuple(
        Holder(
            manager=str(entry.get("manager", "")),
            operation=str(entry.get("operation", "")),
            subresource=str(entry.get("subresource") or ""),
            time=str(entry.get("time") or ""),
            fields=entry.get("fieldsV1") or NOTHING,
        )
        for entry in live.get("metadata", {}).get("managedFields") or ()
    )


def is_ours(holder: Holder, manager: str) -> bool:
    return holder.manager == manager and holder.operation == APPLY and not holder.subresource


def own(found: tuple[Holder, ...], manager: str) -> Holder | None:
    """The entry of our own applies; None for an object that we never applied, or lost."""
    return next((holder for holder in found if is_ours(holder, manager)), None)


def stamp(holder: Holder | None) -> str:
    """Moves whenever a field leaves or enters the holder's hands, or gets another value from it."""
    if holder is None:
        return ""
    told = msgspec.json.encode([holder.time, holder.fields])
    if not told.isascii():
        # Records hold stamps of the other spelling.
        told = json.dumps([holder.time, holder.fields], separators=(",", ":")).encode()
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def leaves(fields: Fields, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Each field as the names on its way, in the words of managedFields."""
    inner = [name for name in fields if name != "."]
    if not inner:
        yield path
    for name in inner:
        yield from leaves(fields[name], (*path, name))


def contains(fields: Fields, path: tuple[str, ...]) -> bool:
    """Whether the path, or something that holds all of it, is in the set."""
    for name in path:
        if not [inner for inner in fields if inner != "."]:
            return True
        if name not in fields:
            return False
        fields = fields[name]
    return True


def holds_all(fields: Fields, tree: Any) -> bool:
    """Whether each field that an object of plain data sets is in the set."""
    if not [inner for inner in fields if inner != "."]:
        return True
    if isinstance(tree, Mapping):
        return all(f"f:{name}" in fields and holds_all(fields[f"f:{name}"], value) for name, value in tree.items())
    keyed = [(json.loads(name[2:]), inner) for name, inner in fields.items() if name.startswith("k:")]
    items = tree if isinstance(tree, (list, tuple)) and keyed else ()
    return all(any(_has_key(item, key) and holds_all(inner, item) for key, inner in keyed) for item in items)


def value_at(tree: Any, path: tuple[str, ...], missing: Any = None) -> Any:
    """What a tree of plain data holds at a leaf; entries of lists are found by their keys, of sets by their value."""
    for part in path:
        sort, _, rest = part.partition(":")
        if sort == "f" and isinstance(tree, Mapping) and rest in tree:
            tree = tree[rest]
        elif sort == "k" and isinstance(tree, (list, tuple)):
            key = json.loads(rest)
            tree = next((item for item in tree if _has_key(item, key)), missing)
        elif sort == "v" and isinstance(tree, (list, tuple)) and json.loads(rest) in tree:
            tree = json.loads(rest)
        else:
            return missing
    return tree


def _has_key(item: Any, key: Mapping[str, Any]) -> bool:
    """Keys that the item leaves to the server's defaults match anything."""
    named = [name for name in key if name in item] if isinstance(item, Mapping) else []
    return bool(named) and all(item[name] == key[name] for name in named)


def print_leaf(path: tuple[str, ...]) -> str:
    """`spec.template.spec.containers[main].image`."""
    text = ""
    for part in path:
        sort, _, rest = part.partition(":")
        if sort == "f":
            text += f".{rest}" if text and "." not in rest and "/" not in rest else f'["{rest}"]' if text else rest
        elif sort == "k":
            text += f"[{':'.join(str(v) for v in json.loads(rest).values())}]"
        else:
            text += f"[{rest}]"
    return text
