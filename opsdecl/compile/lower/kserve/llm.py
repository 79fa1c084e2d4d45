"""An LLM on KServe: an LLMInferenceService with our engine's own pod, and around it what any LLM has."""

from typing import Any

from opsdecl.compile.lower.kserve.limits import beyond_kserve, llm_beyond_kserve
from opsdecl.compile.lower.kserve.pods import as_container, over_preset, own_labels, service_name
from opsdecl.compile.lower.native.deployment import needed, pod_annotations, pod_spec, spread
from opsdecl.compile.lower.native.disruption import disruption_budget
from opsdecl.compile.lower.native.llm import Prepared, held, prepare
from opsdecl.compile.lower.native.network import network_policy
from opsdecl.compile.lower.native.parts import Workload
from opsdecl.compile.lower.native.replicas import is_autoscaled, replica_count
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.native.volumes import HOME
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.scaling import scaler
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked, SpecPath
from opsdecl.spec.kinds.llm import LLMSpec
from opsdecl.spec.kinds.serving import Replicas
from opsdecl.spec.kinds.weights import InlineModel

ROLE = "llm-inference-service"
API_VERSION, KIND = "serving.kserve.io/v1alpha2", "LLMInferenceService"
CONTAINER = "main"


def lower_llm_service(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: those of `prepare`, and what KServe cannot do."""
    spec: LLMSpec = subject.document.model.spec
    prepared = prepare(subject, spec)
    if prepared.value is None:
        return Checked(None, prepared.diagnostics)
    engine = prepared.value
    workload = Workload(ROLE, "apps/v1", "Deployment", f"{service_name(subject)}-kserve")
    resources = (
        llm_service(subject, spec, engine, workload_of(subject, spec, engine)),
        service(subject, engine.ports),
        scaler(subject, spec.replicas, workload),
        disruption_budget(subject, spec.disruption, spec.replicas, workload),
        network_policy(subject, spec.access, engine.ports, scraped=engine.scraped),
        *held(subject, spec, engine),
    )
    found = (*prepared.diagnostics, *beyond_kserve(subject, spec), *llm_beyond_kserve(subject, spec, engine.server))
    return Checked(tuple(resource for resource in resources if resource is not None), found)


def workload_of(subject: Subject, spec: LLMSpec, engine: Prepared) -> dict[str, Any]:
    """The pods of one role, as KServe takes them."""
    whole = pod_spec(subject, spec, spec.accelerator, engine.server, engine.parts, spread=spread(subject, spec))
    return {
        "replicas": replica_count(subject, spec.replicas),
        "parallelism": tensor_and_expert(spec) or None,
        "labels": own_labels(subject),
        "annotations": pod_annotations(engine.server, engine.parts),
        "template": over_preset(as_container(whole, CONTAINER), _hub_cache(engine)),
    }


def llm_service(subject: Subject, spec: LLMSpec, engine: Prepared, workload: dict[str, Any]) -> Resource:
    names = spec.served_names or (subject.metadata.name,)
    inputs = {
        "spec": {
            "model": {"uri": _uri(subject, spec), "name": traced(names[0], "spec", "servedNames")},
            # The engine fetches its weights itself, at the pinned revision and into the declared cache.
            "storageInitializer": {"enabled": False},
            **workload,
        }
    }
    scaled = [(path, replicas) for path, replicas in _counts(spec) if is_autoscaled(subject, replicas)]
    return make_resource(
        subject,
        ROLE,
        API_VERSION,
        KIND,
        inputs,
        name=service_name(subject),
        depends_on=needed(subject, spec, engine.parts),
        ignore_changes=tuple(path for path, _ in scaled),
    )


def _counts(spec: LLMSpec) -> tuple[tuple[SpecPath, Replicas], ...]:
    """Where the object has numbers of pods."""
    own: tuple[tuple[SpecPath, Replicas], ...] = ((("spec", "replicas"), spec.replicas),)
    return (*own, (("spec", "prefill", "replicas"), spec.prefill.replicas)) if spec.prefill else own


def _uri(subject: Subject, spec: LLMSpec) -> Any:
    """`hf://org/name:revision`. It says what is served; nothing is fetched by it."""
    facts = subject.document.effective.get("model") or {}
    said = spec.model.uri if isinstance(spec.model, InlineModel) else str(spec.model)
    uri, revision = str(facts.get("uri") or said), facts.get("revision")
    whole = uri if "://" in uri else f"hf://{uri}"
    return traced(f"{whole}:{revision}" if revision and whole.startswith("hf://") else whole, "model", "uri")


def tensor_and_expert(spec: LLMSpec) -> dict[str, Any]:
    """What KServe does not take for a wish to span nodes; the engine's own flags say all of it."""
    side = spec.parallelism
    tensor = {"tensor": traced(side.tensor, "spec", "parallelism", "tensor")} if side.tensor > 1 else {}
    return {**tensor, **({"expert": traced(True, "spec", "parallelism", "expert")} if side.expert else {})}


def _hub_cache(engine: Prepared) -> str:
    """Where the hub's client looks without being told."""
    home = engine.parts.env.get("HF_HOME")
    return f"{home['value']}/hub" if home else f"{HOME}/.cache/huggingface/hub"
