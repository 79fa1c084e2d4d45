"""Other tools that have an object in their books: who, and by which names they are given up on purpose."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsdecl.targets.cluster.ownership import APPLY, holders
from opsdecl.targets.cluster.store import PART_OF


class Keeper(Struct, frozen=True):
    """`words` for people; `managers` are the field managers that it works as, each a name for `--from`, as is `id`."""

    words: str
    managers: frozenset[str]
    id: str = ""

    def is_named(self, names: frozenset[str]) -> bool:
        return bool(names & self.managers) or self.id in names

    def shown(self, live: Mapping[str, Any]) -> str:
        """The name to give: the manager that wrote the object, else the first."""
        present = sorted(self.managers & {holder.manager for holder in holders(live)})
        return next(iter(present or sorted(self.managers)), self.id)


_MARKS: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD application", frozenset({"argocd-controller"})),
    ("labels", "argocd.argoproj.io/instance", "Argo CD application", frozenset({"argocd-controller"})),
    ("labels", "kustomize.toolkit.fluxcd.io/name", "Flux Kustomization", frozenset({"kustomize-controller"})),
    ("labels", "helm.toolkit.fluxcd.io/name", "Flux HelmRelease", frozenset({"helm-controller"})),
    ("annotations", "meta.helm.sh/release-name", "Helm release", frozenset({"helm"})),
)
"""Where each tool writes whose an object is, and its field manager: documented by the tools. Flux goes before Helm,
since it works through Helm."""


def applyset_of(live: Mapping[str, Any]) -> str:
    """The set that the object says it is part of; empty for none."""
    return str((live["metadata"].get("labels") or {}).get(PART_OF, ""))


def keeper_of(live: Mapping[str, Any], applyset: str, manager: str) -> Keeper | None:
    """The tool, or the other release, that applies the object; None where nobody says so."""
    metadata = live["metadata"]
    label = (metadata.get("labels") or {}).get(PART_OF)
    if label is not None and label != applyset:
        others = {h.manager for h in holders(live) if h.operation == APPLY and h.manager.startswith("opsdecl/")}
        release = next(iter(sorted(others - {manager})), "")
        words = f"release `{release}`" if release else f"set `{label}`"
        return Keeper(words, frozenset(others - {manager}), label)
    for place, name, words, managers in _MARKS:
        value = (metadata.get(place) or {}).get(name)
        if value is not None:
            return Keeper(f"{words} `{str(value).partition(':')[0]}`", managers)
    return None
