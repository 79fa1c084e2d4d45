"""What a run of an evaluation is asked for, as one JSON text: instructions, and what evidence must fit."""

import json
from typing import Any

from opsdecl.addr import digest_of_bytes
from opsdecl.compile.lower.native.dataset_keys import chain_of
from opsdecl.compile.lower.native.evaluation_candidate import Measured
from opsdecl.compile.lower.native.evaluation_data import files_of
from opsdecl.compile.lower.native.storage import MODEL_PATH
from opsdecl.compile.lower.native.training_data import ROOT
from opsdecl.compile.lower.subject import Subject
from opsdecl.spec.kinds.evaluation import EvaluationSpec

FORMAT_VERSION = 1
RESULT = "/dev/termination-log"
"""Where a container leaves its last message, which Kubernetes keeps with the pod: at most 4,096 bytes."""


def asked(subject: Subject, spec: EvaluationSpec, candidate: Measured, key: str, code: str) -> str:
    """The same bytes for the same run. Whoever reports a result names the digest of this text."""
    told = {
        "formatVersion": FORMAT_VERSION,
        "run": key,
        "project": subject.project,
        "environment": subject.environment_name,
        "evaluation": subject.document.address.name,
        "recipe": spec.recipe,
        "image": spec.image.text,
        "code": code,
        "candidate": _candidate(candidate),
        "data": _data(subject, spec),
        "metrics": [metric.name for metric in spec.metrics],
        "parameters": dict(spec.parameters),
        "prompts": dict(spec.prompts),
        "promptDigests": {name: digest_of_bytes(text.encode()) for name, text in spec.prompts.items()},
    }
    return json.dumps(told, sort_keys=True, ensure_ascii=False)


def _candidate(candidate: Measured) -> dict[str, Any]:
    told = {
        "document": str(candidate.document.address),
        "adapter": candidate.adapter,
        "identity": candidate.identity,
        "digest": candidate.digest,
        "output": candidate.output,
        "path": "" if candidate.address else MODEL_PATH,
        "address": candidate.address,
        "served": candidate.served,
    }
    return {name: value for name, value in told.items() if value}


def _data(subject: Subject, spec: EvaluationSpec) -> dict[str, Any] | None:
    for used in subject.datasets:
        return {
            "dataset": used.name,
            "split": spec.split or "",
            "content": chain_of(used.spec).content,
            "format": used.spec.format,
            "path": f"{ROOT}/{used.name}",
            "files": files_of(used.spec, spec.split),
        }
    return None
