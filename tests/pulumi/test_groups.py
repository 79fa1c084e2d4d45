"""A model over several nodes through the real engine and provider, which have no class of their own for its kind."""

import json
from pathlib import Path

import pytest

from tests.contracts.builders import actions, apply, plan_of
from tests.pulumi.test_examples import exported
from tests.support.cluster import ControlPlane
from tests.support.large import NAMESPACE, large_tree
from tests.support.project import built
from tests.support.pulumi_places import cluster_stack, folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]
GROUPS = "leaderworkersets.leaderworkerset.x-k8s.io"
TOKEN = "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"


def test_the_engine_receives_what_was_rendered(pulumi: Path) -> None:
    desired = built(large_tree(), "prod").manifests
    target = folder_target(pulumi, desired, desired.release)
    done = apply(target, desired)
    assert done.value is not None, done.diagnostics
    state, _ = exported(target)
    group = state.objects["LLM.large/main/leader-worker-set"]
    (manifest,) = [m for m in desired.manifests if m.key.kind == "LeaderWorkerSet"]
    assert group.token == TOKEN
    # Of kinds that it has classes for, the provider writes quantities as text; of this one it leaves all as it is.
    assert json.dumps(group.inputs, sort_keys=True) == json.dumps(manifest.data, sort_keys=True)


def test_it_is_applied_changed_and_seen_as_it_is(cluster: ControlPlane, pulumi: Path) -> None:
    cluster.install_crds("lws")
    if cluster.attempt("get", "namespace", NAMESPACE).returncode:
        cluster.create_namespace(NAMESPACE)
    desired = built(large_tree(), "prod").manifests
    release = desired.release
    done = apply(cluster_stack(cluster, pulumi, desired, release), desired)
    assert done.value is not None, done.diagnostics
    assert done.diagnostics == ()
    state = cluster_stack(cluster, pulumi, desired, release).read().value
    assert state is not None
    assert actions(plan_of(state, desired)) == {}

    longer = built(large_tree(**{"8192": "16384"}), "prod").manifests
    assert set(actions(plan_of(state, longer))) == {"LLM.large/main/leader-worker-set"}
    assert apply(cluster_stack(cluster, pulumi, longer, release), longer).diagnostics == ()
    live = cluster.get(GROUPS, "large-group", NAMESPACE)["spec"]["leaderWorkerTemplate"]
    for member in ("leaderTemplate", "workerTemplate"):
        assert "--max-model-len=16384" in live[member]["spec"]["containers"][0]["args"]
    cluster.attempt("delete", GROUPS, "--all", "-n", NAMESPACE)
