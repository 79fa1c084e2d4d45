"""A server of people's own beside a classic model, started as KServe starts one: an explainer, a transformer."""

from typing import Any, NamedTuple

from msgspec.structs import replace

from opsdecl.compile.lower.labels import labelled, selector
from opsdecl.compile.lower.native.deployment import LONGEST_DEADLINE, Server, needed, pod_spec
from opsdecl.compile.lower.native.drain import CLASSIC_DEFAULT, leaving
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.probes import open_port, readiness, startup
from opsdecl.compile.lower.native.run_job import amounts
from opsdecl.compile.lower.native.variables import declared
from opsdecl.compile.lower.native.volumes import scratch
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.explain import Explainer
from opsdecl.spec.kinds.model import ModelSpec
from opsdecl.spec.kinds.transformer import Transformer

PORT = 8080
"""KServe tells every such server to listen here."""
BUDGET, PERIOD = 600, 10
"""Seconds to start, and between two probes."""
MODEL_NAME, PREDICTOR, HTTP = "--model_name", "--predictor_host", "--http_port"


class Beside(NamedTuple):
    """The variant of the subject that has the server, with what its pods are made of. `at`: where it is declared."""

    subject: Subject
    declared: Explainer | Transformer
    at: SpecPath
    pod: dict[str, Any]
    ports: dict[str, Any]

    @property
    def count(self) -> Any:
        """How many of it run."""
        return traced(self.declared.replicas, *self.at, "replicas")

    @property
    def peer(self) -> dict[str, Any]:
        """Its pods, as a NetworkPolicy names them."""
        return {"podSelector": {"matchLabels": selector(self.subject)}}


def beside(
    subject: Subject, spec: ModelSpec, said: Explainer | Transformer, variant: str, at: SpecPath, host: str | None
) -> Beside:
    """`host`: where the model is asked; None where KServe says it."""
    own, ports = labelled(replace(subject, variant=variant)), {"http": PORT}
    parts = join((scratch(), PodParts(env=declared(said.env, (*at, "env")))))
    pod = pod_spec(own, spec, None, _server(own, said, at, ports, host), parts)
    return Beside(own, said, at, pod, ports)


def own_deployment(made: Beside, spec: ModelSpec) -> Resource:
    """On plain Kubernetes."""
    inputs = {
        "spec": {
            "replicas": made.count,
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": BUDGET + LONGEST_DEADLINE,
            "selector": {"matchLabels": selector(made.subject)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": made.subject.pod_labels}, "spec": made.pod},
        }
    }
    after = needed(made.subject, spec, PodParts())
    return make_resource(made.subject, "deployment", "apps/v1", "Deployment", inputs, depends_on=after)


def _server(
    subject: Subject, said: Explainer | Transformer, at: SpecPath, ports: dict[str, Any], host: str | None
) -> Server:
    return Server(
        image=Traced(subject.image(said.image), (*at, "image")),
        command=[Traced(part, (*at, "command", index)) for index, part in enumerate(said.command)] or None,
        args=_arguments(subject, said, at, host),
        ports=ports,
        probes=_probes(said, at),
        resources=amounts(said.resources, (*at, "resources"), {}),
        leaving=leaving(None, CLASSIC_DEFAULT),
        startup_budget=BUDGET,
        read_only_root=False,
        own_user=True,
    )


def _arguments(subject: Subject, said: Explainer | Transformer, at: SpecPath, host: str | None) -> list[Any]:
    """People's own come first, and are not repeated."""
    own = [Traced(each, (*at, "args", index)) for index, each in enumerate(said.args)]
    added = [(MODEL_NAME, subject.metadata.name), *([(PREDICTOR, host), (HTTP, str(PORT))] if host else [])]
    given = {each.partition("=")[0] for each in said.args}
    return [*own, *(word for flag, value in added if flag not in given for word in (flag, value))]


def _probes(said: Explainer | Transformer, at: SpecPath) -> dict[str, Any]:
    if said.readiness is None:
        return {"startupProbe": open_port(PERIOD, BUDGET, at), "readinessProbe": open_port(PERIOD)}
    path = Traced(said.readiness, (*at, "readiness"))
    return {"startupProbe": startup(path, BUDGET, PERIOD, at), "readinessProbe": readiness(path, PERIOD)}
