"""Kind Policy: rules over documents or over rendered objects."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Kind, Part, effect, literal_text, merge_key
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.metadata import Metadata
from opsdecl.spec.kinds.names import DnsLabel, DocumentPattern, FieldPath, Items, LabelKey, LabelValue, NonEmpty
from opsdecl.spec.kinds.scalars import Duration
from opsdecl.spec.kinds.times import CalendarDate


class Match(Part):
    """What a policy looks at: documents by kind, or rendered objects by their kind; every given field must fit."""

    kinds: Items[NonEmpty] = Field(default=(), description="Kinds of documents that the rules look at.")
    objects: Items[NonEmpty] = Field(default=(), description="Kinds of rendered objects that the rules look at.")
    environments: Items[NonEmpty] = Field(default=(), description="Environments that it holds in; all where absent.")
    namespaces: Items[DnsLabel] = Field(default=(), description="Namespaces that it holds in; all where absent.")
    labels: Mapping[LabelKey, LabelValue] = Field(default={}, description="Labels that the document must have.")


class Rule(Part):
    """One condition that must hold."""

    name: DnsLabel = Field(description="Name of the rule within the policy.")
    expression: NonEmpty = Field(
        description="CEL condition that must be true; `metadata`, `spec`, `kind` and `environment`, or `object`.",
        json_schema_extra=literal_text(),
    )
    message: NonEmpty | None = Field(
        default=None,
        description="What to say where it does not hold; `${…}` puts values in.",
        json_schema_extra=literal_text(),
    )
    message_expression: NonEmpty | None = Field(
        default=None,
        description="CEL expression that gives the message.",
        json_schema_extra=literal_text(),
    )
    path: FieldPath | None = Field(default=None, description="Field that the finding points at.")


class PolicyException(Part):
    """Documents that a rule is not held against, until a day."""

    name: DnsLabel = Field(description="Name of the exception within the policy.")
    documents: Items[DocumentPattern] = Field(
        min_length=1,
        description="Documents that are excepted, with all their objects: `LLM.chat`, or `LLM.legacy-*`.",
    )
    rules: Items[DnsLabel] = Field(default=(), description="Rules that they are excepted from; all where absent.")
    environments: Items[NonEmpty] = Field(default=(), description="Environments that it holds in; all where absent.")
    until: CalendarDate = Field(description="The last day on which it holds, in UTC and in quotes: `'2027-01-31'`.")
    owner: NonEmpty = Field(description="Team or person who answers for it.")
    reason: NonEmpty = Field(description="Why the rule need not hold until then, and what is done about it.")


class PolicySpec(Part):
    """What must hold, where, and how much it matters."""

    description: NonEmpty | None = Field(default=None, description="Why the policy is there, in a sentence.")
    level: Literal["deny", "warn"] = Field(default="deny", description="Whether a finding refuses or only warns.")
    match: Match = Field(description="What the rules look at.")
    rules: Items[Rule] = Field(
        min_length=1, description="Conditions that must hold.", json_schema_extra=merge_key("name")
    )
    exceptions: Items[PolicyException] = Field(
        default=(),
        description="Documents that rules are not held against, each until a day.",
        json_schema_extra={
            **merge_key("name"),
            **effect("none", "who is excepted changes", gone="the rules hold again for whom it excepted"),
        },
    )
    longest_exception: Duration = Field(
        default=Duration("365d", 365 * 86400.0),
        description="How far ahead of today an exception may end.",
    )


class Policy(Document):
    """Rules over documents or over rendered objects."""

    kind: Literal["Policy"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name, owner, labels.")
    spec: PolicySpec = Field(
        description="What must hold, where, and how much it matters.",
        json_schema_extra=effect("none", "only what is checked changes"),
    )


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Policy
metadata: {name: gpu-models-have-owner, owner: platform}
spec:
  description: Every GPU workload says who answers for it.
  level: deny
  match: {kinds: [LLM, Model], environments: [prod]}
  rules:
    - name: owner
      expression: has(metadata.owner) && metadata.owner != ''
      message: "`${name}` has no owner"
      path: metadata.owner
  exceptions:
    - name: chat-moves
      documents: [LLM.chat]
      rules: [owner]
      until: "2027-01-31"
      owner: team-assist
      reason: The team is formed in January, OPS-12.
"""

KIND = Kind("Policy", Policy, "Rules over documents or over rendered objects.", EXAMPLE)
