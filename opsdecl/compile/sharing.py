"""GPUs that several pods share, slices of GPUs, and the memory that processes of one pod share."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, Related, SpecPath
from opsdecl.diag.codes import knowledge as codes
from opsdecl.spec.kinds.scalars import Quantity

LEAST_SHARED_MEMORY = 1 << 30
"""Bytes of /dev/shm below which NCCL between GPUs was seen to fail (vllm-project/vllm#7466, #11139)."""
DEFAULT_SHARE = 0.9
"""Share of a GPU that engines take unless told otherwise."""
SPREAD: SpecPath = ("spec", "parallelism", "tensor")
UTILIZATION: SpecPath = ("spec", "engine", "gpuMemoryUtilization")


def shared_gpus(scene: Scene) -> Iterator[Diagnostic]:
    """Models on pools whose GPUs take turns: no path between turns, and nothing keeps their memory apart."""
    for document in scene.served():
        accelerator = document.effective["spec"].get("accelerator")
        pool = _pool_of(scene, accelerator) if accelerator else None
        if pool is None:
            continue
        name, sharing = pool
        related = Related("the pool", scene.in_environment(("spec", "capacity", "pools", name, "sharing")))
        if document.effective["spec"].get("parallelism", {}).get("tensor", 1) > 1:
            message = f"{document.address} is split over GPUs of pool `{name}`, where {sharing} pods take turns on each"
            hint = "use a pool without `sharing`, or one GPU"
            yield _finding(scene, codes.SHARED_GPU, document, SPREAD, message, hint, related)
        elif document.address.kind == "LLM" and (share := _share(document)) * sharing > 1:
            message = f"{document.address} takes {share:g} of a GPU of pool `{name}` that {sharing} pods share"
            hint = f"set engine.gpuMemoryUtilization to {_each(sharing)} or less: nothing keeps their memory apart"
            yield _finding(scene, codes.SHARED_GPU, document, UTILIZATION, message, hint, related)


def _pool_of(scene: Scene, accelerator: Mapping[str, Any]) -> tuple[str, int] | None:
    """The pool with shared GPUs that the pods may land in, the one that is shared by most first."""
    pools: Mapping[str, Mapping[str, Any]] = scene.settings["capacity"]["pools"]
    named = accelerator.get("pool")
    fitting = {
        n: pool for n, pool in pools.items() if n == named or (not named and pool.get("gpu") == accelerator["gpu"])
    }
    shared = {name: int(pool["sharing"]) for name, pool in fitting.items() if pool["sharing"] > 1}
    return max(shared.items(), key=lambda pool: (pool[1], pool[0])) if shared else None


def _share(document: CompiledDocument) -> float:
    engine = document.effective["spec"].get("engine", {})
    given: float = engine.get("gpuMemoryUtilization", DEFAULT_SHARE)
    return given


def _each(sharing: int) -> str:
    """Rounded down to hundredths, so that the shares together are never more than the whole."""
    return f"{int(100 / sharing) / 100:g}"


def shared_memory(scene: Scene) -> Iterator[Diagnostic]:
    """/dev/shm of models on several GPUs, which NCCL works through, and of all within the memory of the pod."""
    for document in scene.served():
        spec = document.effective["spec"]
        asked = _bytes(document, "sharedMemory")
        if asked is None:
            continue
        path: SpecPath = ("spec", "resources", "sharedMemory")
        memory = _bytes(document, "memory")
        if memory is not None and asked >= memory:
            message = "`resources.sharedMemory` counts against `resources.memory`, and leaves nothing of it"
            hint = "raise `resources.memory`, or lower `resources.sharedMemory`"
            yield _finding(scene, codes.SHARED_MEMORY, document, path, message, hint)
        elif asked < LEAST_SHARED_MEMORY and (spec.get("accelerator") or {}).get("count", 1) > 1:
            message = f"{document.address} spreads over several GPUs, which talk through shared memory"
            hint = "set `resources.sharedMemory` to 1Gi or more, or leave it out: it then follows the number of GPUs"
            yield _finding(scene, codes.SHARED_MEMORY, document, path, message, hint)


def _bytes(document: CompiledDocument, name: str) -> int | None:
    """The document's, else the Runtime's. Effective values are there without compiling the document again."""
    both = (document.effective["spec"], document.effective.get("runtime", {}))
    found = ((each.get("resources") or {}).get(name) for each in both)
    return next((Quantity.parse(amount).bytes for amount in found if amount is not None), None)


def _finding(
    scene: Scene, code: Code, document: CompiledDocument, path: SpecPath, message: str, hint: str, *related: Related
) -> Diagnostic:
    at = scene.place(document.address, path)
    return Diagnostic(code, message, at=at, hint=hint, related=related, subject=str(document.address))
