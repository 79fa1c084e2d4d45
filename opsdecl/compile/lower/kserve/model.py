"""A classic model on KServe: an InferenceService with our own server, and around it what any model has."""

from collections.abc import Mapping
from typing import Any

from opsdecl.compile.lower.kserve.limits import beyond_kserve
from opsdecl.compile.lower.kserve.pods import as_container, own_labels, service_name
from opsdecl.compile.lower.native.beside import Beside
from opsdecl.compile.lower.native.deployment import needed, pod_annotations, pod_spec, spread
from opsdecl.compile.lower.native.disruption import disruption_budget
from opsdecl.compile.lower.native.explainer import explaining, reached
from opsdecl.compile.lower.native.model import PreparedModel, prepare_model
from opsdecl.compile.lower.native.parts import Workload
from opsdecl.compile.lower.native.replicas import REASON, is_autoscaled, strategy
from opsdecl.compile.lower.native.service_account import service_account
from opsdecl.compile.lower.native.transformer import addresses, around, guarded, transforming
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.scaling import scaler
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked
from opsdecl.spec.kinds.model import ModelSpec

ROLE = "inference-service"
API_VERSION, KIND = "serving.kserve.io/v1beta1", "InferenceService"
CONTAINER = "kserve-container"
MODE, SCALED_BY = "serving.kserve.io/deploymentMode", "serving.kserve.io/autoscalerClass"


def lower_inference_service(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: those of `prepare_model`, and what KServe cannot do."""
    spec: ModelSpec = subject.document.model.spec
    prepared = prepare_model(subject, spec)
    if prepared.value is None:
        return Checked(None, prepared.diagnostics)
    served, explainer, transformer = prepared.value, explaining(subject, spec, None), transforming(subject, spec, None)
    workload = Workload(ROLE, "apps/v1", "Deployment", f"{service_name(subject)}-predictor")
    resources = (
        _inference_service(subject, spec, served, {"explainer": explainer, "transformer": transformer}),
        *addresses(subject, served.ports, transformer, subject.address(ROLE)),
        service_account(subject, spec.service_account),
        scaler(subject, spec.replicas, workload),
        disruption_budget(subject, spec.disruption, spec.replicas, workload),
        guarded(subject, spec, served.ports, explainer, transformer),
        *(reached(explainer, spec) if explainer is not None else ()),
        *(around(transformer, spec, subject.address(ROLE)) if transformer is not None else ()),
    )
    return Checked(tuple(resource for resource in resources if resource is not None), beyond_kserve(subject, spec))


def _inference_service(
    subject: Subject, spec: ModelSpec, served: PreparedModel, others: Mapping[str, Beside | None]
) -> Resource:
    """In the mode without Knative, where the objects are those of Kubernetes. What scales is ours: KServe's own
    autoscaler would hold the CPU at 80 %. `others`: the servers beside the model, by the field that they have."""
    scaled, chosen = is_autoscaled(subject, spec.replicas), strategy(subject, spec, spec.accelerator)
    pod = pod_spec(subject, spec, spec.accelerator, served.server, served.parts, spread=spread(subject, spec))
    predictor = {
        "minReplicas": traced(spec.replicas.lowest, "spec", "replicas", "min" if scaled else "count"),
        "maxReplicas": traced(spec.replicas.highest if scaled else spec.replicas.lowest, "spec", "replicas"),
        "deploymentStrategy": chosen.value,
        "labels": own_labels(subject),
        "annotations": pod_annotations(served.server, served.parts),
        **_limited(as_container(pod, CONTAINER)),
    }
    further = {field: _component(made) if made is not None else None for field, made in others.items()}
    annotations = {MODE: "Standard", SCALED_BY: "external" if scaled else "none"}
    return make_resource(
        subject,
        ROLE,
        API_VERSION,
        KIND,
        {"spec": {"predictor": predictor, **further}},
        name=service_name(subject),
        annotations={**annotations, **({REASON: chosen.reason} if chosen.reason else {})},
        depends_on=needed(subject, spec, served.parts),
    )


def _component(made: Beside) -> dict[str, Any]:
    """KServe adds where the model is asked, and makes the Deployment. Its pods get the labels of the whole
    object, which are those that the model is found by: the variant sets them apart."""
    pod = _limited(as_container(made.pod, CONTAINER))
    return {"minReplicas": made.count, "maxReplicas": made.count, "labels": own_labels(made.subject), **pod}


def _limited(pod: dict[str, Any]) -> dict[str, Any]:
    """KServe limits the CPU of a container that has no limit to one core, which a pod that reserves more is refused
    for: so the limit is what is reserved."""
    first, *rest = pod["containers"]
    reserved = (first["resources"] or {}).get("requests", {}).get("cpu")
    if reserved is None:
        return pod
    resources = {**first["resources"], "limits": {**first["resources"]["limits"], "cpu": reserved}}
    return {**pod, "containers": [{**first, "resources": resources}, *rest]}
