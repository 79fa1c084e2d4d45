"""The restricted profile of Kubernetes' Pod Security Standards, for servers that were not written for it."""

from typing import Any

USER = 1000
"""Images of engines run as root unless told otherwise, which `runAsNonRoot` refuses."""


def pod_security(*, own_user: bool) -> dict[str, Any]:
    """`own_user`: the image brings a user of its own that must stay."""
    identity = {} if own_user else {"runAsUser": USER, "runAsGroup": USER}
    return {
        "runAsNonRoot": True,
        **identity,
        # Volumes that are new belong to root; the group may then write the cache.
        "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security(*, read_only_root: bool, rdma: bool = False) -> dict[str, Any]:
    """RDMA pins memory, for which the container needs one capability back."""
    capabilities = {"drop": ["ALL"], "add": ["IPC_LOCK"] if rdma else None}
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": capabilities,
        "readOnlyRootFilesystem": True if read_only_root else None,
    }


def fetcher_security() -> dict[str, Any]:
    """Of init containers: their images may run as root where the pod leaves users to its images."""
    return {**container_security(read_only_root=True), "runAsUser": USER}
