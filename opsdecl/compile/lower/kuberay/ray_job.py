"""The RayJob of a training: a sealed run on a cluster of its own, which goes when the run ends."""

from msgspec.structs import replace

from opsdecl.compile.lower.kuberay.limits import beyond_ray
from opsdecl.compile.lower.kuberay.run import Workers, ray_run
from opsdecl.compile.lower.native.guard import RUNS, guarded_for_all, unguarded
from opsdecl.compile.lower.native.training import OUTPUT, output_volume, training_key, training_work
from opsdecl.compile.lower.native.training_meeting import Meeting
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked
from opsdecl.spec.kinds.training import TrainingSpec

GROUP = "nodes"


def lower_ray_job(subject: Subject) -> Checked[tuple[Resource, ...]]:
    spec: TrainingSpec = subject.document.model.spec
    if findings := tuple(beyond_ray(subject, spec)):
        return Checked(None, findings)
    made = (output_volume(subject, spec.output), _ray_job(subject, spec, training_key(subject, spec)))
    return Checked(tuple(resource for resource in made if resource is not None))


def _ray_job(subject: Subject, spec: TrainingSpec, key: str) -> Resource:
    """The program starts once, on the head, which is one of the nodes."""
    work = training_work(subject, spec, key, Meeting())
    marker = f"{OUTPUT}/{RUNS}/{work.key}"
    head = replace(work, command=guarded_for_all(marker, spec.nodes, unguarded(work.command)))
    others = spec.nodes - 1
    workers = Workers(GROUP, traced(others, "spec", "accelerator", "nodes"), work) if others else None
    return ray_run(subject, spec, head, workers)
