"""Searches against the training that they search: its namespace, its parameters, and what all trials may take."""

from collections.abc import Iterator

from opsdecl.addr import SpecAddress
from opsdecl.compile.recipes import reported_by
from opsdecl.compile.rollout import gpus_of
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related
from opsdecl.diag.codes import work as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.scalars import Duration


def searches(scene: Scene) -> Iterator[Diagnostic]:
    for document in scene.served():
        if document.address.kind == "Tuning":
            training = scene.documents.get(SpecAddress("Training", document.effective["spec"]["training"]))
            if training is not None:
                yield from _elsewhere(scene, document, training)
                yield from _unknown_parameters(scene, document, training)
                yield from _not_reported(scene, document, training)
                yield from _over_gpu_hours(scene, document, training)


def _elsewhere(scene: Scene, document: CompiledDocument, training: CompiledDocument) -> Iterator[Diagnostic]:
    here, there = (each.effective["metadata"]["namespace"] for each in (document, training))
    if here != there:
        yield Diagnostic(
            codes.SEARCH_ELSEWHERE,
            f"{training.address} lies in namespace `{there}`, and {document.address} searches in `{here}`",
            at=scene.place(document.address, ("spec", "training")),
            hint=f"set metadata.namespace of one of them to that of the other, such as `{there}`",
            related=(Related("the training", scene.place(training.address, ("metadata", "namespace"))),),
            subject=str(document.address),
        )


def _unknown_parameters(scene: Scene, document: CompiledDocument, training: CompiledDocument) -> Iterator[Diagnostic]:
    known = training.effective["spec"]["parameters"]
    for name in document.effective["spec"]["parameters"]:
        if name not in known:
            yield Diagnostic(
                codes.NOT_A_PARAMETER,
                f"{training.address} has no parameter `{name}`",
                at=scene.place(document.address, ("spec", "parameters", name)),
                hint=did_you_mean(name, known) or f"add `{name}` to its `parameters`, with its usual value",
                related=(Related("the training", scene.place(training.address, ("spec", "parameters"))),),
                subject=str(document.address),
            )


def _not_reported(scene: Scene, document: CompiledDocument, training: CompiledDocument) -> Iterator[Diagnostic]:
    reported = reported_by(training.model.spec)
    metric = document.effective["spec"]["objective"]["metric"]
    if reported is not None and metric not in reported:
        yield Diagnostic(
            codes.NOT_REPORTED,
            f"{training.address} reports no `{metric}`",
            at=scene.place(document.address, ("spec", "objective", "metric")),
            hint=did_you_mean(metric, reported) or f"it reports: {', '.join(reported)}",
            related=(Related("the training", scene.place(training.address, ("spec", "recipe"))),),
            subject=str(document.address),
        )


def _over_gpu_hours(scene: Scene, document: CompiledDocument, training: CompiledDocument) -> Iterator[Diagnostic]:
    spec, most = document.effective["spec"], document.effective["spec"].get("gpuHours")
    gpus = gpus_of(training.effective["spec"].get("accelerator"))
    each = Duration.parse(spec.get("timeLimit") or training.effective["spec"]["timeLimit"]).seconds / 3600 * gpus
    if most is not None and spec["trials"] * each > most:
        fits = int(most / each)
        yield Diagnostic(
            codes.OVER_GPU_HOURS,
            f"{spec['trials']} trials of at most {each:g} GPU-hours may take {spec['trials'] * each:g}, and `gpuHours` "
            f"is {most:g}",
            at=scene.place(document.address, ("spec", "gpuHours")),
            hint=f"set `trials: {fits}`, shorten `timeLimit`, or raise `gpuHours`"
            if fits
            else "shorten `timeLimit`, or raise `gpuHours`",
            related=(Related("the GPUs of a trial", scene.place(training.address, ("spec", "accelerator"))),),
            subject=str(document.address),
        )
