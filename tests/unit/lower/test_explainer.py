"""A model's explainer: the same server beside the model on plain Kubernetes and on KServe."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsdecl.diff.types import BaseRef, Effects, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from opsdecl.view.plan.text import render_text
from tests.support.platforms import platform_tree
from tests.support.project import built

EXPLAIN = """
  explain:
    explainer:
      image: ghcr.io/acme/explainer:1.2.0
      args: [--predictor_protocol, v2]
      readiness: /v2/health/ready
      resources: {cpu: "1", memory: 2Gi}
      replicas: 2
"""
KSERVE = "{serving: kserve}"
OWN = {"opsdecl.dev/kind": "Model", "opsdecl.dev/base": "fraud", "opsdecl.dev/variant": "explain"}


def tree(platform: str = "{}", more: str = "", explain: str = EXPLAIN) -> MemoryTree:
    return platform_tree(platform, fraud=("replicas: {count: 2}\n", f"replicas: {{count: 2}}{explain}{more}"))


def rendered(platform: str = "{}", more: str = "", explain: str = EXPLAIN) -> Mapping[str, Manifest]:
    """Of the model, by variant and role."""
    found = built(tree(platform, more, explain), "prod").manifests.manifests
    return {f"{m.address.variant}/{m.address.role}": m for m in found if str(m.address.spec) == "Model.fraud"}


def pods(made: Mapping[str, Manifest]) -> Any:
    return made["explain/deployment"].data["spec"]["template"]


def test_natively_it_is_a_server_of_its_own_that_is_told_where_the_model_is() -> None:
    made = rendered()
    deployment = made["explain/deployment"]
    assert (deployment.key.name, deployment.data["spec"]["replicas"]) == ("fraud-explain", 2)
    (container,) = pods(made)["spec"]["containers"]
    told = [
        "--predictor_protocol",
        "v2",
        "--model_name",
        "fraud",
        "--predictor_host",
        "fraud.risk",
        "--http_port",
        "8080",
    ]
    assert container["args"] == told
    assert container["resources"] == {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}}
    assert container["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"
    service = made["explain/service"].data["spec"]
    assert (service["selector"], service["ports"][0]["port"]) == (OWN, 80)
    assert OWN.items() <= pods(made)["metadata"]["labels"].items()
    assert made["main/service"].data["spec"]["selector"]["opsdecl.dev/variant"] == "main", "predictions go elsewhere"


def test_the_model_lets_its_explainer_in_where_not_all_of_its_namespace_are() -> None:
    open_, closed = rendered(), rendered(more="  access: {from: [{namespace: web}]}\n")
    asked = {"podSelector": {"matchLabels": OWN}}
    assert [asked] not in [rule["from"] for rule in open_["main/network-policy"].data["spec"]["ingress"]]
    assert [asked] in [rule["from"] for rule in closed["main/network-policy"].data["spec"]["ingress"]]
    own = closed["explain/network-policy"].data["spec"]
    assert own["podSelector"]["matchLabels"] == OWN
    assert own["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "web"}


def test_on_kserve_it_is_the_explainer_of_the_inference_service() -> None:
    made = rendered(KSERVE)
    explainer = made["main/inference-service"].data["spec"]["explainer"]
    assert (explainer["minReplicas"], explainer["maxReplicas"]) == (2, 2)
    # KServe gives its pods the labels of the whole object; the Service of the model must not find them by these.
    assert explainer["labels"]["opsdecl.dev/variant"] == "explain"
    (container,) = explainer["containers"]
    assert container["name"] == "kserve-container"
    assert container["args"] == ["--predictor_protocol", "v2", "--model_name", "fraud"], "the rest is KServe's to add"
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}
    assert "explain/deployment" not in made
    assert made["explain/service"].key.name == rendered()["explain/service"].key.name, "callers keep the address"


@pytest.mark.parametrize("platform", ["{}", KSERVE])
def test_every_object_passes_the_published_schemas(platform: str) -> None:
    report = examine_schemas(list(rendered(platform).values()), "1.37", lambda address, path: None)
    assert report.diagnostics == ()


@pytest.mark.parametrize("platform", ["{}", KSERVE])
def test_another_explainer_restarts_no_pod_that_answers(platform: str) -> None:
    before, after = rendered(platform), rendered(platform, explain=EXPLAIN.replace("1.2.0", "1.3.0"))
    changed = {role for role in before if before[role].digest != after[role].digest}
    if platform == KSERVE:
        assert changed == {"main/inference-service"}
        old, new = (made["main/inference-service"].data["spec"]["predictor"] for made in (before, after))
        assert old == new
    else:
        assert changed == {"explain/deployment"}


@pytest.mark.parametrize("platform", ["{}", KSERVE])
def test_a_plan_tells_the_explainer_from_the_model(platform: str) -> None:
    before, after = tree(platform), tree(platform, explain=EXPLAIN.replace("1.2.0", "1.3.0"))
    done = plan_review(after, before, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    (document,) = done.plan.documents
    assert (document.classes, document.effects) == (("rolling",), Effects())
    assert document.fields[0].reason == "pods of the explainer restart"
    text = render_text(done.plan, details=True)
    assert ("the explainer's pods restart, and not those that answer" in text) is (platform == KSERVE)
    assert "rollout" not in text, "no pod that answers is exchanged"


def test_what_people_say_themselves_is_not_said_again() -> None:
    own = EXPLAIN.replace("--predictor_protocol, v2", "--model_name=other, --predictor_host=gateway.web")
    (container,) = pods(rendered(explain=own))["spec"]["containers"]
    assert container["args"] == ["--model_name=other", "--predictor_host=gateway.web", "--http_port", "8080"]


def test_without_an_explainer_nothing_is_made() -> None:
    assert not [role for role in rendered(explain="\n") if role.startswith("explain/")]
