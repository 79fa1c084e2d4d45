"""Whether trainings fit their GPUs: what is wrong at its line, and the figures that plans show."""

from collections.abc import Iterator, Mapping

from opsdecl.addr import SpecAddress
from opsdecl.compile.types import CompiledDocument, Graph
from opsdecl.diag import Diagnostic, Related
from opsdecl.diag.codes import training as codes
from opsdecl.diff.models import estimate_of
from opsdecl.diff.types import TrainingFit
from opsdecl.flows.project import place_of
from opsdecl.sizing.assess import Shapes
from opsdecl.sizing.trained import is_sized, training_request
from opsdecl.sizing.training import shown, size_training
from opsdecl.sizing.training_types import TrainingSizing

_COUNT = ("spec", "accelerator", "count")
_METHOD = ("spec", "base", "method")

Trainings = Mapping[SpecAddress, TrainingSizing | str]


def size_trainings(graph: Graph, shapes: Shapes) -> Trainings:
    """Of every fine-tuning of a language model on GPUs; a text says why one could not be sized."""
    return {
        d.address: _sized(d, shapes) for d in graph.documents if d.address.kind == "Training" and is_sized(d.effective)
    }


def _sized(document: CompiledDocument, shapes: Shapes) -> TrainingSizing | str:
    request = training_request(document.effective, shapes)
    return request if isinstance(request, str) else size_training(request)


def training_misfits(graph: Graph, trainings: Trainings) -> Iterator[Diagnostic]:
    for address, sized in trainings.items():
        if isinstance(sized, str):
            yield Diagnostic(
                codes.NOT_SIZED,
                f"whether {address} fits its GPUs is not known: {sized}",
                at=place_of(graph, address, ("spec", "base")),
                hint="say `batch: {sequenceLength: …}`" if "sequenceLength" in sized else "opsdecl catalog add hf://…",
                subject=str(address),
            )
        elif sized.verdict != "fits":
            yield _misfit(graph, address, sized)


def _misfit(graph: Graph, address: SpecAddress, sized: TrainingSizing) -> Diagnostic:
    document = graph.document(address)
    assert document is not None
    memory, gpu = sized.memory, document.effective["spec"]["accelerator"]["gpu"]
    parts = (
        ("weights", memory.weights),
        ("gradients", memory.gradients),
        ("optimiser", memory.states),
        ("activations", memory.activations),
        ("overhead", memory.overhead),
    )
    split = ", ".join(f"{name} {part.point:.1f}" for name, part in parts)
    refused = sized.verdict == "does-not-fit"
    verb = "needs" if refused else "may need"
    of = f"{memory.total.point:.1f} GiB that {gpu} has"
    return Diagnostic(
        codes.DOES_NOT_FIT if refused else codes.TIGHT_FIT,
        f"{address} {verb} {shown(memory.needed)} on each GPU, of {of}: {split}",
        at=place_of(graph, address, _METHOD),
        hint=sized.remedy or "take a smaller model, or GPUs with more memory",
        related=tuple(
            Related("on these GPUs", place) for place in [place_of(graph, address, _COUNT)] if place is not None
        ),
        subject=str(address),
    )


def fit_of(sized: TrainingSizing | str | None) -> TrainingFit | None:
    """As a plan holds it."""
    if sized is None or isinstance(sized, str):
        return TrainingFit(reason=sized) if sized else None
    memory = sized.memory
    return TrainingFit(
        verdict=sized.verdict,
        total=estimate_of(memory.total, 2),
        needed=estimate_of(memory.needed, 2),
        weights=estimate_of(memory.weights, 2),
        gradients=estimate_of(memory.gradients, 2),
        optimizer=estimate_of(memory.states, 2),
        activations=estimate_of(memory.activations, 2),
        overhead=estimate_of(memory.overhead, 2),
    )
