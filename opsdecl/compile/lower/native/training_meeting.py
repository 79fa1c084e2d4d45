"""How the pods of one training find each other, in the variables that each framework reads."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from opsdecl.compile.lower.native.variables import literal
from opsdecl.spec.kinds.training import TrainingSpec

TORCH_PORT, JAX_PORT = 29500, 12345
_INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"


class Meeting(Struct, frozen=True):
    """Variables and ports; none where one process does all."""

    env: Mapping[str, Any] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)


def meeting(spec: TrainingSpec, gpus: int, job: str, service: str) -> Meeting:
    """`torchrun` takes its arguments from PET_… variables, so that the command stays the same on one node and on
    many. JAX's `distributed.initialize` wants address, count and number."""
    if spec.framework == "torch" and (gpus or spec.nodes > 1):
        return Meeting(_torch(spec, gpus, job, service), {"rendezvous": TORCH_PORT} if spec.nodes > 1 else {})
    if spec.framework == "jax" and spec.nodes > 1:
        env = {
            "JAX_COORDINATOR_ADDRESS": literal(f"{job}-0.{service}:{JAX_PORT}"),
            "JAX_NUM_PROCESSES": literal(str(spec.nodes)),
            "JAX_PROCESS_ID": _index(),
        }
        return Meeting(env, {"coordinator": JAX_PORT})
    return Meeting()


def _torch(spec: TrainingSpec, gpus: int, job: str, service: str) -> dict[str, Any]:
    alone = {"PET_NNODES": literal(str(spec.nodes)), "PET_NPROC_PER_NODE": literal(str(max(1, gpus)))}
    if spec.nodes == 1:
        return alone
    return {
        **alone,
        "PET_NODE_RANK": _index(),
        "PET_RDZV_BACKEND": literal("c10d"),
        "PET_RDZV_ENDPOINT": literal(f"{job}-0.{service}:{TORCH_PORT}"),
        "PET_RDZV_ID": literal(job),
        "PET_MAX_RESTARTS": literal(str(spec.retries)),
    }


def _index() -> dict[str, Any]:
    return {"valueFrom": {"fieldRef": {"fieldPath": _INDEX}}}
