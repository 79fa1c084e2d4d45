"""CPU, memory and disk of a container: the document's, else the runtime's."""

from typing import Any

from opsdecl.compile.lower.native.accelerators import gpu_limits
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.scheduling import Rdma
from opsdecl.spec.kinds.serving import Resources


def compute(
    subject: Subject, resources: Resources, accelerator: Accelerator | None, rdma: Rdma | None
) -> dict[str, Any] | None:
    """Memory is limited to what is reserved, since there is no swap to fall back on; CPU is not limited, because
    throttling slows the engine's scheduler more than a busy neighbour does."""
    cpu = choose(subject, resources, "cpu")
    memory = choose(subject, resources, "memory")
    disk = choose(subject, resources, "ephemeral_storage")
    devices = gpu_limits(subject, accelerator) | _rdma_limits(rdma)
    requests = {"cpu": cpu, "memory": memory, "ephemeral-storage": disk}
    limits = {"memory": memory, "ephemeral-storage": disk, **devices}
    return {"requests": requests, "limits": limits}


def choose(subject: Subject, resources: Resources, name: str) -> Traced | None:
    """One amount with where it came from, None where neither the document nor its runtime says anything."""
    own = getattr(resources, name)
    if own is not None:
        return Traced(own.text, ("spec", "resources", _CAMEL.get(name, name)))
    inherited = getattr(subject.runtime.resources, name) if subject.runtime else None
    return Traced(inherited.text, _runtime_path(name)) if inherited is not None else None


_CAMEL = {"ephemeral_storage": "ephemeralStorage", "shared_memory": "sharedMemory"}


def _runtime_path(name: str) -> SpecPath:
    return ("runtime", "resources", _CAMEL.get(name, name))


def _rdma_limits(rdma: Rdma | None) -> dict[str, Any]:
    return {rdma.resource: Traced(rdma.count, ("spec", "rdma", "count"))} if rdma else {}
