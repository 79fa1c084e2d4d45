"""An LLM on plain Kubernetes: one Deployment of engine pods and everything around it."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from opsdecl.compile.lower.native import sglang, vllm
from opsdecl.compile.lower.native.adapters import adapter_flags, adapter_parts
from opsdecl.compile.lower.native.cache import cache_claim
from opsdecl.compile.lower.native.chat_template import PATH as TEMPLATE_PATH
from opsdecl.compile.lower.native.chat_template import missing_template, template_map, template_parts, template_text
from opsdecl.compile.lower.native.compute import compute
from opsdecl.compile.lower.native.deployment import Server
from opsdecl.compile.lower.native.drain import LLM_DEFAULT, leaving
from opsdecl.compile.lower.native.flags import plain_flag, settle_flags
from opsdecl.compile.lower.native.guardrails import (
    ENGINE,
    Guard,
    behind,
    guarded,
    guardrails_findings,
    guardrails_map,
    joined,
)
from opsdecl.compile.lower.native.limits import beyond_native
from opsdecl.compile.lower.native.network import network_policy
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.probes import liveness, readiness, startup, startup_budget
from opsdecl.compile.lower.native.service_account import service_account
from opsdecl.compile.lower.native.tracing import beyond_tracing, tracing_egress, tracing_flags, tracing_variables
from opsdecl.compile.lower.native.variables import declared, literal
from opsdecl.compile.lower.native.volumes import scratch, shared_memory
from opsdecl.compile.lower.native.weights import Facts, Located, locate_weights, model_facts
from opsdecl.compile.lower.native.workload import serving
from opsdecl.compile.lower.routing.pool import inference_pool
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import render as codes
from opsdecl.spec.kinds.llm import LLMSpec
from opsdecl.spec.kinds.runtime import LLM_ENGINES, RuntimeSpec

CUSTOM_PORT = 8080
SERVED_MODELS = "/v1/models"
"""Lists the served models; engines answer it once the weights are loaded, under the names that they were given."""


class CommandLine(NamedTuple):
    command: list[Any] | None
    arguments: list[Any] | None
    port: int


class Prepared(NamedTuple):
    """An engine with everything that its pods need, whatever makes them. `template` is the chat template's text,
    `ports` are those that requests are sent to, of the engine or of the `guard` before it. `parts` are of pods that
    answer, `alone` of those that only help."""

    server: Server
    parts: PodParts
    alone: PodParts
    ports: dict[str, Any]
    template: Traced | None
    guard: Guard | None = None

    @property
    def scraped(self) -> tuple[str, ...] | None:
        """Ports with metrics, where they are not those that requests are sent to."""
        return (ENGINE,) if self.guard is not None else None


def lower_llm(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: those of `prepare`, and `beyond_native`."""
    spec: LLMSpec = subject.document.model.spec
    prepared = prepare(subject, spec)
    if prepared.value is None:
        return Checked(None, prepared.diagnostics)
    engine = prepared.value
    resources = (
        *serving(subject, spec, spec.accelerator, engine.server, engine.parts, engine.ports),
        network_policy(subject, spec.access, engine.ports, scraped=engine.scraped),
        inference_pool(subject, engine.ports),
        *held(subject, spec, engine),
    )
    found = (*prepared.diagnostics, *beyond_native(subject, spec), *_not_joined(subject, spec))
    return Checked(tuple(resource for resource in resources if resource is not None), found)


def prepare(subject: Subject, spec: LLMSpec) -> Checked[Prepared]:
    """Errors: an engine for other models, a template that is not there, texts that no trace can have."""
    runtime = subject.runtime
    if runtime is None:
        # The compiler reports a Runtime that is missing; without its image there is nothing to run.
        return Checked(None)
    if runtime.engine not in LLM_ENGINES:
        return Checked(None, (_not_served(subject, spec, runtime),))
    facts = model_facts(subject, spec.model)
    template = template_text(subject, spec.chat_template)
    image = Traced(subject.image(runtime.image), ("runtime", "image"))
    weights = locate_weights(subject, spec.weights, facts, image)
    line = command_line(subject, spec, runtime, weights, TEMPLATE_PATH if template else None)
    ports = {"http": Traced(line.port, ("runtime", "port"))}
    server = _server(subject, spec, runtime, facts, line, ports)
    parts = _parts(subject, spec, runtime, weights, template)
    # Of a model in two roles the picker finds the engines' own ports; that is refused for the whole document.
    guard = None if subject.is_split else guarded(subject, spec, server)
    found = (
        *missing_template(subject, spec.chat_template),
        *beyond_tracing(subject, spec, runtime),
        *guardrails_findings(subject, spec, line.port),
    )
    if guard is None:
        return Checked(Prepared(server, parts, parts, ports, template), found)
    return Checked(Prepared(behind(server), joined(parts, guard), parts, guard.ports, template, guard), found)


def held(subject: Subject, spec: LLMSpec, engine: Prepared) -> tuple[Resource | None, ...]:
    """What pods use and whatever makes them does not matter to."""
    return (
        service_account(subject, spec.service_account),
        cache_claim(subject, spec.weights.cache),
        template_map(subject, engine.template),
        tracing_egress(subject, spec),
        guardrails_map(subject, engine.guard),
    )


def _not_joined(subject: Subject, spec: LLMSpec) -> Iterator[Diagnostic]:
    nodes = spec.accelerator.spans if spec.accelerator else 1
    if nodes > 1:
        yield Diagnostic(
            codes.NODES_NOT_JOINED,
            f"a replica spans {nodes} nodes, and platform.multiNode is `none` in {subject.environment_name}",
            at=subject.place(("spec", "accelerator", "nodes")),
            hint="set platform.multiNode of the Environment to leader-worker-set, or let a replica fit on one node",
            subject=str(subject.document.address),
        )


def command_line(
    subject: Subject, spec: LLMSpec, runtime: RuntimeSpec, weights: Located, template: str | None
) -> CommandLine:
    """Each engine in its own words; a custom engine gets its flags alone, and the model in its environment."""
    served = spec.served_names or (subject.metadata.name,)
    flags, own = runtime.args, spec.engine.args
    adapters = adapter_flags(subject, runtime.engine, {plain_flag(name) for name in (*flags, *own)})
    further = (*adapters, *tracing_flags(subject, spec, runtime.engine))
    if runtime.engine == "vllm":
        port = runtime.port or vllm.PORT
        typed = vllm.typed_flags(spec, weights.revision, served, template, port) + further
        settled = settle_flags(typed, flags, own, negation=vllm.NEGATION)
        return _line(vllm.COMMAND, (weights.argument,), settled, port)
    if runtime.engine == "sglang":
        port = runtime.port or sglang.PORT
        typed = sglang.typed_flags(spec, weights.revision, served, template, port) + further
        settled = settle_flags(typed, flags, own)
        model = Traced(f"--model-path={weights.argument.value}", weights.argument.path)
        return _line(sglang.COMMAND, (model,), settled, port)
    return _line((), (), settle_flags((), flags, own), runtime.port or CUSTOM_PORT)


def _line(command: Iterable[str], first: Iterable[Traced], flags: Iterable[Traced], port: int) -> CommandLine:
    return CommandLine(list(command) or None, [*first, *flags] or None, port)


def _server(
    subject: Subject, spec: LLMSpec, runtime: RuntimeSpec, facts: Facts, line: CommandLine, ports: dict[str, Any]
) -> Server:
    size = facts.gib if facts.gib is not None else subject.reckoned_gib
    budget = startup_budget(size, spec.weights.source.type, runtime.probes.startup_margin)
    return Server(
        image=Traced(subject.image(runtime.image), ("runtime", "image")),
        command=line.command,
        args=line.arguments,
        ports=ports,
        probes=_probes(runtime, budget),
        resources=compute(subject, spec.resources, spec.accelerator, spec.rdma),
        leaving=leaving(spec.drain, LLM_DEFAULT),
        startup_budget=budget,
        read_only_root=runtime.engine != "custom",
        own_user=runtime.engine == "custom",
        rdma=spec.rdma is not None,
    )


def _probes(runtime: RuntimeSpec, budget_s: int) -> dict[str, Any]:
    """The start waits for the served model by name, which engines list only once its weights are loaded. Later probes
    ask for the engine's health: the list stays there when the engine behind it has died, health does not."""
    period = max(1, round(runtime.probes.period.seconds))
    health = Traced(runtime.probes.path, ("runtime", "probes", "path"))
    first = SERVED_MODELS if runtime.engine in ("vllm", "sglang") else health
    return {
        "startupProbe": startup(first, budget_s, period, ("model", "weightsGiB")),
        "readinessProbe": readiness(health, period),
        "livenessProbe": liveness(health, period),
    }


def _parts(
    subject: Subject, spec: LLMSpec, runtime: RuntimeSpec, weights: Located, template: Traced | None
) -> PodParts:
    gpus = spec.accelerator.count if spec.accelerator else 1
    told = tracing_variables(subject, spec, runtime.engine)
    known = PodParts(env=_model_variables(subject, spec, runtime, weights) | told)
    people = PodParts(
        env=declared(runtime.env, ("runtime", "env")) | declared(spec.engine.env, ("spec", "engine", "env"))
    )
    shm = shared_memory(subject, spec.resources, gpus)
    image = Traced(subject.image(runtime.image), ("runtime", "image"))
    adapters = adapter_parts(subject, image, spec.weights.source)
    return join((scratch(), shm, weights.parts, adapters, template_parts(subject, template), known, people))


def _model_variables(subject: Subject, spec: LLMSpec, runtime: RuntimeSpec, weights: Located) -> dict[str, Any]:
    if runtime.engine != "custom":
        return {}
    names = ",".join(spec.served_names or (subject.metadata.name,))
    return {
        "MODEL_ID": Traced(literal(str(weights.argument.value)), weights.argument.path),
        "MODEL_REVISION": Traced(literal(weights.revision.value), weights.revision.path) if weights.revision else None,
        "MODEL_NAME": traced(literal(names), "spec", "servedNames"),
        "PORT": traced(literal(str(runtime.port or CUSTOM_PORT)), "runtime", "port"),
    }


def _not_served(subject: Subject, spec: LLMSpec, runtime: RuntimeSpec) -> Diagnostic:
    return Diagnostic(
        codes.FORMAT_NOT_SERVED,
        f"the engine `{runtime.engine}` of runtime `{spec.runtime}` does not serve language models",
        at=subject.place(("spec", "runtime")),
        hint=f"use a runtime whose engine is one of: {', '.join(sorted(LLM_ENGINES))}",
        subject=str(subject.document.address),
    )
