"""Checks in front of a model: a container beside the engine's, which takes the port that requests are sent to."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.compile.judged import ROOT as JUDGE
from opsdecl.compile.lower.names import object_name, text_hash
from opsdecl.compile.lower.native import nemo
from opsdecl.compile.lower.native.deployment import Server
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.security import container_security
from opsdecl.compile.lower.native.variables import declared, env_list, literal
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Code, Diagnostic, Severity, SpecPath
from opsdecl.diag.codes import guardrails as codes
from opsdecl.spec.kinds.guardrails import Guardrails
from opsdecl.spec.kinds.llm import LLMSpec

ROLE = "guardrails"
ENGINE = "engine"
"""Name of the engine's own port, where the Service sends nothing: probes and scraping use it."""
HOME = "/home/guardrails"
CUSTOM_FILE = "/etc/guardrails/config"
_AT = ("spec", "guardrails")
_PERIOD_S = 10
_START_S = 300


class Guard(Struct, frozen=True):
    """What checks add to a model: its pods' parts, the port that is asked instead of the engine's, their
    configuration."""

    parts: PodParts
    ports: dict[str, Any]
    text: Traced | None


def guarded(subject: Subject, spec: LLMSpec, server: Server) -> Guard | None:
    """None where nothing is checked, or the configuration cannot be read."""
    guard = spec.guardrails
    said = _said(subject, guard) if guard is not None else None
    if guard is None or said is None:
        return None
    address = f"http://127.0.0.1:{server.ports['http'].value}/v1"
    text = _text(subject, spec, guard, said, address)
    container = _container(subject, spec, guard, server, address, text)
    volumes: list[dict[str, Any]] = [{"name": f"{ROLE}-home", "emptyDir": {}}]
    if text is not None:
        volumes.append({"name": ROLE, "configMap": {"name": Traced(_name(subject, text), text.path)}})
    after = (subject.address(ROLE),) if text is not None else ()
    parts = PodParts(volumes=tuple(volumes), sidecars=(container,), depends_on=after)
    return Guard(parts, {"http": traced(guard.port, *_AT, "port")}, text)


def behind(server: Server) -> Server:
    """The same server where others are asked in its place: its port has another name."""
    probes = {name: _at_engine(probe) for name, probe in server.probes.items()}
    return replace(server, ports={ENGINE: server.ports["http"]}, probes=probes)


def joined(parts: PodParts, guard: Guard) -> PodParts:
    return join((parts, guard.parts))


def guardrails_map(subject: Subject, guard: Guard | None) -> Resource | None:
    """A ConfigMap whose name follows its content, so that pods restart when it changes."""
    if guard is None or guard.text is None:
        return None
    inputs = {"immutable": True, "data": {nemo.FILE: guard.text}}
    return make_resource(subject, ROLE, "v1", "ConfigMap", inputs, name=_name(subject, guard.text))


def guardrails_findings(subject: Subject, spec: LLMSpec, port: Any) -> Iterator[Diagnostic]:
    """Errors: a configuration that is not there or that the engine refuses, and the port of the engine."""
    guard = spec.guardrails
    if guard is None:
        return
    if guard.port == port:
        message = f"the engine of runtime `{spec.runtime}` listens on {port} as well"
        yield _finding(
            subject, codes.PORT_TAKEN, (*_AT, "port"), message, f"set `port` to another one, such as {port + 1}"
        )
    path: SpecPath = (*_AT, "config", "file" if guard.config is not None and guard.config.file else "text")
    said = _said(subject, guard)
    if said is None:
        missing = guard.config is not None and guard.config.file and _written(subject, guard) is None
        message = f"`{guard.config.file}` is no text file of this project" if missing and guard.config else _UNREADABLE
        hint = "write the path from the root of the project, below environments/" if missing else _READABLE
        yield _finding(subject, codes.CHECKS_CANNOT_RUN, path, message, hint)
    elif guard.engine == "nemo-guardrails":
        for problem in nemo.problems(guard, said, path):
            severity = Severity.WARNING if problem.unknown else None
            yield _finding(subject, codes.CHECKS_CANNOT_RUN, problem.path, problem.message, problem.hint, severity)


_UNREADABLE = "the configuration of the guardrails is no YAML mapping"
_READABLE = "write a mapping, such as `prompts: [{task: self_check_input, content: …}]`"


def _written(subject: Subject, guard: Guardrails) -> str | None:
    """The text of the document, or the content of its file as the compiler resolved it."""
    if guard.config is None:
        return None
    if guard.config.text is not None:
        return guard.config.text
    found = subject.document.effective.get(ROLE)
    content = found.get("config") if isinstance(found, Mapping) else None
    return content if isinstance(content, str) else None


def _said(subject: Subject, guard: Guardrails) -> Mapping[str, Any] | None:
    """None where there is a configuration and it cannot be read. That of a custom engine is its own affair."""
    from yaml import CSafeLoader, YAMLError, load

    text = _written(subject, guard)
    if guard.config is None or (guard.engine == "custom" and text is not None):
        return {}
    try:
        found = load(text, CSafeLoader) if text is not None else None
    except YAMLError:
        return None
    return found if isinstance(found, Mapping) else None


def _text(subject: Subject, spec: LLMSpec, guard: Guardrails, said: Mapping[str, Any], address: str) -> Traced | None:
    """What is mounted, from where most of it is written."""
    from yaml import CSafeDumper, dump

    origin: SpecPath = (*_AT, "config", "file" if guard.config.file else "text") if guard.config is not None else _AT
    if guard.engine == "custom":
        written = _written(subject, guard)
        return Traced(written, origin) if written is not None else None
    whole = nemo.configuration(guard, said, _served(subject, spec), address, _judge(subject))
    return Traced(dump(whole, Dumper=CSafeDumper, sort_keys=True, allow_unicode=True, width=1000), origin)


def _container(
    subject: Subject, spec: LLMSpec, guard: Guardrails, server: Server, address: str, text: Traced | None
) -> dict[str, Any]:
    nemo_runs = guard.engine == "nemo-guardrails"
    mounts: list[dict[str, Any]] = [{"name": f"{ROLE}-home", "mountPath": HOME}]
    if text is not None:
        # File by file: in a folder of Kubernetes each stands thrice, as links, and the server joins all that it finds.
        path = f"{nemo.FOLDER}/{nemo.FILE}" if nemo_runs else CUSTOM_FILE
        mounts.append({"name": ROLE, "mountPath": path, "subPath": nemo.FILE, "readOnly": True})
    own = {name: literal(value) for name, value in _variables(subject, spec, guard, address).items()}
    own |= {"HOME": literal(HOME), "TMPDIR": literal(HOME)}
    reserved = {"cpu": guard.resources.cpu.text, "memory": guard.resources.memory.text}
    return {
        "name": ROLE,
        "image": traced(subject.image(guard.image), *_AT, "image"),
        "command": list(nemo.COMMAND) if nemo_runs else None,
        "args": nemo.arguments(guard.port) if nemo_runs else None,
        "env": env_list(own | declared(guard.env, (*_AT, "env"))),
        "ports": [{"name": "http", "containerPort": traced(guard.port, *_AT, "port"), "protocol": "TCP"}],
        "resources": {
            "requests": {name: traced(amount, *_AT, "resources", name) for name, amount in reserved.items()},
            "limits": {"memory": traced(reserved["memory"], *_AT, "resources", "memory")},
        },
        "volumeMounts": mounts,
        **_probes(guard),
        # As long as the engine: neither cuts an answer off that the other still gives.
        "lifecycle": server.leaving.lifecycle,
        "securityContext": container_security(read_only_root=nemo_runs),
    }


def _probes(guard: Guardrails) -> dict[str, Any]:
    """The pod is ready once both are: the engine with its model, and what stands before it."""
    said = guard.path or (nemo.HEALTH if guard.engine == "nemo-guardrails" else None)
    asked = (
        {"httpGet": {"path": traced(said, *_AT, "path"), "port": "http"}} if said else {"tcpSocket": {"port": "http"}}
    )
    timed = {**asked, "periodSeconds": _PERIOD_S, "timeoutSeconds": 5}
    return {
        "startupProbe": {**timed, "failureThreshold": _START_S // _PERIOD_S},
        "readinessProbe": {**timed, "failureThreshold": 3},
        "livenessProbe": {**timed, "failureThreshold": 6},
    }


def _variables(subject: Subject, spec: LLMSpec, guard: Guardrails, address: str) -> dict[str, str]:
    if guard.engine == "nemo-guardrails":
        return nemo.variables(address)
    judge = _judge(subject)
    told = {
        "PORT": str(guard.port),
        "ENGINE_URL": address,
        "MODEL_NAME": _served(subject, spec),
        "INPUT_CHECKS": ",".join(guard.input),
        "OUTPUT_CHECKS": ",".join(guard.output),
        "JUDGE_URL": judge["address"] if judge else "",
        "JUDGE_MODEL": judge["asked"] if judge else "",
        "CONFIG": CUSTOM_FILE if guard.config is not None else "",
    }
    return {name: value for name, value in told.items() if value}


def _judge(subject: Subject) -> Mapping[str, Any] | None:
    found = subject.document.effective.get(JUDGE)
    return found if isinstance(found, Mapping) else None


def _served(subject: Subject, spec: LLMSpec) -> str:
    return next(iter(spec.served_names), subject.metadata.name)


def _at_engine(probe: Mapping[str, Any]) -> dict[str, Any]:
    """Of the engine's own container, by whatever it asks."""
    return {
        name: {**value, "port": ENGINE} if name in ("httpGet", "tcpSocket") else value for name, value in probe.items()
    }


def _name(subject: Subject, text: Traced) -> str:
    return object_name(subject.base, f"{ROLE}-{text_hash(text.value)}")


def _finding(
    subject: Subject, code: Code, path: SpecPath, message: str, hint: str, severity: Severity | None = None
) -> Diagnostic:
    return Diagnostic(
        code,
        message,
        at=subject.place(path),
        hint=hint,
        severity_override=severity,
        subject=str(subject.document.address),
    )
