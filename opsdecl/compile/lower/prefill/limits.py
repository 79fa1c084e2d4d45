"""What a model with prefill pods asks for and nothing here can give."""

from collections.abc import Iterator

from opsdecl.compile.lower.native.autoscaling import UTILISATION
from opsdecl.compile.lower.native.replicas import is_autoscaled
from opsdecl.compile.lower.prefill.transfer import ENGINE
from opsdecl.compile.lower.subject import Subject
from opsdecl.diag import Code, Diagnostic, SpecPath
from opsdecl.diag.codes import platforms as codes
from opsdecl.spec.kinds.llm import LLMSpec
from opsdecl.spec.kinds.serving import Replicas

PICKED = "inference-extension"
_PREFILL: SpecPath = ("spec", "prefill")


def without_picker(subject: Subject) -> Iterator[Diagnostic]:
    """An error where no endpoint picker chooses a prefill pod."""
    routing = subject.environment.platform.routing
    if routing != PICKED:
        message = f"nothing chooses a prefill pod for a request: platform.routing is `{routing}`"
        hint = f"set platform.routing of the Environment to {PICKED}, or platform.serving to kserve"
        yield _finding(subject, codes.PREFILL_NOT_CHOSEN, _PREFILL, message, hint)


def beyond_split(subject: Subject, spec: LLMSpec) -> Iterator[Diagnostic]:
    """Errors: other engines, no GPUs, several nodes, canaries, and scaling by queries that do not tell the roles
    apart."""
    engine = subject.runtime.engine if subject.runtime else ENGINE
    if engine != ENGINE:
        message = f"the engine `{engine}` of runtime `{spec.runtime}` is not known to give its KV cache to another"
        yield _beyond(subject, ("spec", "runtime"), message, f"use a runtime with the engine {ENGINE}")
    if spec.accelerator is None:
        message = "prefill pods give what is in the memory of their GPUs, and the model has no `accelerator`"
        yield _beyond(subject, _PREFILL, message, "add `accelerator`, or remove `prefill`")
    yield from _nodes(subject, spec)
    if spec.rollout.strategy == "canary":
        message = "a canary takes a share of the requests, and would share the prefill pods of the version before"
        yield _beyond(subject, ("spec", "rollout", "strategy"), message, "use `auto`, `rolling` or `recreate`")
    yield from _scaled(subject, spec.replicas, ("spec", "replicas"))
    yield from _scaled(subject, spec.for_prefill.replicas, (*_PREFILL, "replicas"))


def _nodes(subject: Subject, spec: LLMSpec) -> Iterator[Diagnostic]:
    own = spec.prefill.accelerator if spec.prefill else None
    for path, accelerator in ((("spec",), spec.accelerator), (_PREFILL, own)):
        if accelerator is not None and accelerator.spans > 1:
            message = f"a replica spans {accelerator.spans} nodes, and roles are rendered on one node each"
            yield _beyond(subject, (*path, "accelerator", "nodes"), message, "let it fit on one node")


def _scaled(subject: Subject, replicas: Replicas, path: SpecPath) -> Iterator[Diagnostic]:
    """KEDA asks Prometheus for a document's metric, which is the sum over both roles."""
    target = replicas.target
    if target is None or not is_autoscaled(subject, replicas) or subject.environment.platform.scaling != "keda":
        return
    if target.metric not in UTILISATION:
        message = f"KEDA asks for `{target.metric}` of the whole model, which does not tell its two roles apart"
        hint = "scale on cpu or memory, or set platform.scaling of the Environment to hpa"
        yield _beyond(subject, (*path, "target", "metric"), message, hint)


def _beyond(subject: Subject, path: SpecPath, message: str, hint: str) -> Diagnostic:
    return _finding(subject, codes.BEYOND_SPLIT, path, message, hint)


def _finding(subject: Subject, code: Code, path: SpecPath, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, message, at=subject.place(path), hint=hint, subject=str(subject.document.address))
