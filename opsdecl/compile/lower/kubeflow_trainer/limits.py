"""What a Training asks for and no runtime of Kubeflow Trainer gives."""

from collections.abc import Iterator, Mapping

from opsdecl.compile.lower.subject import Subject
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import work as codes
from opsdecl.spec.kinds.training import TrainingSpec

RUNTIMES: Mapping[str, str] = {
    "torch": "torch-distributed",
    "jax": "jax-distributed",
    "xgboost": "xgboost-distributed",
}
"""By framework, as the operator ships them (v2.2)."""


def beyond_trainer(subject: Subject, spec: TrainingSpec) -> Iterator[Diagnostic]:
    framework = spec.framework
    if framework not in RUNTIMES and framework not in subject.environment.platform.training_runtimes:
        yield Diagnostic(
            codes.NO_RUNTIME,
            f"Kubeflow Trainer ships no runtime for `{framework}`, and environment "
            f"{subject.environment_name} names none",
            at=subject.place(("spec", "framework")),
            hint=f"name one in the environment: `platform: {{trainingRuntimes: {{{framework}: …}}}}`, or set "
            "platform.training to job",
            subject=str(subject.document.address),
        )
