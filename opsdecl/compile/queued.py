"""Runs in queues that an environment owns: what Kueue would never let in, because no queue has so much or counts it."""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.queues import QUOTAS, gpus_by_pool, owns_queues
from opsdecl.compile.rollout import gpus_of, nodes_of
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Place, Related, SpecPath
from opsdecl.diag.codes import admission as codes
from opsdecl.spec.kinds.environment import EnvironmentSpec, Quota
from opsdecl.spec.kinds.scalars import CpuQuantity, Quantity
from opsdecl.spec.types import Json

_RESOURCES: SpecPath = ("spec", "resources")
_ACCELERATOR: SpecPath = ("spec", "accelerator")


class Queued(Struct, frozen=True):
    """A run, and what waits with it. `times` are the trials of a search that Kueue lets in together."""

    document: CompiledDocument
    training: CompiledDocument
    quota: Quota
    namespace: str
    times: int = 1

    @property
    def pods(self) -> Mapping[str, Json]:
        spec: Mapping[str, Json] = self.training.effective["spec"]
        return spec

    def at(self, path: SpecPath) -> SpecPath:
        """A search asks for too much by what it runs at a time; its training is looked at by itself."""
        return path if self.document is self.training else ("spec", "parallel")


class Counted(Struct, frozen=True):
    """Something that pods reserve and a queue counts."""

    name: str
    amount: Callable[[str], float]
    shown: Callable[[float], str]


COUNTED = (
    Counted("cpu", lambda text: CpuQuantity.parse(text).cores, lambda amount: f"{amount:g} CPU cores"),
    Counted("memory", lambda text: Quantity.parse(text).gib, lambda amount: f"{amount:,.0f} GiB of memory"),
)


def queued(scene: Scene) -> Iterator[Diagnostic]:
    settings: EnvironmentSpec = scene.environment.model.spec
    for document in scene.served() if owns_queues(settings) else ():
        run = _run_of(scene, settings, document)
        if run is not None:
            yield from _not_counted(scene, run)
            yield from _too_much(scene, run)
            yield from _too_many_gpus(scene, settings, run)


def _run_of(scene: Scene, settings: EnvironmentSpec, document: CompiledDocument) -> Queued | None:
    """None for what waits in no queue of this environment, and for searches whose trials come one by one."""
    spec, namespace = document.effective["spec"], document.effective["metadata"]["namespace"]
    training, times = document, 1
    if document.address.kind == "Tuning":
        found = scene.documents.get(SpecAddress("Training", spec["training"]))
        times = min(spec["parallel"], spec["trials"]) if settings.platform.tuning == "job" else 1
        if found is None or times == 1:
            return None
        training = found
    quota = settings.capacity.quotas.get(namespace)
    if quota is None or training.effective["spec"].get("queue") != quota.queue:
        return None
    return Queued(document, training, quota, namespace, times)


def _not_counted(scene: Scene, run: Queued) -> Iterator[Diagnostic]:
    if run.document is not run.training:
        return
    said = {
        (*_RESOURCES, "ephemeralStorage"): run.pods.get("resources", {}).get("ephemeralStorage"),
        (*_ACCELERATOR, "resource"): (run.pods.get("accelerator") or {}).get("resource"),
    }
    for path, value in said.items():
        if value is not None:
            message = f"Kueue lets nothing in that its queue does not count, and `{_queue(run)}` counts no `{value}`"
            if path[-1] == "ephemeralStorage":
                message = (
                    f"Kueue lets nothing in that its queue does not count, and `{_queue(run)}` counts no local disk"
                )
            yield _finding(scene, run, path, message, "remove the field", scene.in_environment(QUOTAS))


def _too_much(scene: Scene, run: Queued) -> Iterator[Diagnostic]:
    pods = nodes_of(run.pods.get("accelerator")) * run.times
    for counted in COUNTED:
        said, most = run.pods.get("resources", {}).get(counted.name), getattr(run.quota, counted.name)
        if said is None or most is None:
            continue
        asked, limit = counted.amount(said) * pods, counted.amount(most.text)
        if asked > limit:
            path = (*_RESOURCES, counted.name)
            yield _beyond(scene, run, path, counted.name, counted.shown(asked), counted.shown(limit))


def _too_many_gpus(scene: Scene, settings: EnvironmentSpec, run: Queued) -> Iterator[Diagnostic]:
    """All pods of a run are counted against one pool, but for Ray's, whose first pod is counted by itself."""
    accelerator = run.pods.get("accelerator")
    fitting = _fitting(settings, accelerator) if accelerator else []
    wrong = any(name not in settings.capacity.pools for name in run.quota.pools)
    if not fitting or wrong:
        return
    counted = gpus_by_pool(settings, run.quota)
    rooms = [run.quota.pools.get(name, run.quota.gpus or 0) for name in fitting if name in counted]
    room = sum(rooms) if settings.platform.training == "kuberay" else max(rooms, default=0)
    asked = gpus_of(accelerator) * run.times
    if asked > room:
        many = f"{asked} GPU{'s' if asked > 1 else ''} of pool {' or '.join(fitting)}"
        field = "pools" if run.quota.pools else "gpus"
        yield _beyond(scene, run, (*_ACCELERATOR, "count"), field, many, f"{room} of them")


def _fitting(settings: EnvironmentSpec, accelerator: Json) -> list[str]:
    """Pools in which the pods may land."""
    named, gpu = accelerator.get("pool"), accelerator["gpu"]
    pools = settings.capacity.pools.items()
    return [name for name, pool in pools if name == named or (not named and pool.gpu == gpu)]


def _beyond(scene: Scene, run: Queued, path: SpecPath, field: str, asked: str, limit: str) -> Diagnostic:
    together = f" for {run.times} trials at a time" if run.times > 1 else ""
    message = f"{run.document.address} asks for {asked}{together}, and queue `{_queue(run)}` has {limit} in all"
    less = "let fewer run at a time" if together else "ask for less"
    hint = f"{less}, or raise capacity.quotas.{run.namespace}.{field} of the Environment"
    return _finding(scene, run, path, message, hint, scene.in_environment((*QUOTAS, run.namespace)))


def _queue(run: Queued) -> str:
    return f"{run.namespace}/{run.quota.queue}"


def _finding(scene: Scene, run: Queued, path: SpecPath, message: str, hint: str, quota: Place) -> Diagnostic:
    at = scene.place(run.document.address, run.at(path))
    told = (Related("the quota", quota),)
    return Diagnostic(codes.NEVER_LET_IN, message, at=at, hint=hint, related=told, subject=str(run.document.address))
