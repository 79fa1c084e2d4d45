"""Maintenance against what it looks after: sources that can be asked, alerts that are raised."""

from collections.abc import Iterator

from opsdecl.addr import SpecAddress
from opsdecl.catalog import engines
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, SpecPath
from opsdecl.diag.codes import maintenance as codes
from opsdecl.diag.nearest import did_you_mean

FOLLOWED_SOURCES = frozenset(("hf", "git-lfs"))


def maintained(scene: Scene) -> Iterator[Diagnostic]:
    for document in scene.documents.values():
        if document.address.kind == "Maintenance":
            yield from _data(scene, document)
            yield from _trainings(scene, document)
            yield from _engines(scene, document)
            yield from _alerts(scene, document)


def _data(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    for index, followed in enumerate(document.effective["spec"].get("data", ())):
        dataset = scene.documents.get(SpecAddress("Dataset", followed["dataset"]))
        source = dataset.effective["spec"]["source"]["type"] if dataset is not None else ""
        if dataset is not None and source not in FOLLOWED_SOURCES:
            message = f"the source of {dataset.address} is `{source}`, which names no commit that could be newer"
            hint = "follow data of a model hub (`hf`) or a git repository (`git-lfs`), or remove this entry"
            yield _finding(scene, codes.CANNOT_FOLLOW, document, ("spec", "data", index, "dataset"), message, hint)


def _trainings(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    for index, name in enumerate(document.effective["spec"].get("models", {}).get("trainings", ())):
        training = scene.documents.get(SpecAddress("Training", name))
        if training is not None and "base" not in training.effective["spec"]:
            message = f"{training.address} starts from no model, so there is none that could move on"
            path: SpecPath = ("spec", "models", "trainings", index)
            hint = f"remove `{name}` from `models.trainings`, or give the training a `base`"
            yield _finding(scene, codes.CANNOT_FOLLOW, document, path, message, hint)


def _engines(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    followed = document.effective["spec"].get("engines") or {}
    for index, name in enumerate(followed.get("runtimes", ())):
        runtime = scene.documents.get(SpecAddress("Runtime", name))
        engine = runtime.effective["spec"]["engine"] if runtime is not None else ""
        if runtime is not None and not engines.has_table(engine):
            message = f"of the engine `{engine}` of {runtime.address} no releases are known"
            path: SpecPath = ("spec", "engines", "runtimes", index)
            yield _finding(scene, codes.CANNOT_FOLLOW, document, path, message, "remove it here")


def _alerts(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    spec = document.effective["spec"]
    for index, retraining in enumerate(spec.get("retrain", ())):
        path: SpecPath = ("spec", "retrain", index, "alerts")
        monitor = scene.documents.get(SpecAddress("Monitor", retraining.get("monitor", "")))
        known = [alert["name"] for alert in monitor.effective["spec"].get("alerts", ())] if monitor is not None else []
        for at, name in enumerate(retraining.get("alerts", ())):
            if monitor is not None and name not in known:
                message = f"{monitor.address} raises no alert `{name}`"
                hint = did_you_mean(name, known) or f"it raises: {', '.join(known) or 'none of its own'}"
                yield _finding(scene, codes.UNKNOWN_ALERT, document, (*path, at), message, hint)
        if retraining.get("alerts") and "alertmanager" not in spec:
            message = "alerts are waited for, and nothing says which Alertmanager knows of them"
            hint = "add `alertmanager: http://alertmanager.monitoring:9093`"
            yield _finding(scene, codes.UNKNOWN_ALERT, document, path, message, hint)


def _finding(
    scene: Scene, code: Code, document: CompiledDocument, path: SpecPath, message: str, hint: str
) -> Diagnostic:
    at = scene.place(document.address, path)
    return Diagnostic(code, message, at=at, hint=hint, subject=str(document.address))
