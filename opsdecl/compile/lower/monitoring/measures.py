"""A Monitor's measures: a CronJob for each, and the programs that they run."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from opsdecl._data import job_script
from opsdecl.addr import digest_of_bytes
from opsdecl.compile.lower.monitoring.measured_data import current_of, reference_of
from opsdecl.compile.lower.names import base_name, object_name, shorten
from opsdecl.compile.lower.native.maintenance import CRON_NAME
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import amounts
from opsdecl.compile.lower.native.security import container_security, pod_security
from opsdecl.compile.lower.native.variables import env_list, literal
from opsdecl.compile.lower.native.volumes import scratch
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.measured import METRICS, model_of
from opsdecl.compile.types import CompiledDocument, Resource, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.measure import Judge, Measure
from opsdecl.spec.kinds.monitor import MonitorSpec

CONTAINER = "measure"
FOLDER = "/etc/opsdecl/measures"
PUSH, DRIFT, ANSWERS = "measure_push", "measure_drift", "measure_answers"


def measuring(subject: Subject, spec: MonitorSpec) -> Iterator[Resource]:
    """Nothing for a measure whose model is not known: that has a finding."""
    gateway = subject.environment.monitoring.pushgateway
    about = [(index, measure, model_of(measure, subject.watched)) for index, measure in enumerate(spec.measures)]
    chosen = [(index, measure, model) for index, measure, model in about if model is not None]
    if not chosen or gateway is None:
        return
    program = _program(subject)
    yield program
    yield from (_cron_job(subject, one, gateway, program) for one in chosen)


def _program(subject: Subject) -> Resource:
    """Its name follows what it holds, since jobs that are there keep theirs."""
    data = {f"{name}.py": job_script(name) for name in (PUSH, DRIFT, ANSWERS)}
    code = digest_of_bytes("".join(data.values()).encode()).removeprefix("sha256:")[:8]
    name = object_name(subject.base, f"measures-{code}")
    return make_resource(subject, "measures", "v1", "ConfigMap", {"data": data, "immutable": True}, name=name)


def _cron_job(
    subject: Subject, listed: tuple[int, Measure, CompiledDocument], gateway: str, program: Resource
) -> Resource:
    index, measure, model = listed
    path: SpecPath = ("spec", "measures", index)
    image = Traced(subject.image(measure.image), (*path, "image"))
    current = current_of(subject, measure.current, (*path, "current"), image)
    reference = reference_of(subject, measure.reference, current, image)
    mounted = PodParts(
        volumes=({"name": "program", "configMap": {"name": program.key.name}},),
        mounts=({"name": "program", "mountPath": FOLDER, "readOnly": True},),
    )
    told = _told(subject, measure, model, gateway) | {"current": current.told}
    told |= {"reference": reference.told} if reference is not None else {}
    asked = Traced(literal(json.dumps(told, sort_keys=True, ensure_ascii=False)), path)
    sides = [side.parts for side in (current, reference) if side is not None]
    parts = join((scratch(), *sides, mounted, PodParts(env={"MEASURE": asked})))
    job = {
        "backoffLimit": 1,
        "activeDeadlineSeconds": Traced(round(measure.time_limit.seconds), (*path, "timeLimit")),
        "ttlSecondsAfterFinished": 7 * 86400,
        "template": {"metadata": {"labels": subject.pod_labels}, "spec": _pod(measure, path, image, parts)},
    }
    cron = {
        "schedule": Traced(measure.schedule, (*path, "schedule")),
        "timeZone": "Etc/UTC",
        # Two at a time would push over each other.
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"spec": job},
    }
    name = object_name(subject.base, measure.name, limit=CRON_NAME)
    needs = (program.address, *parts.depends_on)
    role = f"measure-{measure.name}"
    return make_resource(subject, role, "batch/v1", "CronJob", {"spec": cron}, name=name, depends_on=needs)


def _pod(measure: Measure, path: SpecPath, image: Any, parts: PodParts) -> dict[str, Any]:
    program = ANSWERS if measure.about == "answer-quality" else DRIFT
    container = {
        "name": CONTAINER,
        "image": image,
        "command": ["python3", f"{FOLDER}/{program}.py"],
        "env": env_list(parts.env),
        "volumeMounts": list(parts.mounts),
        "resources": amounts(measure.resources, (*path, "resources")),
        "securityContext": container_security(read_only_root=True),
    }
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(own_user=False),
        "initContainers": list(parts.init_containers) or None,
        "containers": [container],
        "volumes": list(parts.volumes),
    }


def _told(subject: Subject, measure: Measure, model: CompiledDocument, gateway: str) -> dict[str, Any]:
    """What the program is asked for; `measure_push.py.txt` reads the names."""
    told: dict[str, Any] = {
        "document": str(model.address),
        "environment": subject.environment_name,
        "monitor": str(subject.document.address),
        "measure": measure.name,
        "metric": METRICS[measure.about],
        "pushgateway": gateway,
        "least": measure.least,
    }
    if measure.about != "answer-quality":
        return told | {"columns": list(measure.columns), "method": measure.method}
    told |= {"sample": measure.sample, "fields": measure.fields.model_dump(by_alias=True)}
    if measure.judge is not None:
        return told | {"judge": _judge(subject, measure.judge)}
    return told | {"rules": [rule.model_dump(by_alias=True, exclude_none=True) for rule in measure.rules]}


def _judge(subject: Subject, judge: Judge) -> dict[str, Any]:
    """Where it is served, as evaluations ask a model: its Service listens on port 80."""
    others: Sequence[CompiledDocument] = tuple(subject.asked)
    document = next(other for other in others if other.address == ("LLM", judge.llm))
    metadata = document.model.metadata
    namespace = document.effective["metadata"]["namespace"]
    return {
        "address": f"http://{shorten(base_name(metadata))}.{namespace}/v1",
        "served": next(iter(document.model.spec.served_names), metadata.name),
        "instruction": judge.instruction,
        "worst": judge.worst,
        "best": judge.best,
    }
