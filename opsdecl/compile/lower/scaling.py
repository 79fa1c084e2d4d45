"""What scales a workload, by the platform's `scaling`."""

from opsdecl.compile.lower.keda.scaled_object import scaled_object
from opsdecl.compile.lower.native.autoscaling import autoscaler
from opsdecl.compile.lower.native.parts import Workload
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource
from opsdecl.spec.kinds.serving import Replicas


def scaler(subject: Subject, replicas: Replicas, workload: Workload | None = None) -> Resource | None:
    """None where the number is fixed. Scales the Deployment unless another workload is named."""
    if subject.environment.platform.scaling == "keda":
        return scaled_object(subject, replicas, workload)
    return autoscaler(subject, replicas, workload)
