"""What a Route asks for and its platform cannot do."""

from collections.abc import Iterator, Sequence

from opsdecl.compile.lower.routing.backends import Routed, served
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.routed import POOLED_ENGINES
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import routing as codes
from opsdecl.spec.kinds.route import RouteSpec

EXTENSION = "inference-extension"
_REMOVE = "remove the field"
_SWITCH = f"set platform.routing of the Environment to {EXTENSION}, or remove"


def beyond_gateway_api(subject: Subject, spec: RouteSpec, backends: Sequence[Routed]) -> Iterator[Diagnostic]:
    """Errors: what no gateway does, adapters, priorities."""
    yield from _beyond_any(subject, spec)
    yield from _canary_beside_others(subject, backends)
    if spec.priority is not None:
        message = "the Gateway API knows no priorities of requests"
        yield _finding(subject, ("spec", "priority"), message, f"{_SWITCH} `priority`")
    for each in backends:
        if "adapter" in each.entry:
            message = (
                "the Gateway API does not read which model a request asks for, so it cannot send it to the adapter "
                f"`{each.entry['adapter']}`"
            )
            hint = f"{_SWITCH} `adapter`: callers reach it by its name, in `model` of a request"
            yield _finding(subject, (*each.path, "adapter"), message, hint)


def beyond_inference(
    subject: Subject, spec: RouteSpec, backends: Sequence[Routed], shadows: Sequence[Routed]
) -> Iterator[Diagnostic]:
    """Errors: what no gateway does, shares that no pool and no gateway can keep, copies to pools."""
    yield from _beyond_any(subject, spec)
    yield from _mixed(subject, backends)
    yield from _engines(subject, backends)
    yield from _adapters(subject, backends)
    for each in shadows:
        if "llm" in each.entry:
            message = (
                f"requests cannot be copied to {each.document.address}, which is a pool of the inference extension"
            )
            hint = "copy them to a Model, or set platform.routing of the Environment to gateway-api"
            yield _finding(subject, each.model_at, message, hint)
    if spec.priority is not None and any("model" in each.entry for each in backends):
        message = "only pools of language models know priorities of requests"
        yield _finding(subject, ("spec", "priority"), message, _REMOVE)
    elif spec.priority is not None and len({each.document.address for each in backends}) > 1:
        message = "an InferenceObjective belongs to one pool, and this Route has several models"
        yield _finding(subject, ("spec", "priority"), message, "write a Route for each model, or remove the field")


def _beyond_any(subject: Subject, spec: RouteSpec) -> Iterator[Diagnostic]:
    routing, serving = subject.environment.platform.routing, subject.environment.platform.serving
    if serving != "native":
        message = f"platform.serving `{serving}` gives models Services of its own, which Routes do not know"
        hint = "set platform.serving to native, or let the serving platform route"
        yield _finding(subject, ("spec", "backends"), message, hint)
    if spec.fallbacks:
        message = f"platform.routing `{routing}` sends no request to a second model where the first one fails"
        hint = (
            "remove the field and give the models more replicas; AI gateways such as Envoy AI Gateway or LiteLLM fall "
            "back between models, and opsdecl renders nothing for them"
        )
        yield _finding(subject, ("spec", "fallbacks"), message, hint)
    if spec.limits:
        message = f"platform.routing `{routing}` counts no requests and no tokens by team"
        hint = (
            "remove the field; Envoy Gateway limits requests (BackendTrafficPolicy), Envoy AI Gateway and LiteLLM "
            "tokens by team, and opsdecl renders nothing for them"
        )
        yield _finding(subject, ("spec", "limits"), message, hint)


def _canary_beside_others(subject: Subject, backends: Sequence[Routed]) -> Iterator[Diagnostic]:
    """The controller gives the canary what its model has not: of a Route to others as well it would take theirs."""
    for each in backends if len(backends) > 1 else ():
        if served(subject, each)["canary"]:
            message = f"new versions of {each.document.address} come by canary, which moves all requests of a Route"
            hint = "let it be the only backend, or set its rollout.strategy to `auto`"
            at, told = subject.place(each.model_at), str(subject.document.address)
            yield Diagnostic(codes.BEYOND_ROLLOUTS, message, at=at, hint=hint, subject=told)


def _mixed(subject: Subject, backends: Sequence[Routed]) -> Iterator[Diagnostic]:
    if len({"llm" in each.entry for each in backends}) > 1:
        message = "pools of language models and Services of classic ones cannot share the requests of one Route"
        hint = "write a Route for each, or set platform.routing of the Environment to gateway-api"
        other = next(each for each in backends if "model" in each.entry)
        yield _finding(subject, other.model_at, message, hint)


def _engines(subject: Subject, backends: Sequence[Routed]) -> Iterator[Diagnostic]:
    for each in backends:
        engine = served(subject, each)["engine"]
        if "llm" in each.entry and engine not in POOLED_ENGINES:
            message = f"no endpoint picker can read the load of {each.document.address}, whose engine is `{engine}`"
            hint = f"use a Runtime of {' or '.join(sorted(POOLED_ENGINES))}, or platform.routing gateway-api"
            yield _finding(subject, each.model_at, message, hint)


def _adapters(subject: Subject, backends: Sequence[Routed]) -> Iterator[Diagnostic]:
    """Names are exchanged within one pool, and requests for the model divided there."""
    named = [each for each in backends if "adapter" in each.entry]
    others = [each for each in backends if named and each.document.address != named[0].document.address]
    if others:
        first, other = named[0].document.address, others[0].document.address
        message = f"a pool divides requests among {first} and its adapters, so {other} can have no share beside them"
        hint = f"let all backends be {first} and its adapters, or write a Route for each model"
        yield _finding(subject, others[0].model_at, message, hint)


def _finding(subject: Subject, path: SpecPath, message: str, hint: str) -> Diagnostic:
    at = subject.place(path)
    return Diagnostic(codes.BEYOND_ROUTING, message, at=at, hint=hint, subject=str(subject.document.address))
