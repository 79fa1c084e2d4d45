"""Which cluster a release goes to, as its environment says."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

PlanMode = Literal["dry-run", "read"]
DRY_RUN: PlanMode = "dry-run"


class ClusterSettings(Struct, frozen=True):
    """`context` names one of the kubeconfig, `in_cluster` takes the pod's service account instead: never what happens
    to be current. `namespace` holds the release's records. `plans`: whether plans may ask the server for dry runs.
    `kubeconfig` are paths, joined as in KUBECONFIG; empty: the variable's, else `~/.kube/config`."""

    context: str | None
    in_cluster: bool = False
    namespace: str = "default"
    plans: PlanMode = DRY_RUN
    force: tuple[str, ...] = ()
    """`ADDRESS PATH` of fields that are taken from other managers."""
    kubeconfig: str = ""
    revisions: int = 20
    """How many revisions are kept."""
    wait_at_most_s: float | None = None
    """Bounds how long an apply waits until an object is ready; None: as long as its own probes and deadlines allow."""

    @classmethod
    def from_mapping(
        cls, settings: Mapping[str, Any], namespaces: tuple[str, ...], wait_at_most_s: float | None = None
    ) -> "ClusterSettings":
        """From the target's settings with defaults (`Environment.spec.targets.<name>`), `spec.namespaces`, and the
        setting `waitAtMost` in seconds."""
        return cls(
            context=settings.get("context"),
            in_cluster=bool(settings.get("inCluster")),
            namespace=settings.get("namespace") or next(iter(namespaces), "default"),
            plans=settings.get("plans") or DRY_RUN,
            force=tuple(settings.get("force") or ()),
            wait_at_most_s=wait_at_most_s,
            revisions=settings.get("revisions") or 20,
        )
