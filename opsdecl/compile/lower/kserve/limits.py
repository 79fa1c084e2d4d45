"""What a document asks for and KServe cannot give."""

from collections.abc import Iterator

from opsdecl.compile.lower.native.deployment import Server
from opsdecl.compile.lower.native.limits import beyond_scaler
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.rollout import way_of
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import platforms as codes
from opsdecl.fleet.strategy import rounded
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.llm import LLMSpec

_STRATEGY: SpecPath = ("spec", "rollout", "strategy")
_EXCHANGED = "KServe exchanges the replicas of a model over several nodes one by one, with none on top"
_NATIVE = "set platform.serving to native"


def beyond_kserve(subject: Subject, spec: ServedSpec) -> tuple[Diagnostic, ...]:
    """Errors: canaries, which need KServe's other mode, and what no scaler of this platform can do."""
    return (*_canary(subject, spec), *beyond_scaler(subject, spec))


def llm_beyond_kserve(subject: Subject, spec: LLMSpec, server: Server) -> tuple[Diagnostic, ...]:
    """Errors: several nodes, an image whose own command KServe would replace, rollouts that are not KServe's."""
    return (*_nodes(subject, spec), *_command(subject, spec, server), *_rollout(subject, spec))


def groups_beyond_kserve(subject: Subject, spec: LLMSpec) -> Iterator[Diagnostic]:
    """An error where replicas over several nodes are to be exchanged otherwise than LeaderWorkerSet does it where
    nobody says how, since KServe says nothing: one at a time is missing, and none comes on top."""
    way = way_of(subject.document.effective["spec"], subject.pools)
    for replicas in {spec.replicas.lowest, spec.replicas.highest} - {0}:
        surge, unavailable = rounded(way, replicas) if not way.recreate else (0, replicas)
        if (surge, unavailable) != (0, 1):
            said = f"`{spec.rollout.strategy}` means {surge} on top and {unavailable} missing of {replicas}"
            hint = f"set `rollout: {{strategy: rolling, maxSurge: 0, maxUnavailable: 1}}`, or {_NATIVE}"
            yield _finding(subject, _STRATEGY, f"{_EXCHANGED}, and {said}", hint)
            return


def _canary(subject: Subject, spec: ServedSpec) -> Iterator[Diagnostic]:
    if spec.rollout.strategy == "canary":
        message = "KServe gives a share of the requests to a canary only with Knative, and it is used without"
        other = "`auto`" if subject.document.address.kind == "LLM" else "`auto` or `rolling`"
        hint = f"use {other}, or {_NATIVE} and platform.rollouts to argo-rollouts"
        yield _finding(subject, _STRATEGY, message, hint)


def _nodes(subject: Subject, spec: LLMSpec) -> Iterator[Diagnostic]:
    nodes = spec.accelerator.spans if spec.accelerator else 1
    if nodes > 1:
        message = f"a replica spans {nodes} nodes, and platform.multiNode is `none` in {subject.environment_name}"
        hint = "set platform.multiNode of the Environment to leader-worker-set, or let a replica fit on one node"
        yield _finding(subject, ("spec", "accelerator", "nodes"), message, hint)


def _command(subject: Subject, spec: LLMSpec, server: Server) -> Iterator[Diagnostic]:
    if server.command is None:
        message = (
            f"the engine of runtime `{spec.runtime}` is started by its image, and KServe puts its own command there"
        )
        yield _finding(
            subject, ("spec", "runtime"), message, f"use a runtime with the engine vllm or sglang, or {_NATIVE}"
        )


def other_port(subject: Subject, spec: LLMSpec, port: int) -> Iterator[Diagnostic]:
    """An error where the Runtime wants requests elsewhere than KServe sends them."""
    wanted = subject.runtime.port if subject.runtime else None
    if wanted not in (None, port):
        message = f"KServe sends requests to port {port}, and runtime `{spec.runtime}` wants them at {wanted}"
        yield _finding(subject, ("spec", "runtime"), message, f"remove `port` from the Runtime, or {_NATIVE}")


def _rollout(subject: Subject, spec: LLMSpec) -> Iterator[Diagnostic]:
    """KServe leaves a Deployment its defaults: a quarter more pods, a quarter fewer, which of up to three are one
    more and none fewer."""
    if spec.rollout.strategy in ("rolling", "recreate"):
        message = f"KServe exchanges the pods of an LLM its own way, not `{spec.rollout.strategy}`"
        yield _finding(subject, _STRATEGY, message, f"use `auto`, or {_NATIVE}")
        return
    way, pool = way_of(subject.document.effective["spec"], subject.pools), subject.pool_name(spec.accelerator)
    if spec.rollout.strategy == "auto" and way.recreate:
        message = (
            "the volume of the cache is mounted by one node at a time, and KServe starts a new pod before an old one"
        )
        hint = f"use a cache with the access mode ReadWriteMany, or {_NATIVE}"
        yield _finding(subject, ("spec", "weights", "cache"), message, hint)
    elif spec.rollout.strategy == "auto" and spec.accelerator is not None and pool is not None and not way.surge:
        gpus = spec.accelerator.count
        message = f"KServe starts a new pod before an old one stops, and pool {pool} keeps too few GPUs free"
        hint = f"set `reserve` of pool {pool} to {gpus} or more, or {_NATIVE}"
        yield _finding(subject, ("spec", "accelerator"), message, hint)


def _finding(subject: Subject, path: SpecPath, message: str, hint: str) -> Diagnostic:
    return Diagnostic(
        codes.BEYOND_KSERVE, message, at=subject.place(path), hint=hint, subject=str(subject.document.address)
    )
