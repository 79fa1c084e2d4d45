"""The plan of a rollback tells what going back means, whatever the specs of today say."""

from opsdecl.diff.prune import PruneRules
from opsdecl.flows.apply import Return, plan_return
from opsdecl.targets.cluster.target import ClusterTarget
from tests.contracts.builders import RELEASE, apply, chat, manifest, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.overtaking import person, server_of, without_count

__all__ = ["assist"]


def way_back(target: ClusterTarget, revision: str) -> Return:
    found = plan_return(target, RELEASE, revision, PruneRules())
    assert found.diagnostics == ()
    assert found.value is not None
    return found.value


def test_a_count_that_would_be_set_back_is_shown(cluster: ControlPlane, assist: str) -> None:
    first = apply(cluster_target(cluster), chat()).value.revision
    cluster.kubectl("delete", "deployment", "chat", "-n", NAMESPACE)
    today = without_count(chat())
    apply(cluster_target(cluster), today)
    person(cluster).scale(server_of(chat()))
    count = cluster.get("deployment", "chat", NAMESPACE)["spec"]["replicas"]
    way = way_back(cluster_target(cluster, today), first)
    (change,) = way.plan.changes
    assert {field.path: (field.before, field.after) for field in change.fields} == {"spec.replicas": (count, 0)}


def test_what_the_server_refuses_of_the_specs_does_not_stand_in_the_way(cluster: ControlPlane, assist: str) -> None:
    good = release(manifest("LLM.chat/main/config", "ConfigMap", "chat", 1))
    first = apply(cluster_target(cluster), good).value.revision
    apply(cluster_target(cluster), release(manifest("LLM.chat/main/config", "ConfigMap", "chat", 2)))
    refused = release(manifest("LLM.chat/main/it", "Service", "Not A Name"))
    target = cluster_target(cluster, refused)
    assert [d.code.id for d in target.read().diagnostics] == ["OD607"]
    way = way_back(target, first)
    assert [(c.address, c.action) for c in way.plan.changes] == [("LLM.chat/main/config", "update")]
