"""The explainer of a classic model: a server beside it that asks it, at an address of its own."""

from opsdecl.compile.lower.native.beside import Beside, beside, own_deployment
from opsdecl.compile.lower.native.network import network_policy
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.model import ModelSpec

EXPLAIN = "explain"
"""Variant of its objects: `churn-explain`, since KServe has a Service `churn-explainer` of its own."""
AT: SpecPath = ("spec", "explain", "explainer")


def explaining(subject: Subject, spec: ModelSpec, host: str | None) -> Beside | None:
    """None where the model has no explainer. `host`: where the model is asked; None where KServe says it."""
    explainer = spec.explain.explainer if spec.explain is not None else None
    return beside(subject, spec, explainer, EXPLAIN, AT, host) if explainer is not None else None


def explainer_resources(made: Beside, spec: ModelSpec) -> tuple[Resource | None, ...]:
    """On plain Kubernetes."""
    return (own_deployment(made, spec), *reached(made, spec))


def reached(made: Beside, spec: ModelSpec) -> tuple[Resource | None, ...]:
    """At one address whatever makes its pods, by whoever may call the model."""
    return (service(made.subject, made.ports), network_policy(made.subject, spec.access, made.ports))
