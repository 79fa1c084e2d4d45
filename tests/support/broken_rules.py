"""Objects that opsdecl renders, each changed so that it breaks a rule in CEL of its definition and nothing else."""

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

from tests.support.code import ROOT

GOLDEN = ROOT / "tests" / "golden"
LLM = "platforms/manifests/assist/llminferenceservice-chat.yaml"
SCALER = "platforms/manifests/assist/scaledobject-chat.yaml"
ROUTE = "routes/gateway-api.yaml"


class Change(NamedTuple):
    """Fields that are set in a golden object (left out where the value is None), and what the API server says."""

    file: str
    kind: str
    fields: Mapping[tuple[str | int, ...], Any]
    at: str
    message: str


CHANGES: Mapping[str, Change] = {
    "a count beside an autoscaler": Change(
        LLM,
        "LLMInferenceService",
        {("spec", "replicas"): 2, ("spec", "scaling"): {"maxReplicas": 3, "wva": {"hpa": {}}}},
        "spec",
        "replicas and scaling are mutually exclusive; use scaling for autoscaled deployments or replicas for static "
        "deployments",
    ),
    "a smallest count above the largest": Change(
        LLM,
        "LLMInferenceService",
        {("spec", "scaling"): {"maxReplicas": 3, "minReplicas": 4, "wva": {"hpa": {}}}},
        "spec.scaling",
        "minReplicas cannot exceed maxReplicas",
    ),
    "a scaler with its bounds the wrong way round": Change(
        SCALER,
        "ScaledObject",
        {("spec", "minReplicaCount"): 9},
        "spec",
        "minReplicaCount must be less than or equal to maxReplicaCount",
    ),
    "a Service without a port, whose group is a default": Change(
        ROUTE,
        "HTTPRoute",
        {("spec", "rules", 0, "backendRefs", 0): {"name": "chat"}},
        "spec.rules[0].backendRefs[0]",
        "Must have port for Service reference",
    ),
    "a path with two slashes": Change(
        ROUTE,
        "HTTPRoute",
        {("spec", "rules", 0, "matches", 0, "path", "value"): "/v1//chat"},
        "spec.rules[0].matches[0].path",
        "must not contain '//' when type one of ['Exact', 'PathPrefix']",
    ),
    "one try that takes longer than all": Change(
        ROUTE,
        "HTTPRoute",
        {("spec", "rules", 0, "timeouts", "backendRequest"): "3m"},
        "spec.rules[0].timeouts",
        "backendRequest timeout cannot be longer than request timeout",
    ),
    "a gateway that is named twice, by a name that CEL cannot spell": Change(
        ROUTE,
        "HTTPRoute",
        {("spec", "parentRefs"): [{"name": "public", "namespace": "gateways"}] * 2},
        "spec.parentRefs",
        "sectionName must be unique when parentRefs includes 2 or more references to the same parent",
    ),
    "a picker without a port": Change(
        "routes/inference-extension.yaml",
        "InferencePool",
        {("spec", "endpointPickerRef", "port"): None},
        "spec.endpointPickerRef",
        "port is required when kind is 'Service' or unspecified (defaults to 'Service')",
    ),
    "a manager that nobody knows": Change(
        "work/kuberay.yaml",
        "RayJob",
        {("spec", "managedBy"): "me"},
        "spec.managedBy",
        "the managedBy field value must be either 'ray.io/kuberay-operator' or 'kueue.x-k8s.io/multikueue'",
    ),
    "a name that begins with a digit": Change(
        "work/kubeflow-trainer.yaml",
        "TrainJob",
        {("metadata", "name"): "1-fraud"},
        "",
        "metadata.name must match RFC 1035 DNS label format",
    ),
}


def golden_object(file: str, kind: str) -> dict[str, Any]:
    """The first object of the kind in a golden file."""
    found: dict[str, Any] = next(
        data for data in yaml.load_all((GOLDEN / file).read_text(), yaml.CSafeLoader) if data["kind"] == kind
    )
    return found


def broken(change: Change) -> dict[str, Any]:
    data = copy.deepcopy(golden_object(change.file, change.kind))
    for path, value in change.fields.items():
        inner: Any = data
        for part in path[:-1]:
            inner = inner[part]
        if value is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
    return data
