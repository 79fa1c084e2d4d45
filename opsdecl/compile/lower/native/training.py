"""Training on plain Kubernetes: a volume for what comes out, and a Job; for several nodes, names by which they meet."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from opsdecl.addr import MAIN, Address
from opsdecl.compile.lower.labels import selector
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.accelerators import gpu_limits
from opsdecl.compile.lower.native.dataset_keys import chain_of, plain, run_key
from opsdecl.compile.lower.native.guard import RUNS, guarded, model_folder
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.recipe import program_command, recipe_env, recipe_key, recipe_told
from opsdecl.compile.lower.native.run_job import Work, amounts, job_name, run_job
from opsdecl.compile.lower.native.training_data import ROOT, used_data
from opsdecl.compile.lower.native.training_meeting import Meeting, meeting
from opsdecl.compile.lower.native.variables import declared, from_secret, literal
from opsdecl.compile.lower.native.volumes import scratch, shared_memory
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import CompiledDocument, Resource, Traced
from opsdecl.diag import Checked
from opsdecl.spec.kinds.dataset import DatasetSpec, DataStorage
from opsdecl.spec.kinds.training import FineTuning, TrainingSpec

OUTPUT = "/output"
OUTPUT_ANNOTATION = "opsdecl.dev/output"
QUEUE = "kueue.x-k8s.io/queue-name"
NODES = "nodes"
SPOT = ("cloud.google.com/gke-spot", "kubernetes.azure.com/scalesetpriority")
"""Taints of nodes that can be taken away, where a cloud sets one by itself."""
_SEMANTIC = ("framework", "image", "command", "args", "env", "parameters", "precision", "optimizer", "batch")


def lower_training(subject: Subject) -> Checked[tuple[Resource, ...]]:
    spec: TrainingSpec = subject.document.model.spec
    key = training_key(subject, spec)
    made = [output_volume(subject, spec.output), _service(subject) if spec.nodes > 1 else None]
    made.append(_job(subject, spec, key))
    return Checked(tuple(resource for resource in made if resource is not None))


def training_key(subject: Subject, spec: TrainingSpec) -> str:
    """Over what the model that comes out depends on. Machines, sharding, limits and queues change no model."""
    return _key(spec, {used.name: used.spec for used in subject.datasets}, subject.document.effective)


def key_of_training(document: CompiledDocument) -> str:
    """The same, of a training that another document names."""
    named = {root: a.name for root, a in document.references.items() if a.kind == "Dataset"}
    data = {name: DatasetSpec.model_validate(document.effective[root]) for root, name in named.items()}
    return _key(document.model.spec, data, document.effective)


def _key(spec: TrainingSpec, datasets: Mapping[str, DatasetSpec], effective: Mapping[str, Any]) -> str:
    written = plain(spec)
    inputs = {name: written.get(name) for name in _SEMANTIC}
    data = {name: chain_of(used).content for name, used in datasets.items()}
    return run_key([inputs, data, _start(effective, spec.base), spec.run.attempt, *recipe_key(spec)])


def _start(effective: Mapping[str, Any], base: FineTuning | None) -> Mapping[str, Any] | None:
    """The model that it starts from, by address and revision, and how it is trained."""
    if base is None:
        return None
    facts = effective.get("model", {})
    how = {k: v for k, v in plain(base).items() if k not in ("token", "model")}
    return {"uri": facts.get("uri"), "revision": facts.get("revision"), **how}


def output_claim(base: str, output: DataStorage) -> str:
    return output.claim or object_name(base, "output")


def output_volume(subject: Subject, output: DataStorage) -> Resource | None:
    if output.claim is not None:
        return None
    path = ("spec", "output")
    size = traced(output.size.text if output.size else None, *path, "size")
    spec = {
        "accessModes": [traced(output.access_mode, *path, "accessMode")],
        "storageClassName": traced(output.storage_class, *path, "storageClass"),
        "resources": {"requests": {"storage": size}},
    }
    name = output_claim(subject.base, output)
    return make_resource(subject, "output", "v1", "PersistentVolumeClaim", {"spec": spec}, name=name, protect=True)


def _service(subject: Subject) -> Resource:
    """Names for pods before they are ready: they meet in order to become so."""
    spec = {"clusterIP": "None", "selector": selector(subject), "publishNotReadyAddresses": True}
    return make_resource(subject, NODES, "v1", "Service", {"spec": spec}, name=object_name(subject.base, NODES))


def _job(subject: Subject, spec: TrainingSpec, key: str) -> Resource:
    gpus, nodes = spec.accelerator.count if spec.accelerator else 0, object_name(subject.base, NODES)
    together = meeting(spec, gpus, job_name(subject, key), nodes)
    work = training_work(subject, spec, key, together)
    if spec.nodes > 1:
        work = replace(work, subdomain=nodes, depends_on=(_address(subject, NODES), *work.depends_on))
    return run_job(subject, spec, work)


def training_work(subject: Subject, spec: TrainingSpec, key: str, together: Meeting) -> Work:
    """What each of its pods does, whoever makes the pods. `together` is how they find each other."""
    image = traced(subject.image(spec.image), "spec", "image")
    data = used_data(subject, image, spec.accelerator)
    gpus = spec.accelerator.count if spec.accelerator else 0
    own = PodParts(env={**declared(spec.env, ("spec", "env")), **recipe_env(spec), **_told(subject, spec, key)})
    memory = shared_memory(subject, spec.resources, gpus) if gpus else PodParts()
    output = _output(subject, spec.output)
    return Work(
        key=key,
        image=image,
        command=guarded(f"{OUTPUT}/{RUNS}/{key}", program_command(spec)),
        parts=join((output, scratch(), memory, data.parts, own, PodParts(env=dict(together.env)))),
        resources=amounts(spec.resources, ("spec", "resources"), gpu_limits(subject, spec.accelerator)),
        time_limit=spec.time_limit,
        retries=spec.retries,
        path=("spec",),
        pods=spec.nodes,
        accelerator=spec.accelerator,
        ports=together.ports,
        more_tolerations=tuple(Traced({"key": name, "operator": "Exists"}, ("spec", "spot")) for name in SPOT)
        if spec.spot
        else (),
        depends_on=data.after,
        job_labels={QUEUE: traced(spec.queue, "spec", "queue")} if spec.queue else {},
        job_annotations={OUTPUT_ANNOTATION: f"pvc://{output_claim(subject.base, spec.output)}/{key}"},
    )


def _address(subject: Subject, role: str) -> Address:
    return Address(subject.document.address, MAIN, role)


def _output(subject: Subject, output: DataStorage) -> PodParts:
    name = output_claim(subject.base, output)
    claim = {"claimName": traced(name, "spec", "output", "claim") if output.claim else name}
    needs = () if output.claim else (subject.address("output"),)
    volume = {"name": "output", "persistentVolumeClaim": claim}
    return PodParts(volumes=(volume,), mounts=({"name": "output", "mountPath": OUTPUT},), depends_on=needs)


def _told(subject: Subject, spec: TrainingSpec, key: str) -> dict[str, Any]:
    """What the program is told: everything that is declared of it, as one JSON text."""
    folder = f"{OUTPUT}/{key}"
    facts = subject.document.effective.get("model", {})
    base = plain(spec.base) if spec.base is not None else None
    told = {
        "framework": spec.framework,
        "parameters": dict(spec.parameters),
        "precision": spec.precision,
        "optimizer": spec.optimizer,
        "sharding": spec.sharding,
        "activationCheckpointing": spec.activation_checkpointing,
        "batch": plain(spec.batch),
        "datasets": {used.name: f"{ROOT}/{used.name}" for used in subject.datasets},
        "base": {**{k: v for k, v in base.items() if k not in ("token", "model")}, **_hub(facts)} if base else None,
        "checkpoints": {**plain(spec.checkpoints), "folder": f"{folder}/checkpoints"} if spec.checkpoints else None,
        "output": f"{OUTPUT}/{model_folder(key)}",
        **recipe_told(subject, spec),
    }
    text = json.dumps({name: value for name, value in told.items() if value is not None}, sort_keys=True)
    token = spec.base.token if spec.base is not None else None
    return {
        "TRAINING": literal(text),
        "TRAINING_OUTPUT": literal(f"{OUTPUT}/{model_folder(key)}"),
        "HF_TOKEN": Traced(from_secret(token), ("spec", "base", "token")) if token is not None else None,
        # What is fetched of the base model stays for the next attempt.
        "HF_HOME": literal(f"{OUTPUT}/.cache") if base else None,
    }


def _hub(facts: Mapping[str, Any]) -> dict[str, Any]:
    named = {"repository": str(facts.get("uri", "")).removeprefix("hf://"), "revision": facts.get("revision")}
    return {name: value for name, value in named.items() if value}
