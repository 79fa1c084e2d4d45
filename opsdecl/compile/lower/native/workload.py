"""What makes the pods of a model, with what scales it, guards it and gives it an address."""

from typing import Any

from opsdecl.compile.lower.argo_rollouts.analysis import analysis_templates
from opsdecl.compile.lower.argo_rollouts.rollout import is_canary, rolled_out, rollout, services
from opsdecl.compile.lower.native.deployment import Server, deployed, deployment
from opsdecl.compile.lower.native.disruption import disruption_budget
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.scaling import scaler
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.engine import Accelerator


def serving(
    subject: Subject,
    spec: ServedSpec,
    accelerator: Accelerator | None,
    server: Server,
    parts: PodParts,
    ports: dict[str, Any],
    addresses: tuple[Resource, ...] = (),
) -> tuple[Resource | None, ...]:
    """A Deployment, or where new versions come by canary a Rollout. `addresses`: the Services, where callers come
    to other pods."""
    canary = is_canary(subject, spec)
    make, workload = (rollout, rolled_out(subject)) if canary else (deployment, deployed(subject))
    return (
        make(subject, spec, accelerator, server, parts),
        *(services(subject, ports) if canary else (addresses or (service(subject, ports),))),
        *(analysis_templates(subject, spec) if canary else ()),
        scaler(subject, spec.replicas, workload),
        disruption_budget(subject, spec.disruption, spec.replicas, workload),
    )
