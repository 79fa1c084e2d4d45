"""The Rollout of a model: what a Deployment is, with a controller that moves requests to a new version step by step."""

from typing import Any

from opsdecl.compile.lower.argo_rollouts.analysis import at_step, background
from opsdecl.compile.lower.labels import selector
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.deployment import Server, deadline, needed, pod_annotations, pod_spec, spread
from opsdecl.compile.lower.native.parts import PodParts, Workload
from opsdecl.compile.lower.native.replicas import REASON, is_autoscaled, replica_count
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.routing.http_route import duration
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.rollout import keeps_stable
from opsdecl.compile.types import Resource
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.serving import Rollout

ROLE = "rollout"
API_VERSION, KIND = "argoproj.io/v1alpha1", "Rollout"
PLUGIN = "argoproj-labs/gatewayAPI"
REVISION = "rollouts-pod-template-hash"
"""Label by which the controller tells versions apart. It also puts it into the selectors of both Services."""
CANARY = "canary"
MOVED: tuple[SpecPath, ...] = (("spec", "selector", REVISION),)


def rolled_out(subject: Subject) -> Workload:
    return Workload(ROLE, API_VERSION, KIND, subject.base)


def is_canary(subject: Subject, spec: ServedSpec) -> bool:
    """Whether a Rollout takes the place of the Deployment."""
    return spec.rollout.strategy == "canary" and subject.environment.platform.rollouts == "argo-rollouts"


def canary_service_name(base: str) -> str:
    return object_name(base, CANARY)


def services(subject: Subject, ports: dict[str, Any]) -> tuple[Resource, ...]:
    """Callers inside the cluster use the first one, which has pods of the version before until the end."""
    stable = service(subject, ports, moved=MOVED)
    return stable, service(subject, ports, role="canary-service", name=canary_service_name(subject.base), moved=MOVED)


def rollout(
    subject: Subject, spec: ServedSpec, accelerator: Accelerator | None, server: Server, parts: PodParts
) -> Resource:
    kept = keeps_stable(subject.document.effective["spec"], subject.pools)
    template = {
        "metadata": {"labels": subject.pod_labels, "annotations": pod_annotations(server, parts)},
        "spec": pod_spec(subject, spec, accelerator, server, parts, spread=spread(subject, spec, revision=REVISION)),
    }
    inputs = {
        "spec": {
            "replicas": replica_count(subject, spec.replicas),
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": deadline(server, parts),
            "selector": {"matchLabels": selector(subject)},
            "strategy": {"canary": _canary(subject, spec.rollout, kept=kept)},
            "template": template,
        }
    }
    return make_resource(
        subject,
        ROLE,
        API_VERSION,
        KIND,
        inputs,
        annotations={REASON: _reason(kept=kept)} if spec.rollout.keep_stable is None else None,
        depends_on=needed(subject, spec, parts),
        ignore_changes=(("spec", "replicas"),) if is_autoscaled(subject, spec.replicas) else (),
    )


def _canary(subject: Subject, chosen: Rollout, *, kept: bool) -> dict[str, Any]:
    routes = [{"name": name} for name in subject.routes]
    return {
        "stableService": subject.base,
        "canaryService": canary_service_name(subject.base),
        # Pods of the version before go with their requests, where there is no room for both.
        "analysis": background(subject) if chosen.analysis is not None else None,
        "dynamicStableScale": None if kept else traced(True, "spec", "rollout", "keepStable"),
        "steps": _steps(subject, chosen),
        "trafficRouting": {"plugins": {PLUGIN: {"namespace": subject.namespace, "httpRoutes": routes}}},
    }


def _steps(subject: Subject, chosen: Rollout) -> list[dict[str, Any]]:
    """A pause without a duration ends when a person says so: they decide last, once nothing else is to be seen."""
    if not chosen.steps:
        return [{"setWeight": traced(chosen.traffic_percent, "spec", "rollout", "trafficPercent")}, {"pause": {}}]
    found: list[dict[str, Any]] = []
    for index, step in enumerate(chosen.steps):
        at = ("spec", "rollout", "steps", index)
        found.append({"setWeight": traced(step.weight, *at, "weight")})
        if step.pause is not None:
            found.append({"pause": {"duration": traced(duration(step.pause), *at, "pause")}})
        if step.analysis is not None:
            found.append({"analysis": traced(at_step(subject, step), *at, "analysis")})
        if step.hold:
            found.append({"pause": traced({}, *at, "hold")})
    return found


def _reason(*, kept: bool) -> str:
    if kept:
        return "there is room for both versions, so the one before runs until the canary has all requests"
    return "there is no room for both versions, so pods of the one before go as requests move to the canary"
