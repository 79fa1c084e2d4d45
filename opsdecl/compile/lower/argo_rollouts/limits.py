"""What a canary asks for and its platform cannot do."""

from collections.abc import Iterator

from opsdecl.compile.lower.argo_rollouts.answerable import beyond_analysis
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.rollout import holds_volume_alone, nodes_of
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import routing as codes
from opsdecl.spec.kinds.document import ServedSpec

_AT: SpecPath = ("spec", "rollout", "strategy")
_OTHER = "or use `auto`, which exchanges pods without shares"


def beyond_rollouts(subject: Subject, spec: ServedSpec) -> Iterator[Diagnostic]:
    """Errors: canaries without a controller, without a Route to Services, over several nodes, on a volume for one."""
    if spec.rollout.strategy != "canary":
        return
    platform, effective = subject.environment.platform, subject.document.effective["spec"]
    if platform.rollouts != "argo-rollouts":
        message = f"platform.rollouts `{platform.rollouts}` of environment {subject.environment_name} moves no requests"
        yield _finding(subject, message, f"set it to argo-rollouts, {_OTHER}")
        return
    if nodes_of(effective.get("accelerator")) > 1:
        message = "Argo Rollouts makes single pods, and a replica of this model spans several nodes"
        yield _finding(subject, message, "use `auto`: LeaderWorkerSet exchanges whole replicas")
    elif platform.routing == "inference-extension":
        message = "Argo Rollouts moves requests between Services, and platform.routing `inference-extension` uses pools"
        yield _finding(subject, message, f"set platform.routing to gateway-api, {_OTHER}")
    elif not subject.routes:
        message = f"no Route sends requests to {subject.document.address}, so nothing could give a canary its share"
        yield _finding(subject, message, f"add a Route to it, with platform.routing `gateway-api`, {_OTHER}")
    yield from beyond_analysis(subject, spec)
    if holds_volume_alone(effective):
        message = "two versions run beside each other, and the volume of the weights is mounted by one node at a time"
        hint = "set weights.cache.accessMode to ReadWriteMany, or use another cache"
        yield _finding(subject, message, hint)


def _finding(subject: Subject, message: str, hint: str) -> Diagnostic:
    at = subject.place(_AT)
    return Diagnostic(codes.BEYOND_ROLLOUTS, message, at=at, hint=hint, subject=str(subject.document.address))
