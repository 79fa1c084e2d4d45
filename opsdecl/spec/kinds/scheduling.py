"""On which nodes pods may run."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, merge_key
from opsdecl.spec.kinds.names import DnsSubdomain, Items, LabelKey, LabelValue, ResourceName


class Toleration(Part):
    """A taint of nodes that pods put up with."""

    key: LabelKey | None = Field(default=None, description="Key of the taint; all taints where absent.")
    operator: Literal["Exists", "Equal"] = Field(default="Exists", description="How the taint's value is compared.")
    value: LabelValue | None = Field(default=None, description="Value of the taint, with the operator `Equal`.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect of the taint; all effects where absent."
    )


class Scheduling(Part):
    """Where pods may run, beside what the accelerator's pool demands."""

    tolerations: Items[Toleration] = Field(
        default=(), description="Taints that the pods put up with.", json_schema_extra=merge_key("key")
    )
    node_selector: Mapping[LabelKey, LabelValue] = Field(default={}, description="Labels that nodes must have.")
    priority_class: DnsSubdomain | None = Field(default=None, description="PriorityClass of the pods.")
    topology_spread: bool = Field(default=True, description="Whether replicas are spread over zones and nodes.")


class Rdma(Part):
    """Network devices for traffic between GPUs."""

    resource: ResourceName = Field(description="Name by which Kubernetes schedules the device, such as `rdma/hca`.")
    count: int = Field(default=1, ge=1, description="Devices of each replica, on each of its nodes.")
