"""Probes of a server: patient while it starts, strict about readiness, slow to kill."""

import math
from typing import Any

from opsdecl.compile.types import Traced
from opsdecl.diag import SpecPath
from opsdecl.sizing.loading import load_time

MINUTE = 60
STEPS = tuple(minutes * MINUTE for minutes in (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360))
"""Budgets are steps, so that a corrected weight or bandwidth in the catalogue seldom changes an object."""

UNKNOWN_SIZE_BUDGET = 30 * MINUTE
"""KServe gives its vLLM runtime 60 probes of 30 s; models of unknown size get the same."""


def startup_budget(weights_gib: float | None, source: str, margin: float) -> int:
    """Seconds that a pod may take until it serves, as one of STEPS.

    budget = margin * the slowest load, where `margin` is the runtime's startupMargin.
    """
    if weights_gib is None:
        return UNKNOWN_SIZE_BUDGET
    return step_up(margin * load_time(weights_gib, source)[1])


def step_up(seconds: float) -> int:
    """The next step; beyond the last one, whole hours."""
    return next((step for step in STEPS if seconds <= step), math.ceil(seconds / 3600) * 3600)


def http(path: Any, **numbers: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "http"}, **numbers}


def startup(path: Any, budget_s: int, period_s: int, origin: SpecPath) -> dict[str, Any]:
    """Other probes wait until this one succeeds, so a pod that still loads weights is never killed for being slow."""
    failures = Traced(max(1, math.ceil(budget_s / period_s)), origin)
    return http(path, periodSeconds=period_s, timeoutSeconds=5) | {"failureThreshold": failures}


def readiness(path: Any, period_s: int) -> dict[str, Any]:
    return http(path, periodSeconds=period_s, timeoutSeconds=5, failureThreshold=3)


def liveness(path: Any, period_s: int) -> dict[str, Any]:
    """Half a minute at least of a dead engine: a long prefill may hold up an answer, a restart costs minutes."""
    return http(path, periodSeconds=period_s, timeoutSeconds=10, failureThreshold=max(6, math.ceil(60 / period_s)))


def open_port(period_s: int, budget_s: int = 0, origin: SpecPath = ()) -> dict[str, Any]:
    """For servers that have no known health path: the port takes connections."""
    failures = Traced(math.ceil(budget_s / period_s), origin) if budget_s else 3
    return {"tcpSocket": {"port": "http"}, "periodSeconds": period_s, "failureThreshold": failures}
