"""The queues of an environment that owns them: what Kueue counts of each quota, on which nodes."""

from typing import Any

import yaml

from opsdecl.compile.lower.kueue import queues
from opsdecl.render.manifests import render_resource
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.unit.lower.builders import CATALOG, environment, merged

OWNED = """
platform: {queueing: kueue}
ownsClusterScope: true
capacity:
  pools: {spare: {labels: {pool: spare}}}
  quotas:
    risk: {cpu: "64", memory: 512Gi, pools: {h100: 8, spare: 4}, queue: nightly}
    assist: {cpu: "8", memory: 64Gi, gpus: 0}
"""


def made(changes: str = "{}") -> dict[str, Manifest]:
    value = merged(yaml.safe_load(OWNED), yaml.safe_load(changes))
    resources = queues(environment(yaml.safe_dump(value)), "acme", CATALOG)
    return {resource.address.role: render_resource(resource)[0] for resource in resources}


def spec(role: str, changes: str = "{}") -> Any:
    return made(changes)[role].data["spec"]


def test_every_object_passes_kueues_own_definitions() -> None:
    assert examine_schemas(list(made().values()), "1.37", lambda address, path: None).diagnostics == ()
    assert {(m.key.kind, m.key.namespace) for m in made().values()} == {
        ("ResourceFlavor", ""),
        ("ClusterQueue", ""),
        ("LocalQueue", "risk"),
        ("LocalQueue", "assist"),
    }


def test_cpu_and_memory_are_counted_over_all_pools_and_gpus_pool_by_pool() -> None:
    anywhere, gpus = spec("cluster-queue.risk")["resourceGroups"]
    assert anywhere["coveredResources"] == ["cpu", "memory"]
    (flavor,) = anywhere["flavors"]
    assert [(r["name"], r["nominalQuota"]) for r in flavor["resources"]] == [("cpu", "64"), ("memory", "512Gi")]
    assert gpus["coveredResources"] == ["nvidia.com/gpu"]
    counted = {f["name"]: f["resources"][0]["nominalQuota"] for f in gpus["flavors"]}
    assert counted == {"acme-prod-h100": "8", "acme-prod-spare": "4"}


def test_a_flavour_is_found_as_pods_find_their_pool() -> None:
    flavor = spec("flavor.h100")
    assert flavor["nodeLabels"] == {"pool": "h100"}
    assert flavor["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert "spec" not in made()["flavor.any"].data


def test_a_queue_of_a_namespace_leads_to_its_own_quota_alone() -> None:
    assert made()["queue.risk"].key.name == "nightly"
    assert made()["queue.assist"].key.name == "runs"
    assert spec("queue.risk") == {"clusterQueue": "acme-prod-risk"}
    assert spec("cluster-queue.risk")["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "risk"}}


def test_nothing_is_made_where_somebody_else_owns_it() -> None:
    assert made("{ownsClusterScope: false}") == {}
    assert made("{platform: {queueing: none}}") == {}
