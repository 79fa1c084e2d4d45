"""A model's transformer: at the model's address, on plain Kubernetes and on KServe, and the model behind it."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsdecl.diff.types import BaseRef, Effects, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.flows.render import as_files
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from opsdecl.view.plan.text import render_text
from tests.support.golden import ROOT, expect_golden, expect_only
from tests.support.platforms import platform_tree
from tests.support.project import built
from tests.unit.lower.test_explainer import EXPLAIN

TRANSFORMER = """
  transformer:
    image: ghcr.io/acme/fraud-transformer:1.0.0
    args: [--predictor_protocol, v2]
    readiness: /v2/health/ready
    resources: {cpu: "1", memory: 1Gi}
    replicas: 2
"""
ACCESS = "  access: {from: [{namespace: web}]}\n"
MONITOR = """
---
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: risk, namespace: risk, owner: team-risk}
spec:
  watch: {models: [fraud]}
"""
KSERVE = "{serving: kserve}"
OWN = {"opsdecl.dev/kind": "Model", "opsdecl.dev/base": "fraud", "opsdecl.dev/variant": "transform"}
MODEL = {**OWN, "opsdecl.dev/variant": "main"}


def tree(platform: str = "{}", said: str = TRANSFORMER + ACCESS) -> MemoryTree:
    return platform_tree(platform, fraud=("replicas: {count: 2}\n", f"replicas: {{count: 2}}{said}"))


def rendered(platform: str = "{}", said: str = TRANSFORMER + ACCESS) -> Mapping[str, Manifest]:
    """Of the model, by variant and role."""
    found = built(tree(platform, said), "prod").manifests.manifests
    return {f"{m.address.variant}/{m.address.role}": m for m in found if str(m.address.spec) == "Model.fraud"}


def callers(made: Mapping[str, Manifest], role: str) -> list[Any]:
    return [peer for rule in made[role].data["spec"]["ingress"] for peer in rule["from"]]


@pytest.mark.parametrize("platform", ["{}", KSERVE])
def test_callers_come_to_the_transformer_and_it_alone_to_the_model(platform: str) -> None:
    made = rendered(platform)
    front, behind = made["main/service"], made["main/model-service"]
    assert (front.key.name, front.data["spec"]["selector"]) == ("fraud", OWN)
    assert front.data["spec"]["ports"] == [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
    assert (behind.key.name, behind.data["spec"]["selector"]) == ("fraud-model", MODEL)
    assert callers(made, "main/network-policy") == [{"podSelector": {"matchLabels": OWN}}]
    assert callers(made, "transform/network-policy") == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "web"}}}
    ]
    assert made["transform/pdb"].data["spec"]["selector"]["matchLabels"] == OWN


def test_natively_it_is_a_deployment_that_is_told_where_the_model_is() -> None:
    deployment = rendered()["transform/deployment"]
    assert (deployment.key.name, deployment.data["spec"]["replicas"]) == ("fraud-transform", 2)
    (container,) = deployment.data["spec"]["template"]["spec"]["containers"]
    own, added = ["--predictor_protocol", "v2"], ["--model_name", "fraud", "--predictor_host", "fraud-model.risk"]
    assert container["args"] == [*own, *added, "--http_port", "8080"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"


def test_on_kserve_it_is_the_transformer_of_the_inference_service() -> None:
    made = rendered(KSERVE)
    said = made["main/inference-service"].data["spec"]["transformer"]
    assert (said["minReplicas"], said["maxReplicas"]) == (2, 2)
    assert said["labels"]["opsdecl.dev/variant"] == "transform", "KServe labels its pods as the whole object"
    (container,) = said["containers"]
    assert container["name"] == "kserve-container"
    assert container["args"] == ["--predictor_protocol", "v2", "--model_name", "fraud"], "the rest is KServe's to add"
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    assert "transform/deployment" not in made


def test_an_explainer_asks_the_model_itself() -> None:
    made = rendered(said=TRANSFORMER + EXPLAIN.lstrip("\n"))
    (container,) = made["explain/deployment"].data["spec"]["template"]["spec"]["containers"]
    assert "fraud-model.risk" in container["args"]
    asking = [
        peer["podSelector"]["matchLabels"]["opsdecl.dev/variant"] for peer in callers(made, "main/network-policy")
    ]
    assert asking == ["transform", "explain"], "also where the whole namespace may call"


@pytest.mark.parametrize("platform", ["{}", KSERVE])
def test_every_object_passes_the_published_schemas(platform: str) -> None:
    report = examine_schemas(list(rendered(platform).values()), "1.37", lambda address, path: None)
    assert report.diagnostics == ()


@pytest.mark.parametrize("platform", ["{}", KSERVE])
def test_another_image_is_another_answer_and_restarts_no_pod_of_the_model(platform: str) -> None:
    before, after = tree(platform), tree(platform, TRANSFORMER.replace("1.0.0", "1.1.0") + ACCESS)
    done = plan_review(after, before, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    (document,) = done.plan.documents
    assert "behaviour" in document.classes
    assert document.fields[0].reason == "requests and answers are transformed differently"
    old, new = (rendered(platform, said) for said in (TRANSFORMER, TRANSFORMER.replace("1.0.0", "1.1.0")))
    changed = {role for role in old if old[role].digest != new[role].digest}
    assert changed == ({"main/inference-service"} if platform == KSERVE else {"transform/deployment"})


def test_a_plan_says_which_pods_restart_on_kserve() -> None:
    before, after = tree(KSERVE), tree(KSERVE, TRANSFORMER.replace("1Gi", "2Gi") + ACCESS)
    done = plan_review(after, before, Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None
    (document,) = done.plan.documents
    assert (document.classes, document.effects) == (("rolling",), Effects())
    assert "the transformer's pods restart, and not those behind it" in render_text(done.plan, details=True)


@pytest.mark.parametrize(
    ("monitoring", "heard"), [("prometheus-operator", "- transform\n"), ("none", "regex: transform\n")]
)
def test_the_transformer_is_not_scraped_as_the_model(monitoring: str, heard: str) -> None:
    platform = f"{{monitoring: {monitoring}}}"
    made = built(tree(platform, TRANSFORMER + MONITOR), "prod").manifests.manifests
    files = as_files([m for m in made if m.address.spec.kind == "Monitor"])
    assert heard in "".join(data.decode() for data in files.values())


@pytest.mark.parametrize("serving", ["native", "kserve"])
def test_objects(serving: str) -> None:
    """Text that people have read once."""
    made = rendered(f"{{serving: {serving}}}")
    roles = ("transform/deployment", "transform/network-policy", "transform/pdb", "main/inference-service")
    others = ("main/service", "main/model-service", "main/network-policy")
    files = as_files([m for role, m in made.items() if role in (*roles, *others)])
    for name, data in files.items():
        expect_golden(data.decode(), f"transformer/{serving}/{name}")
    expect_only(ROOT / "transformer" / serving / "manifests", {name.removeprefix("manifests/") for name in files})


def test_without_one_nothing_changes() -> None:
    made = rendered(said="\n")
    assert not [role for role in made if role.startswith("transform/") or role == "main/model-service"]
    assert made["main/service"].data["spec"]["selector"] == MODEL
