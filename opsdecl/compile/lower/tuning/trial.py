"""One trial: the training's pod with the search's volume, time and parameters; what both platforms share."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace as with_fields

from opsdecl.compile.lower.native.dataset_keys import plain, run_key
from opsdecl.compile.lower.native.run_job import Work
from opsdecl.compile.lower.native.training import OUTPUT, training_key, training_work
from opsdecl.compile.lower.native.training_meeting import Meeting, meeting
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import CompiledDocument, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.training import TrainingSpec
from opsdecl.spec.kinds.tuning import TuningSpec

_SEMANTIC = ("parameters", "algorithm", "objective", "early_stopping", "trials")
_OWN = frozenset(("output", "run"))
"""Fields of the search's own that stand where the training's of the same name would."""


class Trial(Struct, frozen=True):
    """`subject` and `spec` are those of the training, as the search runs it; `work` is what its pod does."""

    subject: Subject
    spec: TrainingSpec
    work: Work
    key: str
    limit_s: int

    @property
    def folder(self) -> str:
        """Of the whole search, on its volume."""
        return f"{OUTPUT}/{self.key}"


def trial_of(subject: Subject, spec: TuningSpec) -> Trial:
    """Names and labels are the search's. Checkpoints are left out: no trial goes on where another stood."""
    assert subject.searched is not None
    training: TrainingSpec = subject.searched.model.spec
    limit = spec.time_limit or training.time_limit
    own = training.model_copy(update={"output": spec.output, "run": spec.run, "time_limit": limit, "checkpoints": None})
    effective: Mapping[str, Any] = subject.searched.effective
    seen = with_fields(subject, document=_with_effective(subject, effective))
    key = tuning_key(seen, own, spec)
    gpus = own.accelerator.count if own.accelerator else 0
    alone = meeting(own, gpus, "", "") if own.nodes == 1 else Meeting()
    return Trial(seen, own, training_work(seen, own, key, alone), key, round(limit.seconds))


def _with_effective(subject: Subject, effective: Mapping[str, Any]) -> CompiledDocument:
    """The search's document as the training's lowering reads it."""
    own = subject.document
    return CompiledDocument(own.address, own.model, own.value, effective, own.layers, own.references, own.digest)


def tuning_key(subject: Subject, training: TrainingSpec, spec: TuningSpec) -> str:
    """Over what may come out: the program and its data, and the search. How many run at a time changes nothing that
    anybody could tell."""
    written = plain(spec)
    searched = {name: written.get(_camel(name)) for name in _SEMANTIC}
    return run_key([training_key(subject, training), searched])


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def from_training(value: Any, own: frozenset[str] = frozenset()) -> Any:
    """A tree whose values come from the training, with their paths as the search's document has them."""
    if isinstance(value, Traced):
        return Traced(value.value, _path(value.path, _OWN | own))
    if isinstance(value, Mapping):
        return {name: from_training(item, own) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [from_training(item, own) for item in value]
    return value


def _path(path: SpecPath, own: frozenset[str]) -> SpecPath:
    if path[0] != "spec":
        return ("training", "datasets")
    return path if len(path) > 1 and path[1] in own else ("training", *path[1:])
