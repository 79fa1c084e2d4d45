"""What is known of a model: what its answers come from, and what people say of it; named as the JSON names it."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

FORMAT_VERSION = 1


class Ancestor(Struct, frozen=True, rename="camel"):
    """Weights that others were made of. `relation` says how, in the words of model hubs."""

    uri: str
    relation: str
    license: str = ""


class DataUse(Struct, frozen=True, rename="camel", kw_only=True):
    """A Dataset that a run read. `pin` is the digest or revision of its source, `content` the key of it as prepared."""

    name: str
    uri: str = ""
    pin: str = ""
    version: str = ""
    content: str = ""
    license: str = ""
    personal_data: str = ""


class Made(Struct, frozen=True, rename="camel", kw_only=True):
    """The run of a Training that made weights or an adapter."""

    training: str
    run: str
    framework: str
    method: str = ""
    datasets: tuple[DataUse, ...] = ()


class Weights(Struct, frozen=True, rename="camel", kw_only=True):
    """Weights, or a model's files. What nobody knows is empty, or null for numbers.

    `entry` is their name in the catalogue, `location` where they are fetched from where that is not `uri`, `digest` of
    all of it where one was declared, `files` digests by name of file. `ancestors` are nearest first. `made` is the run
    that made them, where a Training of the environment did.
    """

    uri: str
    entry: str = ""
    revision: str = ""
    digest: str = ""
    location: str = ""
    license: str = ""
    format: str = ""
    architecture: str = ""
    parameters: int | None = None
    weights_gib: float | None = field(default=None, name="weightsGiB")
    gated: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    ancestors: tuple[Ancestor, ...] = ()
    made: Made | None = None


class AdapterUse(Struct, frozen=True, rename="camel", kw_only=True):
    """A low-rank adapter. `base` is the address of the model that it was trained on."""

    name: str
    uri: str
    revision: str = ""
    digest: str = ""
    license: str = ""
    base: str = ""
    rank: int = 0
    targets: tuple[str, ...] = ()
    made: Made | None = None


class Template(Struct, frozen=True, rename="camel"):
    """A chat template: the digest of its text, and the file that holds it where one does."""

    digest: str
    file: str = ""


class EngineUse(Struct, frozen=True, rename="camel", kw_only=True):
    """What runs the weights. `settings` are fields of the language, `args` flags in the engine's own words."""

    name: str = ""
    version: str = ""
    runtime: str = ""
    image: str = ""
    image_digest: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)


class GuardUse(Struct, frozen=True, rename="camel", kw_only=True):
    """Checks before a model. `config` is what they work by; `judge` names the document that they ask, `judge_model` the
    address and revision of its weights."""

    engine: str
    version: str = ""
    image: str = ""
    image_digest: str = ""
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    config: Template | None = None
    judge: str = ""
    judge_model: str = ""


class Composition(Struct, frozen=True, rename="camel", kw_only=True):
    """What an answer of a document comes from. `quantization` is what is asked of the engine. Without `guardrails`
    nothing checks requests and answers."""

    address: str
    served_names: tuple[str, ...] = ()
    weights: Weights | None = None
    adapters: tuple[AdapterUse, ...] = ()
    chat_template: Template | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    parsers: Mapping[str, Any] = field(default_factory=dict)
    quantization: str = ""
    engine: EngineUse | None = None
    guardrails: GuardUse | UnsetType = UNSET


class Training(Struct, frozen=True, rename="camel", kw_only=True):
    """Data that a model was trained on."""

    name: str
    uri: str = ""
    license: str = ""
    personal_data: str = ""
    description: str = ""


class Measurement(Struct, frozen=True, rename="camel", kw_only=True):
    """What somebody measured of a model."""

    dataset: str
    metric: str
    value: str | bool | int | float
    split: str = ""
    source: str = ""


class Consideration(Struct, frozen=True, rename="camel"):
    """What may harm people, and what is done about it."""

    risk: str
    mitigation: str = ""


class Statements(Struct, frozen=True, rename="camel", kw_only=True):
    """The `card` of the document, as it is declared."""

    summary: str = ""
    intended_use: str = ""
    out_of_scope: str = ""
    users: tuple[str, ...] = ()
    license: str = ""
    license_link: str = ""
    risk_class: str = ""
    task: str = ""
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    training_data: tuple[Training, ...] = ()
    evaluations: tuple[Measurement, ...] = ()
    limitations: str = ""
    ethical_considerations: tuple[Consideration, ...] = ()
    contacts: tuple[str, ...] = ()


class Fit(Struct, frozen=True, rename="camel", kw_only=True):
    """Whether the model fits its GPUs, as `opsdecl size` reckons it. Without a verdict, `reason` says why."""

    verdict: str = ""
    reason: str = ""
    weights_gib: float | None = field(default=None, name="weightsGiB")
    kv_tokens: int | None = None
    full_length_requests: float | None = None
    max_model_len: int | None = None


class Cost(Struct, frozen=True, rename="camel"):
    """Of a month's GPUs: at the fewest replicas, on average over loads, at the most replicas."""

    floor: float
    expected: float
    ceiling: float
    currency: str


class PrefillPods(Struct, frozen=True, rename="camel", kw_only=True):
    """Pods that only work prompts out. `gpus` are those of each; `replicas` are the fewest and the most."""

    gpu: str = ""
    gpus: int = 0
    replicas: tuple[int, int] = (0, 0)
    fit: Fit | None = None


class Operation(Struct, frozen=True, rename="camel", kw_only=True):
    """Where and how it runs. `replicas` are the fewest and the most; `callers` who may ask it over the network. Without
    `prefill` the pods that answer do all the work; GPUs, replicas and `fit` are theirs, the cost is that of all."""

    environment: str
    targets: tuple[str, ...] = ()
    namespace: str = ""
    gpu: str = ""
    gpus: int = 0
    replicas: tuple[int, int] = (0, 0)
    objectives: Mapping[str, str] = field(default_factory=dict)
    callers: tuple[str, ...] = ()
    fit: Fit | None = None
    prefill: PrefillPods | UnsetType = UNSET
    monthly_cost: Cost | None = None


class Explanation(Struct, frozen=True, rename="camel", kw_only=True):
    """What moved the answers of exactly this composition: by column, the strongest first. `evidence` is the digest of
    the file that says so, `method` what found it."""

    evaluation: str
    environment: str
    evidence: str
    dataset: str
    split: str = ""
    data: str = ""
    model: str = ""
    method: str
    scale: str = ""
    samples: int | None = None
    at: str
    trust: str
    attributions: Mapping[str, float]


class Exempted(Struct, frozen=True, rename="camel", kw_only=True):
    """An exception of a policy that holds for the document: no `rules` are all of the policy's."""

    name: str
    rules: tuple[str, ...] = ()
    until: str
    owner: str
    reason: str


class PolicyUse(Struct, frozen=True, rename="camel"):
    """A policy that looks at the document, or at its objects, what it says of them, and what it excepts."""

    name: str
    level: str
    about: str
    description: str = ""
    findings: tuple[str, ...] = ()
    exceptions: tuple[Exempted, ...] = ()


class Deviation(Struct, frozen=True, rename="camel"):
    """Where the document says for itself that a rule of the tool does not hold, and why."""

    field: str
    reason: str


class ModelCard(Struct, frozen=True, rename="camel", kw_only=True):
    """All that is declared and known of one document. `license` is the declared one, else the published one. `digest`
    is that of the composition, as spans and evidence have it; empty for an Adapter. `explained_by` is the evaluation
    that the document names as its explanation."""

    address: str
    name: str
    project: str
    digest: str = ""
    owner: str = ""
    license: str = ""
    published_license: str = ""
    statements: Statements
    composition: Composition
    operation: Operation
    explained_by: str = ""
    explanations: tuple[Explanation, ...] = ()
    policies: tuple[PolicyUse, ...] = ()
    exceptions: tuple[Deviation, ...] = ()


class Applied(Struct, frozen=True, rename="camel", kw_only=True):
    """One revision of a release: who applied what, when (UTC), under whose recorded approval, from which commit."""

    revision: str
    kind: str
    at: str
    who: str
    approvals: tuple[str, ...] = ()
    source_commit: str = ""
    plan_digest: str = ""
    summary: str = ""


class Answer(Struct, frozen=True, rename="camel"):
    """What answered on one target from `since` until `until` (empty: to this day), both in UTC.

    `revision` was in force then, `brought_by` is the one that made the document what it was. Without a composition
    the document was not there. `digest` is that of the composition, as spans and evidence have it.
    """

    target: str
    since: str
    until: str
    revision: Applied
    brought_by: Applied
    composition: Composition | None
    digest: str = ""


class Trace(Struct, frozen=True, rename="camel"):
    """What answered under a document's name from `start` to before `end`; for a moment both are the same.

    Where a composition was asked for, `address` is the digest of it, and both times are empty: all that is remembered.
    """

    address: str
    environment: str
    start: str
    end: str
    answers: tuple[Answer, ...]
