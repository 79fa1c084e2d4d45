"""Writable places of a container whose own file system is read-only, and shared memory."""

from typing import Any

from opsdecl.compile.lower.native.compute import choose
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.variables import literal
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.serving import Resources

HOME = "/home/server"
USER_NAME = "server"


def scratch() -> PodParts:
    """Home and /tmp. Compilers cache below both, and ask for the user's name, which a bare uid does not have."""
    return PodParts(
        volumes=({"name": "home", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}),
        mounts=({"name": "home", "mountPath": HOME}, {"name": "tmp", "mountPath": "/tmp"}),
        env={"HOME": literal(HOME), "USER": literal(USER_NAME), "LOGNAME": literal(USER_NAME)},
    )


def shared_memory(subject: Subject, resources: Resources, gpus: int) -> PodParts:
    """/dev/shm: the 64 MiB of container runtimes are too few for NCCL and for tensors between processes."""
    size = choose(subject, resources, "shared_memory") or Traced(
        f"{shared_memory_gib(gpus)}Gi", ("spec", "parallelism")
    )
    volume: dict[str, Any] = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": size}}
    return PodParts(volumes=(volume,), mounts=({"name": "shm", "mountPath": "/dev/shm"},))


def shared_memory_gib(gpus: int) -> int:
    """2 GiB for one process, twice that per GPU beyond, as a power of two up to 64."""
    size = 2
    while size < 2 * gpus and size < 64:
        size *= 2
    return size
