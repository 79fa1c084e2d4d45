"""What all kinds have in common, and what all served kinds have in common."""

from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.card import Card
from opsdecl.spec.kinds.declare import Part, effect, merge_key
from opsdecl.spec.kinds.names import DnsSubdomain, Items
from opsdecl.spec.kinds.scheduling import Scheduling
from opsdecl.spec.kinds.serving import (
    Access,
    Disruption,
    Drain,
    Patch,
    Replicas,
    Resources,
    Rollout,
    ServiceAccount,
    Slo,
)

_ROLLING = effect("rolling", "pods restart")


class Document(Part):
    """The frame of every document; each kind adds `kind`, `metadata` and `spec`."""

    api_version: Literal["opsdecl.dev/v1"] = Field(description="Version of the language.")


class ServedSpec(Part):
    """Fields that every served model has."""

    resources: Resources = Field(
        default=Resources(),
        description="CPU, memory and storage of each replica; the runtime's where absent.",
        json_schema_extra=effect("rolling", "pods restart with other resources"),
    )
    replicas: Replicas = Field(
        default=Replicas(),
        description="How many replicas run; one where absent.",
        json_schema_extra=effect("capacity", "another number of replicas run"),
    )
    rollout: Rollout = Field(
        default=Rollout(),
        description="How a new version takes over.",
        json_schema_extra=effect("none", "only the next rollout goes another way"),
    )
    disruption: Disruption = Field(
        default=Disruption(),
        description="What maintenance of nodes may take away at a time.",
        json_schema_extra=effect("none", "only maintenance of nodes goes another way"),
    )
    drain: Drain | None = Field(
        default=None,
        description="How long a pod that leaves may finish answers; a minute where absent.",
        json_schema_extra=effect("rolling", "pods restart with another grace period"),
    )
    scheduling: Scheduling = Field(
        default=Scheduling(),
        description="On which nodes the pods may run.",
        json_schema_extra=effect("rolling", "pods move to where they may run"),
    )
    service_account: ServiceAccount | None = Field(
        default=None,
        description="Identity of the pods; one without rights is made where absent.",
        json_schema_extra=effect("rolling", "pods run under another identity"),
    )
    image_pull_secrets: Items[DnsSubdomain] = Field(
        default=(), description="Secrets to pull images with.", json_schema_extra=_ROLLING
    )
    slo: Slo | None = Field(
        default=None,
        description="Objectives that the model is held to.",
        json_schema_extra=effect("none", "only what is promised changes"),
    )
    access: Access | None = Field(
        default=None,
        description="Who may call the model; its own namespace where absent.",
        json_schema_extra=effect("reload", "other callers are let in"),
    )
    patches: Items[Patch] = Field(
        default=(),
        description="Fields of rendered objects that the kinds do not model.",
        json_schema_extra=merge_key("path") | effect("rolling", "a rendered object is patched"),
    )
    card: Card | None = Field(
        default=None,
        description="What people must know of the model before they rely on it.",
        json_schema_extra=effect("metadata", "the model's card says something else"),
    )
