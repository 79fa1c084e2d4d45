"""Models on KServe: the same pods as everywhere, in KServe's fields, and around them what any model has."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsdecl.diff.running import running, scaling_ranges
from opsdecl.render.types import Manifest
from tests.support.platforms import RANGE, SCALED, platform_tree
from tests.support.project import built

KSERVE = "{serving: kserve}"
BOTH = SCALED.replace("{scaling: keda}", "{serving: kserve, scaling: keda}")
COUNT = "replicas: {count: 2}"


def rendered(platform: str = KSERVE, document: str = "LLM.chat", **changed: tuple[str, str]) -> Mapping[str, Manifest]:
    """By role."""
    found = built(platform_tree(platform, **changed), "prod").manifests.manifests
    return {m.address.role: m for m in found if str(m.address.spec) == document}


def llm(platform: str = KSERVE, **changed: tuple[str, str]) -> Any:
    return rendered(platform, "LLM.chat", **changed)["llm-inference-service"].data["spec"]


def predictor(platform: str = KSERVE, **changed: tuple[str, str]) -> Any:
    return rendered(platform, "Model.fraud", **changed)["inference-service"].data["spec"]["predictor"]


def natively(document: str) -> Any:
    return rendered("{}", document)["deployment"].data["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("document", ["LLM.chat", "Model.fraud"])
def test_the_server_is_started_as_it_is_on_plain_kubernetes(document: str) -> None:
    pods = llm()["template"] if document == "LLM.chat" else predictor()
    own, (container,) = natively(document), pods["containers"]
    for field in ("image", "command", "args", "volumeMounts", "ports", "securityContext"):
        assert container.get(field) == own.get(field)
    assert {variable["name"]: variable for variable in own["env"]}.items() <= {
        variable["name"]: variable for variable in container["env"]
    }.items()


def test_the_containers_have_the_names_that_kserve_looks_for() -> None:
    assert llm()["template"]["containers"][0]["name"] == "main"
    assert predictor()["containers"][0]["name"] == "kserve-container"


def test_what_kserve_would_merge_in_is_said() -> None:
    (container,) = llm()["template"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["scheme"] == "HTTP"
    assert container["lifecycle"] == {"preStop": {"exec": {"command": ["/bin/sleep", "70"]}}}
    cache = {variable["name"]: variable.get("value") for variable in container["env"]}["HF_HUB_CACHE"]
    assert cache == "/home/server/.cache/huggingface/hub"
    kept = llm(chat=("weights: {", "weights: {cache: {type: pvc, size: 40Gi, accessMode: ReadWriteMany}, "))
    (container,) = kept["template"]["containers"]
    assert {"name": "HF_HUB_CACHE", "value": "/models/cache/hub"} in container["env"]


def test_the_model_is_named_with_its_revision_and_fetched_by_the_engine() -> None:
    spec = llm()
    assert spec["model"]["uri"].startswith("hf://meta-llama/Llama-3.1-8B-Instruct:0e9e39f")
    assert spec["model"]["name"] == "chat"
    assert spec["storageInitializer"] == {"enabled": False}


def test_pods_carry_the_labels_that_everything_else_finds_them_by() -> None:
    for document, labels in (("LLM.chat", llm()["labels"]), ("Model.fraud", predictor()["labels"])):
        found = rendered(KSERVE, document)
        assert found["service"].data["spec"]["selector"].items() <= labels.items()
        assert not any(key.startswith("app.kubernetes.io/") for key in labels)
        assert found["service"].data == rendered("{}", document)["service"].data


def test_the_cpu_is_limited_to_what_is_reserved_or_kserve_would_limit_it_to_one_core() -> None:
    assert predictor()["containers"][0]["resources"]["limits"]["cpu"] == "2"


@pytest.mark.parametrize(("platform", "role"), [(KSERVE, "hpa"), (BOTH, "scaled-object")])
def test_the_scaler_scales_the_deployment_that_kserve_makes(platform: str, role: str) -> None:
    target = ("cpu, value: 60" if role == "hpa" else "waiting-requests, value: 4",)
    replicas = RANGE.replace("waiting-requests, value: 4", *target)
    found = rendered(platform, chat=(COUNT, replicas))
    assert found[role].data["spec"]["scaleTargetRef"]["name"] == "chat-kserve"
    service = found["llm-inference-service"].data
    assert "replicas" not in service["spec"]
    effects = running(service, scaling_ranges([m.data for m in found.values()]), {"gpu": "h100-80gb"})
    assert (effects.pods, effects.gpus) == ((1, 4), (1, 4))


def test_a_fixed_count_is_kserves_and_a_range_an_autoscalers() -> None:
    fixed = rendered(KSERVE, "Model.fraud")["inference-service"].data
    assert fixed["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "none"
    assert (fixed["spec"]["predictor"]["minReplicas"], fixed["spec"]["predictor"]["maxReplicas"]) == (2, 2)
    ranged = rendered(
        KSERVE, "Model.fraud", fraud=(COUNT, "replicas: {min: 1, max: 3, target: {metric: cpu, value: 60}}")
    )
    assert (
        ranged["inference-service"].data["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "external"
    )
    assert ranged["hpa"].data["spec"]["scaleTargetRef"]["name"] == "fraud-predictor"
