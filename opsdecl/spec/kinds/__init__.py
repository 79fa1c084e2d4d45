"""Every kind there is, by name. A new kind is a module here and a row in this table."""

from collections.abc import Mapping

from opsdecl.spec.kinds import (
    adapter,
    dataset,
    environment,
    evaluation,
    llm,
    maintenance,
    model,
    monitor,
    policy,
    project,
    route,
    runtime,
    training,
    tuning,
)
from opsdecl.spec.kinds.declare import API_VERSION, Kind, Part

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        project.KIND,
        environment.KIND,
        llm.KIND,
        model.KIND,
        adapter.KIND,
        route.KIND,
        monitor.KIND,
        dataset.KIND,
        training.KIND,
        evaluation.KIND,
        tuning.KIND,
        maintenance.KIND,
        runtime.KIND,
        policy.KIND,
    )
}

__all__ = ["API_VERSION", "KINDS", "Kind", "Part"]
