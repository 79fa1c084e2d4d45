"""What an LLM becomes whose replicas span several nodes, where LeaderWorkerSet is installed."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsdecl.diag import Diagnostic, Place, SpecPath
from opsdecl.render.schema_store import supported_versions
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.unit.lower.builders import CHAT, llm, lowered

INSTALLED = "platform: {multiNode: leader-worker-set}"
LARGE = """
accelerator: {gpu: h100-80gb, count: 8, nodes: 2, pool: h100}
parallelism: {tensor: 8, pipeline: 2}
weights: {cache: {type: hostPath, path: /data}}
"""


def spec(changes: str = "") -> str:
    return "spec:\n" + "".join(f"  {line}\n" for line in (LARGE + changes).strip().splitlines())


def large(changes: str = "", environment: str = INSTALLED) -> dict[str, Manifest]:
    return llm(spec(changes), environment)


def group(manifests: Mapping[str, Manifest]) -> Any:
    return manifests["leader-worker-set"].data["spec"]


def server(manifests: Mapping[str, Manifest], member: str) -> Any:
    return group(manifests)["leaderWorkerTemplate"][f"{member}Template"]["spec"]["containers"][0]


def refused(changes: str, environment: str = INSTALLED, runtimes: str = "{}") -> list[Diagnostic]:
    return list(lowered("LLM", CHAT, spec(changes), environment, runtimes).diagnostics)


def path_of(found: Diagnostic) -> SpecPath | None:
    return found.at.path if isinstance(found.at, Place) else None


def test_the_objects() -> None:
    roles = {role: (m.key.kind, m.key.name, m.token) for role, m in large().items()}
    token = "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"
    assert roles.pop("leader-worker-set") == ("LeaderWorkerSet", "chat-group", token)
    assert sorted(roles) == ["hpa", "network-policy", "pdb", "service", "service-account"]


VARIATIONS = (
    "",
    "runtime: sglang",
    "replicas: {count: 3}",
    "replicas: {count: 1}\nrollout: {strategy: recreate}",
    "rollout: {strategy: rolling, maxSurge: 50%}\ndisruption: {maxUnavailable: 50%}",
    "rdma: {resource: rdma/hca, count: 8}\nchatTemplate: {text: x}",
    "scheduling: {priorityClass: high, topologySpread: false}",
)


@pytest.mark.parametrize("version", supported_versions("1.37"))
@pytest.mark.parametrize("changes", VARIATIONS)
def test_every_object_passes_its_schema(changes: str, version: str) -> None:
    report = examine_schemas(list(large(changes).values()), version, lambda address, path: None)
    assert report.diagnostics == ()
    assert report.objects >= 4


def test_each_pod_is_told_which_one_it_is_as_vllm_wants_it() -> None:
    manifests = large()
    shared = ["--distributed-executor-backend=mp", "--nnodes=2", "--master-addr=$(LWS_LEADER_ADDRESS)"]
    leader, worker = (server(manifests, member)["args"] for member in ("leader", "worker"))
    assert leader[-4:] == [*shared, "--node-rank=0"]
    assert worker[-5:] == [*shared, "--node-rank=$(LWS_WORKER_INDEX)", "--headless"]
    assert leader[:-4] == worker[:-5]
    assert {"--tensor-parallel-size=8", "--pipeline-parallel-size=2"} <= set(leader)


def test_each_pod_is_told_which_one_it_is_as_sglang_wants_it() -> None:
    manifests = large("runtime: sglang")
    leader, worker = (server(manifests, member)["args"] for member in ("leader", "worker"))
    shared = ["--nnodes=2", "--dist-init-addr=$(LWS_LEADER_ADDRESS):20000"]
    assert leader[-3:] == [*shared, "--node-rank=0"]
    assert worker[-3:] == [*shared, "--node-rank=$(LWS_WORKER_INDEX)"]


def test_only_the_leader_answers() -> None:
    manifests = large()
    leader, worker = server(manifests, "leader"), server(manifests, "worker")
    assert {"startupProbe", "readinessProbe", "livenessProbe", "ports"} <= leader.keys()
    assert not {"startupProbe", "readinessProbe", "livenessProbe", "ports"} & worker.keys()
    assert manifests["service"].key.name == "chat"
    chosen = manifests["service"].data["spec"]["selector"]
    labels = {m: group(manifests)["leaderWorkerTemplate"][f"{m}Template"]["metadata"]["labels"] for m in MEMBERS}
    assert chosen.items() <= labels["leader"].items()
    assert not chosen.items() <= labels["worker"].items()


MEMBERS = ("leader", "worker")


def test_what_else_a_pod_needs_all_have() -> None:
    manifests = large("rdma: {resource: rdma/hca, count: 4}")
    leader, worker = server(manifests, "leader"), server(manifests, "worker")
    for name in ("image", "env", "resources", "volumeMounts", "lifecycle", "securityContext"):
        assert leader[name] == worker[name], name
    assert worker["resources"]["limits"] | {"memory": ""} == {"nvidia.com/gpu": 8, "rdma/hca": 4, "memory": ""}
    pods = [group(manifests)["leaderWorkerTemplate"][f"{m}Template"]["spec"] for m in MEMBERS]
    for name in ("volumes", "terminationGracePeriodSeconds", "nodeSelector", "tolerations", "securityContext"):
        assert pods[0][name] == pods[1][name], name


def test_a_lost_pod_restarts_its_group_and_no_two_pods_of_one_share_a_node() -> None:
    manifests = large()
    template = group(manifests)["leaderWorkerTemplate"]
    assert (template["size"], template["restartPolicy"]) == (2, "RecreateGroupOnPodRestart")
    for member in MEMBERS:
        affinity = template[f"{member}Template"]["spec"]["affinity"]
        (apart,) = affinity["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert apart["topologyKey"] == "kubernetes.io/hostname"
        assert apart["matchLabelKeys"] == ["leaderworkerset.sigs.k8s.io/group-index"]


def test_the_autoscaler_scales_groups_and_owns_their_number() -> None:
    manifests = large()
    target = manifests["hpa"].data["spec"]["scaleTargetRef"]
    assert target == {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": "chat-group"}
    assert "replicas" not in group(manifests)
    assert group(large("replicas: {count: 3, min: null, max: null, target: null}"))["replicas"] == 3


def test_a_budget_counts_the_pods_of_a_replica_as_one() -> None:
    """With one pod of a replica all of them go, so the second of two replicas may begin to go while two are away."""
    assert large()["pdb"].data["spec"]["maxUnavailable"] == 1
    assert large("disruption: {maxUnavailable: 2}")["pdb"].data["spec"]["maxUnavailable"] == 3
    assert large("disruption: {maxUnavailable: 50%}")["pdb"].data["spec"]["maxUnavailable"] == "50%"
    assert large("disruption: {maxUnavailable: 0}")["pdb"].data["spec"]["maxUnavailable"] == 0


def test_members_may_reach_each_other_on_any_port() -> None:
    rules = large()["network-policy"].data["spec"]["ingress"]
    own = {"opsdecl.dev/kind": "LLM", "opsdecl.dev/base": "chat", "opsdecl.dev/variant": "main"}
    assert {"from": [{"podSelector": {"matchLabels": own}}]} in rules


def bounds(changes: str, environment: str = INSTALLED) -> Any:
    return group(large(changes, environment))["rolloutStrategy"]["rollingUpdateConfiguration"]


def reserve(gpus: int) -> str:
    return f"{INSTALLED}\ncapacity: {{pools: {{h100: {{gpu: h100-80gb, nodes: 4, gpusPerNode: 8, reserve: {gpus}}}}}}}"


def test_a_replica_more_is_started_only_where_the_reserve_holds_a_whole_one() -> None:
    assert bounds("", reserve(16)) == {"maxSurge": 1, "maxUnavailable": 0}
    assert bounds("", reserve(15)) == {"maxSurge": 0, "maxUnavailable": 1}
    assert bounds("rollout: {strategy: rolling, maxSurge: 2}") == {"maxSurge": 2, "maxUnavailable": 0}
    assert bounds("rollout: {strategy: recreate}") == {"maxSurge": 0, "maxUnavailable": "100%"}


def test_the_name_leaves_room_for_what_the_operator_adds() -> None:
    name = "a" * 60
    manifests = llm("metadata: {name: " + name + "}\n" + spec(), INSTALLED)
    longest = f"{manifests['leader-worker-set'].key.name}-999-{'0' * 10}"
    assert len(longest) <= 63
    assert manifests["service"].key.name == name


def test_one_node_stays_a_deployment() -> None:
    changes = "spec: {accelerator: {nodes: 1}}"
    assert "deployment" in llm(changes, INSTALLED)
    without = llm("{}", INSTALLED)
    assert {role: m.digest for role, m in llm(changes, INSTALLED).items()} == {r: m.digest for r, m in without.items()}


def test_what_groups_cannot_do_is_refused_at_its_line() -> None:
    cases = {
        "runtime: custom": ("OD436", ("spec", "accelerator", "nodes")),
        "replicas: {count: 2, min: null, max: null, target: null}\n"
        "rollout: {strategy: rolling, maxSurge: 0, maxUnavailable: 25%}": ("OD437", ("spec", "rollout")),
    }
    for changes, (code, path) in cases.items():
        found = refused(changes)
        assert [(f.code.id, path_of(f)) for f in found] == [(code, path)], changes


def test_without_the_operator_it_is_refused() -> None:
    (found,) = refused("", environment="{}")
    assert (found.code.id, path_of(found)) == ("OD435", ("spec", "accelerator", "nodes"))
