"""The transformer of a classic model: a server at the model's address, and the model behind it at one of its own."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from opsdecl.addr import Address
from opsdecl.compile.lower.argo_rollouts.rollout import is_canary
from opsdecl.compile.lower.labels import selector
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.beside import Beside, beside, own_deployment
from opsdecl.compile.lower.native.disruption import disruption_budget
from opsdecl.compile.lower.native.network import network_policy
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import transforming as codes
from opsdecl.spec.kinds.model import ModelSpec
from opsdecl.spec.kinds.serving import Access, Replicas

TRANSFORM = "transform"
"""Variant of its objects: `churn-transform`, since KServe has a Service `churn-transformer` of its own."""
BEHIND = "model"
AT: SpecPath = ("spec", "transformer")


def behind_name(base: str) -> str:
    """`churn-model`: the Service of the model's own pods, where callers come to another."""
    return object_name(base, BEHIND)


def model_host(subject: Subject, spec: ModelSpec) -> str:
    """Where the model's own pods are asked on plain Kubernetes."""
    name = behind_name(subject.base) if spec.transformer is not None else subject.base
    return f"{name}.{subject.namespace}"


def transforming(subject: Subject, spec: ModelSpec, host: str | None) -> Beside | None:
    """None where the model has no transformer. `host`: where the model is asked; None where KServe says it."""
    said = spec.transformer
    return beside(subject, spec, said, TRANSFORM, AT, host) if said is not None else None


def addresses(
    subject: Subject, ports: dict[str, Any], made: Beside | None, maker: Address | None = None
) -> tuple[Resource, ...]:
    """The Service that callers use, and where that leads to a transformer, one of the model's own pods. It leads there
    only once there are such pods; `maker`: what makes them, where they have no Deployment of ours."""
    if made is None:
        return (service(subject, ports),)
    after = maker or made.subject.address("deployment")
    return (
        replace(service(subject, made.ports, selector(made.subject)), depends_on=(after,)),
        service(subject, ports, role=f"{BEHIND}-service", name=behind_name(subject.base)),
    )


def guarded(
    subject: Subject, spec: ModelSpec, ports: dict[str, Any], explainer: Beside | None, transformer: Beside | None
) -> Resource | None:
    """Who may call the model's pods. Behind a transformer nobody else does; an explainer asks the model itself."""
    if transformer is not None:
        peers = (transformer.peer, *((explainer.peer,) if explainer is not None else ()))
        return network_policy(subject, Access(), ports, others=peers)
    asked = explainer is not None and spec.access is not None
    return network_policy(subject, spec.access, ports, others=(explainer.peer,) if explainer and asked else ())


def transformer_resources(made: Beside, spec: ModelSpec) -> tuple[Resource | None, ...]:
    """On plain Kubernetes."""
    return (own_deployment(made, spec), *around(made, spec, None))


def around(made: Beside, spec: ModelSpec, after: Address | None) -> tuple[Resource | None, ...]:
    """What there is of it whatever makes its pods, which `after` is where that is an object of the model."""
    budget = disruption_budget(made.subject, spec.disruption, Replicas(count=made.declared.replicas))
    if budget is not None and after is not None:
        budget = replace(budget, depends_on=(after,))
    return (network_policy(made.subject, spec.access, made.ports), budget)


def beyond_transformer(subject: Subject, spec: ModelSpec) -> Iterator[Diagnostic]:
    """An error where requests would be shared out between versions: by whom, with a transformer before both?"""
    if spec.transformer is not None and is_canary(subject, spec):
        yield Diagnostic(
            codes.TRANSFORMER_BEFORE_CANARY,
            "new versions come by canary, and a transformer asks the model at one address",
            at=subject.place(AT),
            hint="set `rollout.strategy` to `auto` or `rolling`, or prepare requests in the model's own server",
            subject=str(subject.document.address),
        )
