"""Scaling by KEDA: what it asks Prometheus, and what it may do with the count."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsdecl.render.types import Manifest
from tests.support.platforms import FROM_ZERO, RANGE, SCALED, platform_tree
from tests.support.project import built

COUNT = "replicas: {count: 2}"
OWN = '{opsdecl_document="LLM.chat",opsdecl_environment="prod"}'


def rendered(replicas: str = RANGE, platform: str = SCALED, **changed: tuple[str, str]) -> Mapping[str, Manifest]:
    tree = platform_tree(platform, chat=(COUNT, replicas), **changed)
    found = built(tree, "prod").manifests.manifests
    return {m.address.role: m for m in found if str(m.address.spec) == "LLM.chat"}


def spec(replicas: str = RANGE) -> Any:
    return rendered(replicas)["scaled-object"].data["spec"]


def test_the_scaler_owns_the_count_and_kubernetes_own_autoscaler_is_not_rendered() -> None:
    found = rendered()
    assert "hpa" not in found
    assert "replicas" not in found["deployment"].data["spec"]
    assert spec()["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"}
    assert (spec()["minReplicaCount"], spec()["maxReplicaCount"], spec()["pollingInterval"]) == (1, 4, 30)
    assert "cooldownPeriod" not in spec()


@pytest.mark.parametrize(
    ("metric", "value", "query", "threshold"),
    [
        ("waiting-requests", "4", f"sum(vllm:num_requests_waiting{OWN})", "4"),
        ("running-requests", "100", f"sum(vllm:num_requests_running{OWN})", "100"),
        ("kv-cache-usage", "80", f"sum(vllm:kv_cache_usage_perc{OWN})", "0.8"),
        (
            "requests-per-second",
            "2.5",
            f'sum(rate(http_requests_total{OWN[:-1]},handler=~"/v1/.*"}}[2m]))',
            "2.5",
        ),
    ],
)
def test_a_metric_is_asked_for_in_the_words_of_the_engine(metric: str, value: str, query: str, threshold: str) -> None:
    (trigger,) = spec(f"replicas: {{min: 1, max: 4, target: {{metric: {metric}, value: {value}}}}}")["triggers"]
    assert trigger["metricType"] == "AverageValue"
    assert trigger["metadata"] == {
        "serverAddress": "http://prometheus.monitoring:9090",
        "query": query,
        "threshold": threshold,
    }


def test_from_zero_a_query_wakes_it_and_requests_keep_it() -> None:
    found = spec(FROM_ZERO)
    assert (found["minReplicaCount"], found["cooldownPeriod"]) == (0, 600)
    assert found["fallback"] == {"replicas": 2, "failureThreshold": 3}
    target, wake, busy = found["triggers"]
    assert target["name"] == "waiting-requests"
    assert wake["metadata"]["query"] == 'sum(rate(gateway_requests_total{model="chat"}[5m])) > bool 0'
    assert busy["metadata"]["query"] == (
        f"sum(vllm:num_requests_running{OWN}) + sum(vllm:num_requests_waiting{OWN}) > bool 0"
    )


def test_a_share_of_the_cpu_is_measured_by_kubernetes() -> None:
    (trigger,) = spec("replicas: {min: 1, max: 4, target: {metric: cpu, value: 60}}")["triggers"]
    assert trigger == {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}


def test_keda_takes_over_the_autoscaler_before_it_and_puts_none_of_our_labels_on_its_own() -> None:
    scaler = rendered()["scaled-object"].data
    annotations = scaler["metadata"]["annotations"]
    assert annotations["scaledobject.keda.sh/transfer-hpa-ownership"] == "true"
    assert scaler["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["name"] == "chat"
    assert set(annotations["scaledobject.keda.sh/hpa-excluded-labels"].split(",")) == set(scaler["metadata"]["labels"])
