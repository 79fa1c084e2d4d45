"""What a Training asks for and Ray cannot run."""

from collections.abc import Iterator

from opsdecl.compile.lower.subject import Subject
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import work as codes
from opsdecl.spec.kinds.training import TrainingSpec


def beyond_ray(subject: Subject, spec: TrainingSpec) -> Iterator[Diagnostic]:
    """Ray's trainer for JAX knows TPUs alone; in one pod the program does without."""
    if spec.framework == "jax" and spec.nodes > 1:
        yield Diagnostic(
            codes.NOT_ON_RAY,
            f"Ray does not train `jax` on the GPUs of {spec.nodes} nodes together",
            at=subject.place(("spec", "framework")),
            hint="train on one node, or set platform.training to job, jobset or kubeflow-trainer",
            subject=str(subject.document.address),
        )
    if spec.recipe == "fine-tune" and spec.nodes > 1:
        yield Diagnostic(
            codes.NOT_ON_RAY,
            f"the recipe `fine-tune` starts on each of {spec.nodes} nodes, and Ray starts a program on the first",
            at=subject.place(("spec", "recipe")),
            hint="train on one node, or set platform.training to job, jobset or kubeflow-trainer",
            subject=str(subject.document.address),
        )
