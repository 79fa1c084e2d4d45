"""What the provider must be told through annotations: decorations, outside digest and equality."""

from collections.abc import Mapping
from typing import Any

PREFIX = "pulumi.com/"
FIELD_MANAGER = f"{PREFIX}patchFieldManager"
"""One manager for all applies of a release, so that whatever an interrupted one left behind is written again and not
fought over."""
FORCE = f"{PREFIX}patchForce"
"""Takes fields back that somebody changed: drift that the plan showed."""
SKIP_AWAIT = f"{PREFIX}skipAwait"
"""Readiness is ours: the provider gives up after ten minutes, when a large model is still being loaded."""

WITH_EARLY_DELETE = frozenset(
    {"Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job"}
)
"""Kinds whose deletion the provider does not wait for either, where it is told to skip waiting."""

_AWAITED = frozenset({"CustomResourceDefinition", "Namespace"})


def decorations(kind: str, manager: str, *, needed: bool, force: bool, rendered: bool) -> Mapping[str, str]:
    """Of one object. `needed`: others come only once it is done; `rendered`: to a folder, where nothing waits."""
    if rendered:
        return {}
    waits = kind in _AWAITED or (kind == "Job" and needed)
    return {
        FIELD_MANAGER: manager,
        **({} if waits else {SKIP_AWAIT: "true"}),
        **({FORCE: "true"} if force else {}),
    }


def decorated(data: Mapping[str, Any], annotations: Mapping[str, str]) -> dict[str, Any]:
    if not annotations:
        return dict(data)
    metadata = data.get("metadata", {})
    return {**data, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), **annotations}}}


def undecorated(data: Mapping[str, Any]) -> dict[str, Any]:
    metadata = dict(data.get("metadata", {}))
    annotations = {n: v for n, v in (metadata.get("annotations") or {}).items() if not n.startswith(PREFIX)}
    if annotations:
        metadata["annotations"] = annotations
    elif metadata.get("annotations"):
        del metadata["annotations"]
    return {**data, "metadata": metadata}
