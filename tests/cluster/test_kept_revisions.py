"""Revisions: bounded in number, compressed in the cluster, and what they know of each object."""

import json

from opsdecl.targets.cluster.store import EPOCH
from tests.contracts.builders import apply, chat
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target

__all__ = ["assist"]
KEPT = 3


def records(cluster: ControlPlane) -> dict[str, int]:
    """How many ConfigMaps of each role the cluster holds."""
    rows = json.loads(cluster.kubectl("get", "cm", "-n", NAMESPACE, "-l", "opsdecl.dev/record", "-o", "json"))["items"]
    assert all(EPOCH not in row["metadata"].get("annotations", {}) for row in rows)
    roles = [row["metadata"]["labels"]["opsdecl.dev/record"] for row in rows]
    return {role: roles.count(role) for role in ("parent", "revision", "chunk")}


def test_as_many_as_the_settings_say_are_kept_and_blame_knows_them(cluster: ControlPlane, assist: str) -> None:
    target = cluster_target(cluster, revisions=KEPT)
    for value in range(1, KEPT + 1):
        assert apply(target, chat(value), summary=f"version {value}").diagnostics == ()
    first = target.blame("LLM.chat/main/service").value
    assert first is not None
    assert first.summary == "version 1"
    full = records(cluster)
    for value in range(KEPT + 1, KEPT + 4):
        assert apply(target, chat(value), summary=f"version {value}").diagnostics == ()
    kept = target.history(20).value or ()
    assert [revision.summary for revision in kept] == ["version 6", "version 5", "version 4"]
    assert records(cluster) == full
    assert full["revision"] == KEPT
    assert [d.code.id for d in target.read_revision(first.id).diagnostics] == ["OD659"]
    then = target.read_revision(kept[-1].id).value
    assert then is not None
    held = {o.key.kind: o.live for o in then.objects}["Deployment"]
    assert held is not None
    assert held["spec"]["revisionHistoryLimit"] == 4

    changed = target.blame("LLM.chat/main/deployment").value
    assert changed is not None
    assert changed.summary == "version 6"
    # Nobody changed it since, and who did is not known any more: that is said, and the oldest kept is not blamed.
    for name in ("LLM.chat/main/service", f"Service {NAMESPACE}/chat"):
        assert [d.code.id for d in target.blame(name).diagnostics] == ["OD626"]
    assert [d.code.id for d in target.blame("LLM.chta").diagnostics] == ["OD660"]
