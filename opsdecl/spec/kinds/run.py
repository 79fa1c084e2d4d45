"""What all runs have in common: work that is started once, does its part, and ends."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, effect
from opsdecl.spec.kinds.names import DnsSubdomain, Items
from opsdecl.spec.kinds.scalars import Duration
from opsdecl.spec.kinds.scheduling import Scheduling

RUN_KINDS = frozenset(("Dataset", "Training", "Tuning", "Evaluation"))
"""Kinds whose pods come and go: nothing of theirs runs all the time."""
KEPT_BY: Mapping[str, tuple[str, frozenset[str]]] = {
    "Training": ("training", frozenset(("kubeflow-trainer", "kuberay"))),
    "Tuning": ("tuning", frozenset(("katib",))),
}
"""By kind the setting of the platform, and those of its operators that never remove a run that ended."""
NEXT_RUN = effect("none", "counts from the next run on")
"""Of fields that a run's key leaves out: a run that was started stays as it is."""


class Run(Part):
    """How runs follow each other."""

    attempt: int = Field(
        default=1,
        ge=1,
        description="Which time the same work is done; another number starts another run.",
        json_schema_extra=effect("behaviour", "the work is done once more"),
    )
    on_change: Literal["finish", "cancel"] = Field(
        default="finish",
        description="What becomes of a run when another takes its place, as it stood when that run was started.",
    )
    remove_after: Duration | None = Field(
        default=None,
        description="How long after its end Kubernetes removes a run; kept while declared where absent. Not for "
        "environments with a git target.",
    )


class RunningSpec(Part):
    """Fields that every kind with runs has."""

    run: Run = Field(default=Run(), description="How runs follow each other.", json_schema_extra=NEXT_RUN)
    scheduling: Scheduling = Field(
        default=Scheduling(), description="On which nodes the pods may run.", json_schema_extra=NEXT_RUN
    )
    service_account: DnsSubdomain | None = Field(
        default=None,
        description="Existing service account of the pods; the namespace's own, without a token, where absent.",
        json_schema_extra=NEXT_RUN,
    )
    image_pull_secrets: Items[DnsSubdomain] = Field(
        default=(), description="Secrets to pull images with.", json_schema_extra=NEXT_RUN
    )
