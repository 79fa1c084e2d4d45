"""A model that a Training of this environment makes: its folder on the run's volume, and the wait for the run."""

from collections.abc import Mapping
from typing import Any

from opsdecl.addr import MAIN, Address, SpecAddress, run_role
from opsdecl.compile.lower.names import shorten
from opsdecl.compile.lower.native.guard import RUNS, model_folder, waiting
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.security import container_security
from opsdecl.compile.types import Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.types import Json

WAITS_FOR = "opsdecl.dev/waits-for-runs"
"""Annotation of pods: the runs without which they do not start."""
NO_DEADLINE = 2147483647
"""Kubernetes' way to say that a rollout may take as long as it takes: a run may need a night."""
_WAITING = "/waiting"


def trained_parts(facts: Mapping[str, Json], volume: str, folder: str, image: Any, origin: SpecPath) -> PodParts:
    """Mounts the model at `folder`, read-only, once the run is done. `origin`: where the training is named; `image` has
    a shell."""
    waits = shorten(f"wait-{facts['name']}")
    claim = {"claimName": Traced(facts["claim"], origin), "readOnly": True}
    model = Traced(model_folder(facts["run"]), origin)
    whole = {"name": volume, "mountPath": f"{_WAITING}/{facts['name']}", "readOnly": True}
    marker = f"{whole['mountPath']}/{RUNS}/{facts['run']}"
    until_done = {
        "name": waits,
        "image": image,
        "command": waiting(marker, facts["pods"]),
        "volumeMounts": [whole],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": container_security(read_only_root=True),
    }
    training = SpecAddress("Training", facts["name"])
    return PodParts(
        volumes=({"name": volume, "persistentVolumeClaim": claim},),
        mounts=({"name": volume, "mountPath": folder, "subPath": model, "readOnly": True},),
        init_containers=(until_done,),
        depends_on=(Address(training, MAIN, run_role(facts["run"])),),
        runs=(run_name(facts),),
    )


def run_name(facts: Mapping[str, Json]) -> str:
    """For people, and as its Job is called where no name is too long: `churn-3f2a9c1d04`."""
    return f"{facts['name']}-{facts['run']}"


def waits_for(parts: PodParts) -> dict[str, Any]:
    """The annotation, where pods wait for runs."""
    return {WAITS_FOR: ",".join(dict.fromkeys(parts.runs))} if parts.runs else {}
