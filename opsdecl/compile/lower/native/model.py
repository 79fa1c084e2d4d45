"""A classic model on plain Kubernetes: one Deployment of its server and everything around it."""

from typing import Any, NamedTuple

from opsdecl.compile.lower.native.classic import SERVERS, ClassicServer, classic_server
from opsdecl.compile.lower.native.compute import compute
from opsdecl.compile.lower.native.deployment import Server
from opsdecl.compile.lower.native.drain import CLASSIC_DEFAULT, leaving
from opsdecl.compile.lower.native.explainer import explainer_resources, explaining
from opsdecl.compile.lower.native.flags import settle_flags
from opsdecl.compile.lower.native.limits import beyond_native
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.probes import liveness, open_port, readiness, startup
from opsdecl.compile.lower.native.service_account import service_account
from opsdecl.compile.lower.native.storage import source_annotations, source_parts
from opsdecl.compile.lower.native.transformer import (
    addresses,
    beyond_transformer,
    guarded,
    model_host,
    transformer_resources,
    transforming,
)
from opsdecl.compile.lower.native.variables import declared, literal
from opsdecl.compile.lower.native.volumes import scratch, shared_memory
from opsdecl.compile.lower.native.workload import serving
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import render as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.model import ModelSpec
from opsdecl.spec.kinds.runtime import RuntimeProbes

CUSTOM = "custom"
BUDGET = 600
"""Seconds to start: classic models are small, images and imports are most of it."""


class PreparedModel(NamedTuple):
    """A server with everything that its pods need, whatever makes them."""

    server: Server
    parts: PodParts
    ports: dict[str, Any]


def lower_model(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: those of `prepare_model`, `beyond_native` and `beyond_transformer`."""
    spec: ModelSpec = subject.document.model.spec
    prepared = prepare_model(subject, spec)
    if prepared.value is None:
        return Checked(None, prepared.diagnostics)
    server, parts, ports = prepared.value
    host = model_host(subject, spec)
    explainer, transformer = explaining(subject, spec, host), transforming(subject, spec, host)
    resources = (
        *serving(subject, spec, spec.accelerator, server, parts, ports, addresses(subject, ports, transformer)),
        service_account(subject, spec.service_account),
        guarded(subject, spec, ports, explainer, transformer),
        *(explainer_resources(explainer, spec) if explainer is not None else ()),
        *(transformer_resources(transformer, spec) if transformer is not None else ()),
    )
    found = (*beyond_native(subject, spec), *beyond_transformer(subject, spec))
    return Checked(tuple(resource for resource in resources if resource is not None), found)


def prepare_model(subject: Subject, spec: ModelSpec) -> Checked[PreparedModel]:
    """Errors: a format that the runtime's engine does not serve."""
    engine = subject.runtime.engine if subject.runtime else CUSTOM
    image = _image(subject, spec)
    if image is None:
        # Neither image nor runtime, or a runtime that is missing: both are reported where the document is checked.
        return Checked(None)
    if engine not in SERVERS:
        return Checked(None, (_not_served(subject, spec, engine),))
    port = spec.port or (subject.runtime.port if subject.runtime else None)
    kind = classic_server(engine, subject.metadata.name, spec.format, port)
    if spec.format not in kind.formats:
        return Checked(None, (_not_served(subject, spec, engine),))
    ports: dict[str, Any] = {"http": Traced(kind.port, _port_path(spec)), **kind.ports}
    server, parts = _server(subject, spec, kind, image, ports), _parts(subject, spec, kind, image)
    return Checked(PreparedModel(server, parts, ports))


def _image(subject: Subject, spec: ModelSpec) -> Traced | None:
    if spec.image is not None:
        return Traced(subject.image(spec.image), ("spec", "image"))
    return Traced(subject.image(subject.runtime.image), ("runtime", "image")) if subject.runtime else None


def _port_path(spec: ModelSpec) -> tuple[str, ...]:
    return ("spec", "port") if spec.port is not None else ("runtime", "port")


def _server(subject: Subject, spec: ModelSpec, kind: ClassicServer, image: Traced, ports: dict[str, Any]) -> Server:
    return Server(
        image=image,
        command=[Traced(part, ("spec", "command")) for part in spec.command] or list(kind.command) or None,
        args=_arguments(subject, spec, kind) or None,
        ports=ports,
        probes=_probes(subject, spec, kind),
        resources=compute(subject, spec.resources, spec.accelerator, None),
        leaving=leaving(spec.drain, CLASSIC_DEFAULT),
        startup_budget=BUDGET,
        read_only_root=kind.read_only_root,
        own_user=kind.own_user,
        pod_annotations=source_annotations(spec.source),
    )


def _arguments(subject: Subject, spec: ModelSpec, kind: ClassicServer) -> list[Any]:
    """The engine's own, the runtime's flags, the document's."""
    flags = settle_flags((), subject.runtime.args if subject.runtime else {}, {}, dashes=False)
    own = [Traced(argument, ("spec", "args", index)) for index, argument in enumerate(spec.args)]
    return [*kind.args, *flags, *own]


def _probes(subject: Subject, spec: ModelSpec, kind: ClassicServer) -> dict[str, Any]:
    """The document's paths, else those that the runtime changed, else the engine's; else the open port."""
    probes = subject.runtime.probes if subject.runtime else RuntimeProbes()
    period = max(1, round(probes.period.seconds))
    chosen = Traced(probes.path, ("runtime", "probes", "path")) if probes.path != RuntimeProbes().path else None
    ready = _own_path(spec.probes.readiness, "readiness") or chosen or kind.readiness
    live = _own_path(spec.probes.liveness, "liveness") or chosen or kind.liveness
    origin = ("spec", "probes")
    if not ready:
        return {"startupProbe": open_port(period, BUDGET, origin), "readinessProbe": open_port(period)}
    return {
        "startupProbe": startup(ready, BUDGET, period, origin),
        "readinessProbe": readiness(ready, period),
        "livenessProbe": liveness(live, period) if live else None,
    }


def _own_path(path: str | None, field: str) -> Traced | None:
    return Traced(path, ("spec", "probes", field)) if path else None


def _parts(subject: Subject, spec: ModelSpec, kind: ClassicServer, image: Traced) -> PodParts:
    known = PodParts(env={name: literal(value) for name, value in kind.env.items() if value})
    runtime = declared(subject.runtime.env, ("runtime", "env")) if subject.runtime else {}
    people = PodParts(env=runtime | declared(spec.env, ("spec", "env")))
    needs_shm = kind.shared_memory or spec.resources.shared_memory is not None
    gpus = spec.accelerator.count if spec.accelerator else 1
    shm = shared_memory(subject, spec.resources, gpus) if needs_shm else PodParts()
    return join((scratch(), shm, source_parts(subject, spec.source, image=image), known, people))


def _not_served(subject: Subject, spec: ModelSpec, engine: str) -> Diagnostic:
    fitting = sorted(name for name, make in SERVERS.items() if spec.format in make("", spec.format, None).formats)
    served = [name for name in fitting if name != CUSTOM]
    return Diagnostic(
        codes.FORMAT_NOT_SERVED,
        f"the engine `{engine}` of runtime `{spec.runtime}` does not serve the format `{spec.format}`",
        at=subject.place(("spec", "format")),
        hint=did_you_mean(engine, served) or f"use a runtime whose engine is one of: {', '.join(served) or CUSTOM}",
        subject=str(subject.document.address),
    )
