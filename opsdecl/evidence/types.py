"""Evidence: what an evaluation found of a model, and exactly what it was found of. Named as the files name it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from opsdecl.transparency.types import Composition

FORMAT_VERSION = 1
FOLDER = "evidence"
"""Of the files in a project."""

Trust = Literal["real", "simulated"]
Digest = Annotated[str, Meta(pattern=r"^(sha256:[0-9a-f]{64})?$")]
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Line = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Result(Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What the program of a run reports: the file that `$EVALUATION_RESULT` names, at most 4,096 bytes of JSON.

    `asked` is the sha256 of the text of `$EVALUATION`. `model` and `data` are digests of what was read, where it was
    files; `engine` is what measured, with its version. Times are in UTC.
    """

    format_version: Literal[1]
    asked: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
    metrics: Annotated[dict[Line, float], Meta(min_length=1, max_length=100)]
    samples: Annotated[int, Meta(ge=0)] | None = None
    model: Digest = ""
    data: Digest = ""
    engine: Line = ""
    trust: Trust
    started_at: Time
    finished_at: Time


class Verdict(Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A threshold beside the value that was found. `holds` is null where only the comparison with the version in use
    can tell (`against: current`)."""

    metric: str
    direction: Literal["maximize", "minimize"]
    value: float
    min: float | None = None
    max: float | None = None
    against: str = ""
    tolerance: float = 0.0
    holds: bool | None = None


class EvaluationUse(Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """The evaluation: its run, and what that measured with. `image_id` is the image that really ran, `code` the digest
    of the recipe's program, `prompts` digests by name, `engine` what measured."""

    name: str
    run: str
    recipe: str
    image: str
    image_id: str = ""
    code: Digest = ""
    engine: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)


class CandidateUse(Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What was measured. `answers` are the values of the document that answers come from, by their path; `identity`
    is their digest, or the key of the training's run; `model` the digest of the files that were read; `output` where
    they lie."""

    document: str
    adapter: str = ""
    identity: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    model: Digest = ""
    output: str = ""
    composition: Composition | None = None


class DataUse(Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """The data. `content` is the key of how it was prepared, `digest` that of the files that were read."""

    dataset: str
    split: str = ""
    content: str
    digest: Digest = ""


class Producer(Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """The Job that found it and the context of its cluster; or whoever recorded a result that was found elsewhere."""

    cluster: str = ""
    namespace: str = ""
    job: str = ""
    uid: str = ""
    by: str = ""


class Evidence(Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """One file `evidence/<digest>.json`: what one run found of one candidate."""

    format_version: Literal[1] = 1
    project: str
    environment: str
    evaluation: EvaluationUse
    candidate: CandidateUse
    data: DataUse | None = None
    samples: int | None = None
    metrics: Mapping[str, float]
    thresholds: tuple[Verdict, ...] = ()
    trust: Trust
    producer: Producer
    started_at: Time
    finished_at: Time

    @property
    def has_failed(self) -> bool:
        return any(verdict.holds is False for verdict in self.thresholds)


class Stored(Struct, frozen=True):
    """Evidence with the file that holds it."""

    path: str
    evidence: Evidence
