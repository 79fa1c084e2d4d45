"""What people must know of a model before they rely on it: the declared part of its model card."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.declare import Part, Word, effect, merge_key
from opsdecl.spec.kinds.names import Items, NonEmpty, Scalar, SourceUri, WebUrl
from opsdecl.spec.kinds.scalars import pattern_of

RiskClass = Literal["minimal", "limited", "high"]
PersonalData = Literal["none", "pseudonymised", "personal", "special"]
"""`special` are the categories that the law protects most: health, beliefs, biometrics."""

_LANGUAGE = r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*"
_WORD = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_language = pattern_of(
    codes.BAD_NAME, _LANGUAGE, "a language", "write its ISO 639 code, such as `en` or `pt-BR`", longest=35
)
_tag = pattern_of(codes.BAD_NAME, _WORD, "a tag", "use lower-case letters, digits and `-`", longest=63)
_task = pattern_of(codes.BAD_NAME, _WORD, "a task", "write it as model hubs do, such as `text-generation`", longest=63)
Language = Annotated[
    str, Word("language"), AfterValidator(_language), WithJsonSchema({"type": "string", "pattern": f"^{_LANGUAGE}$"})
]
Tag = Annotated[str, Word("tag"), AfterValidator(_tag), WithJsonSchema({"type": "string", "pattern": f"^{_WORD}$"})]
Task = Annotated[str, Word("task"), AfterValidator(_task), WithJsonSchema({"type": "string", "pattern": f"^{_WORD}$"})]


class TrainingData(Part):
    """Data that the model was trained on, as far as that is known."""

    name: NonEmpty = Field(description="Name of the data.")
    uri: SourceUri | None = Field(default=None, description="Where the data lies.")
    license: NonEmpty | None = Field(default=None, description="Licence of the data, by its short name.")
    personal_data: PersonalData | None = Field(default=None, description="Which data of persons it holds.")
    description: NonEmpty | None = Field(default=None, description="What it is, and how it was chosen.")


class EvaluationResult(Part):
    """A measurement that was made of the model; evidence that opsdecl collected itself is kept apart."""

    dataset: NonEmpty = Field(description="Data that it was measured on.")
    metric: NonEmpty = Field(description="What was measured.")
    value: Scalar = Field(description="The result.")
    split: NonEmpty | None = Field(default=None, description="Part of the data, or the group of people, it holds for.")
    source: WebUrl | None = Field(default=None, description="Where the measurement is published.")


class EthicalConsideration(Part):
    """Something that may harm people, and what is done about it."""

    risk: NonEmpty = Field(description="What may go wrong, and for whom.")
    mitigation: NonEmpty | None = Field(default=None, description="What is done about it.")


class Card(Part):
    """What people must know of the model before they rely on it."""

    summary: NonEmpty | None = Field(default=None, description="What it is, in a sentence or two.")
    intended_use: NonEmpty | None = Field(
        default=None,
        description="What the model is for.",
        json_schema_extra=effect("metadata", "it is said to be for something else"),
    )
    out_of_scope: NonEmpty | None = Field(
        default=None,
        description="What the model is not for.",
        json_schema_extra=effect("metadata", "it is said not to be for something else"),
    )
    users: Items[NonEmpty] = Field(default=(), description="Who uses it.")
    license: NonEmpty | None = Field(
        default=None,
        description="Licence of the weights, by its short name.",
        json_schema_extra=effect("metadata", "the licence is said to be another"),
    )
    license_link: WebUrl | None = Field(
        default=None,
        description="Where the licence is written down.",
        json_schema_extra=effect("metadata", "the licence is said to be elsewhere"),
    )
    risk_class: RiskClass | None = Field(
        default=None,
        description="Class of risk under the rules that the organisation follows.",
        json_schema_extra=effect("metadata", "the class of risk is another"),
    )
    task: Task | None = Field(
        default=None, description="What it does, as model hubs call it; `text-generation` for language models."
    )
    languages: Items[Language] = Field(default=(), description="Languages that it is meant for, by their ISO codes.")
    tags: Items[Tag] = Field(default=(), description="Words to find it by.")
    training_data: Items[TrainingData] = Field(
        default=(),
        description="Data that it was trained on.",
        json_schema_extra=merge_key("name") | effect("metadata", "it is said to be trained on other data"),
    )
    evaluations: Items[EvaluationResult] = Field(
        default=(),
        description="What was measured of it.",
        json_schema_extra=effect("metadata", "other measurements are named"),
    )
    limitations: NonEmpty | None = Field(
        default=None,
        description="What the model is known to do badly.",
        json_schema_extra=effect("metadata", "other limitations are named"),
    )
    ethical_considerations: Items[EthicalConsideration] = Field(
        default=(),
        description="What may harm people, and what is done about it.",
        json_schema_extra=merge_key("risk") | effect("metadata", "other risks to people are named"),
    )
    contacts: Items[NonEmpty] = Field(
        default=(), description="Whom to ask.", json_schema_extra=effect("metadata", "somebody else is to be asked")
    )
