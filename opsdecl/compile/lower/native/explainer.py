"""The explainer of a classic model: a server beside it that asks it, started as KServe starts one."""

from typing import Any, NamedTuple

from msgspec.structs import replace

from opsdecl.compile.lower.labels import labelled, selector
from opsdecl.compile.lower.native.deployment import LONGEST_DEADLINE, Server, needed, pod_spec
from opsdecl.compile.lower.native.drain import CLASSIC_DEFAULT, leaving
from opsdecl.compile.lower.native.network import network_policy
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.probes import open_port, readiness, startup
from opsdecl.compile.lower.native.run_job import amounts
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.native.variables import declared
from opsdecl.compile.lower.native.volumes import scratch
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.explain import Explainer
from opsdecl.spec.kinds.model import ModelSpec

EXPLAIN = "explain"
"""Variant of its objects: `churn-explain`, since KServe has a Service `churn-explainer` of its own."""
PORT = 8080
"""KServe tells every explainer to listen here."""
BUDGET, PERIOD = 600, 10
"""Seconds to start, and between two probes."""
MODEL_NAME, PREDICTOR, HTTP = "--model_name", "--predictor_host", "--http_port"
AT: SpecPath = ("spec", "explain", "explainer")


class Explaining(NamedTuple):
    """The variant of the subject that explains, with what its pods are made of."""

    subject: Subject
    explainer: Explainer
    pod: dict[str, Any]
    ports: dict[str, Any]


def explaining(subject: Subject, spec: ModelSpec, host: str | None) -> Explaining | None:
    """None where the model has no explainer. `host`: where the model is asked; None where KServe says it."""
    explainer = spec.explain.explainer if spec.explain is not None else None
    if explainer is None:
        return None
    own, ports = labelled(replace(subject, variant=EXPLAIN)), {"http": PORT}
    parts = join((scratch(), PodParts(env=declared(explainer.env, (*AT, "env")))))
    pod = pod_spec(own, spec, None, _server(own, explainer, ports, host), parts)
    return Explaining(own, explainer, pod, ports)


def explainer_resources(subject: Subject, spec: ModelSpec) -> tuple[Resource | None, ...]:
    """On plain Kubernetes."""
    made = explaining(subject, spec, f"{subject.base}.{subject.namespace}")
    if made is None:
        return ()
    return (_deployment(made, spec), *reached(made, spec))


def reached(made: Explaining, spec: ModelSpec) -> tuple[Resource | None, ...]:
    """At one address whatever makes its pods, by whoever may call the model."""
    return (service(made.subject, made.ports), network_policy(made.subject, spec.access, made.ports))


def asking(subject: Subject, spec: ModelSpec) -> tuple[dict[str, Any], ...]:
    """The explainer's pods as callers of the model, where not all of its namespace are."""
    if spec.access is None or spec.explain is None or spec.explain.explainer is None:
        return ()
    return ({"podSelector": {"matchLabels": selector(replace(subject, variant=EXPLAIN))}},)


def _deployment(made: Explaining, spec: ModelSpec) -> Resource:
    inputs = {
        "spec": {
            "replicas": traced(made.explainer.replicas, *AT, "replicas"),
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": BUDGET + LONGEST_DEADLINE,
            "selector": {"matchLabels": selector(made.subject)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": made.subject.pod_labels}, "spec": made.pod},
        }
    }
    after = needed(made.subject, spec, PodParts())
    return make_resource(made.subject, "deployment", "apps/v1", "Deployment", inputs, depends_on=after)


def _server(subject: Subject, explainer: Explainer, ports: dict[str, Any], host: str | None) -> Server:
    return Server(
        image=Traced(subject.image(explainer.image), (*AT, "image")),
        command=[Traced(part, (*AT, "command", index)) for index, part in enumerate(explainer.command)] or None,
        args=_arguments(subject, explainer, host),
        ports=ports,
        probes=_probes(explainer),
        resources=amounts(explainer.resources, (*AT, "resources"), {}),
        leaving=leaving(None, CLASSIC_DEFAULT),
        startup_budget=BUDGET,
        read_only_root=False,
        own_user=True,
    )


def _arguments(subject: Subject, explainer: Explainer, host: str | None) -> list[Any]:
    """People's own come first, and are not repeated."""
    own = [Traced(each, (*AT, "args", index)) for index, each in enumerate(explainer.args)]
    added = [(MODEL_NAME, subject.metadata.name), *([(PREDICTOR, host), (HTTP, str(PORT))] if host else [])]
    given = {each.partition("=")[0] for each in explainer.args}
    return [*own, *(word for flag, value in added if flag not in given for word in (flag, value))]


def _probes(explainer: Explainer) -> dict[str, Any]:
    if explainer.readiness is None:
        return {"startupProbe": open_port(PERIOD, BUDGET, AT), "readinessProbe": open_port(PERIOD)}
    path = Traced(explainer.readiness, (*AT, "readiness"))
    return {"startupProbe": startup(path, BUDGET, PERIOD, AT), "readinessProbe": readiness(path, PERIOD)}
