"""Documents whose GPUs are claimed as devices: what Dynamic Resource Allocation, as it is used here, cannot give."""

from collections.abc import Iterator

from opsdecl.compile.roles import path_in, roles_of
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Place, SpecPath
from opsdecl.diag.codes import platforms as codes
from opsdecl.spec.types import Json

SINCE = (1, 34)
"""Release of Kubernetes from which `resource.k8s.io/v1` is there."""
VENDOR = "nvidia.com/"
_PLATFORM: SpecPath = ("spec", "platform", "devices")


def devices(scene: Scene) -> Iterator[Diagnostic]:
    """Errors; nothing where GPUs are extended resources."""
    platform = scene.settings["platform"]
    if platform["devices"] != "dra":
        return
    yield from _installed(scene)
    for document in scene.served():
        for role in roles_of(document.effective["spec"]):
            accelerator = role.spec.get("accelerator")
            if accelerator:
                yield from _accelerator(scene, document, role.name, accelerator)
        if platform["training"] == "kubeflow-trainer" and document.address.kind == "Training":
            yield from _of_runtime(scene, document)


def _installed(scene: Scene) -> Iterator[Diagnostic]:
    subject = str(scene.environment.address)
    version = tuple(int(part) for part in scene.settings["kubernetes"].split(".")[:2])
    at = scene.in_environment(_PLATFORM)
    if version < SINCE:
        message = f"devices are claimed by `resource.k8s.io/v1`, which Kubernetes {scene.settings['kubernetes']} lacks"
        yield _finding(at, message, "use Kubernetes 1.34 or newer, or set it to device-plugin", subject)
    if scene.settings["platform"]["queueing"] == "kueue":
        message = "Kueue counts GPUs as extended resources, and claimed ones would not be in any quota"
        yield _finding(at, message, "set platform.queueing to none, or platform.devices to device-plugin", subject)


def _of_runtime(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    if document.effective["spec"].get("accelerator"):
        message = "the pods of a TrainJob are its runtime's, which has no claim of the document's"
        hint = "set platform.training to job or kuberay, or platform.devices to device-plugin"
        yield _finding(scene.place(document.address, ("spec", "accelerator")), message, hint, str(document.address))


def _accelerator(scene: Scene, document: CompiledDocument, role: str, accelerator: Json) -> Iterator[Diagnostic]:
    def at(field: str) -> Place:
        written = document.value.get("spec") or {}
        return scene.place(document.address, path_in(role, written, ("spec", "accelerator", field)))

    subject, gpu = str(document.address), accelerator["gpu"]
    facts = scene.catalog.gpu(gpu)
    if facts is not None and (not facts.resource.startswith(VENDOR) or not facts.product_label):
        message = f"`{gpu}` cannot be told from other devices: only products of NVIDIA's driver are known by name"
        hint = "set platform.devices of the Environment to device-plugin"
        yield _finding(at("gpu"), message, hint, subject)
    if accelerator.get("resource"):
        message = (
            f"`{accelerator['resource']}` is an extended resource, and platform.devices is `dra`: GPUs are claimed"
        )
        hint = "remove `resource`, or set platform.devices of the Environment to device-plugin"
        yield _finding(at("resource"), message, hint, subject)
    pools = scene.settings["capacity"]["pools"]
    turns = [name for name, pool in pools.items() if pool.get("gpu") == gpu and pool["sharing"] > 1]
    named = accelerator.get("pool")
    if turns and (named in turns or not named):
        message = f"pods take turns on the GPUs of pool `{turns[0]}`, and a claimed device is a pod's alone"
        hint = f"set `sharing` of pool {turns[0]} to 1, or platform.devices of the Environment to device-plugin"
        yield _finding(at("pool" if named else "gpu"), message, hint, subject)


def _finding(at: Place, message: str, hint: str, subject: str) -> Diagnostic:
    return Diagnostic(codes.BEYOND_DEVICES, message, at=at, hint=hint, subject=subject)
