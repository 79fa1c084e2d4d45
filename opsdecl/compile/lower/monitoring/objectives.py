"""Objectives of a watched model -> alerts on how fast their error budget is spent, by several windows at once.

An alert needs both of a pair of windows: the long one says that it matters, the short one that it still goes on. The
pairs, and the share of the budget that each lets pass, are those of Google's SRE workbook, chapter 5.

A latency objective such as `p95: 800ms` lets 5 % of the requests be slower. That they burn this budget 6 times too fast
is to say that more than 30 % are slower, and so that the 70th percentile lies above 800 ms: a quantile needs no bucket
that ends at exactly this bound, and engines have none that people would choose.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from opsdecl.compile.lower.monitoring.series import FAILED, LATENCY, REQUESTS, Watched, duration, number
from opsdecl.compile.types import Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.monitor import Objectives
from opsdecl.spec.kinds.objectives import LatencyObjective
from opsdecl.spec.kinds.serving import Slo

HOUR = 3600.0
PERCENTILES: Mapping[str, float] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
WORDS: Mapping[str, tuple[str, str]] = {
    "ttft": ("FirstTokenBudgetBurn", "time to the first token"),
    "interTokenLatency": ("TokenPaceBudgetBurn", "time between two tokens"),
    "latency": ("LatencyBudgetBurn", "time of a whole request"),
}
"""Of each latency: the name of its alert, and what it is called."""


class Pair(Struct, frozen=True):
    """Two windows in seconds, and the share of the budget that may be spent within the long one."""

    long: float
    short: float
    share: float
    fast: bool

    def burn(self, window: float) -> float:
        """How many times faster than allowed, over an objective's window in seconds."""
        return self.share * window / self.long


PAIRS = (
    Pair(HOUR, 300.0, 0.02, fast=True),
    Pair(6 * HOUR, 1800.0, 0.05, fast=True),
    Pair(24 * HOUR, 2 * HOUR, 0.10, fast=False),
    Pair(72 * HOUR, 6 * HOUR, 0.10, fast=False),
)
PENDING = {True: "2m", False: "15m"}
"""How long a fast or slow burn must last, so that one late evaluation raises nothing."""


class Objective(Struct, frozen=True):
    """One promise: `kind` is `availability` or a latency. `allowed` is the share of requests that may miss it."""

    kind: str
    allowed: float
    bound_s: float
    text: str
    path: SpecPath


def objectives_of(slo: Slo | None, path: SpecPath) -> Iterator[Objective]:
    """Every promise of an `slo`, which stands at a path of the effective tree."""
    if slo is None:
        return
    if slo.availability is not None and slo.availability.fraction < 1:
        text = slo.availability.text
        yield Objective("availability", 1 - slo.availability.fraction, 0.0, text, (*path, "availability"))
    latencies = {"ttft": slo.ttft, "interTokenLatency": slo.inter_token_latency, "latency": slo.latency}
    for kind, objective in latencies.items():
        yield from _latencies(kind, objective, path)


def _latencies(kind: str, objective: LatencyObjective | None, path: SpecPath) -> Iterator[Objective]:
    for percentile, quantile in PERCENTILES.items():
        bound = getattr(objective, percentile) if objective is not None else None
        if bound is not None:
            text = f"{percentile} {bound.text}"
            yield Objective(kind, 1 - quantile, bound.seconds, text, (*path, kind, percentile))


def is_measured(watched: Watched, objective: Objective) -> bool:
    """Whether the engine has the metric that the objective is held against."""
    if watched.signals is None:
        return False
    return objective.kind == "availability" or bool(watched.signals.latency_of(objective.kind)[0])


def burn_alerts(watched: Watched, objective: Objective, settings: Objectives) -> Iterator[dict[str, object]]:
    """An alert for each pair of windows in which the budget can be spent that fast."""
    for pair in PAIRS:
        burn = pair.burn(settings.window.seconds)
        if burn >= 1 and burn * objective.allowed < 1:
            yield _alert(watched, objective, settings, pair, burn)


def _alert(watched: Watched, objective: Objective, settings: Objectives, pair: Pair, burn: float) -> dict[str, object]:
    long, short = duration(pair.long), duration(pair.short)
    name = "AvailabilityBudgetBurn" if objective.kind == "availability" else WORDS[objective.kind][0]
    expression = f"{_above(watched, objective, burn, long)} and {_above(watched, objective, burn, short)}"
    left = settings.window.seconds / burn
    return {
        "alert": name,
        "expr": Traced(expression, objective.path),
        "for": PENDING[pair.fast],
        "labels": {
            "severity": settings.fast if pair.fast else settings.slow,
            "objective": objective.text,
            "window": long,
        },
        "annotations": {
            "summary": f"{watched.name}: {_spent(objective)} {_pace(burn)} (objective {objective.text})",
            "description": f"Over {long} and still over {short}. At this pace the budget of "
            f"{duration(settings.window.seconds)} is gone in {_about(left)}.",
        },
    }


def _spent(objective: Objective) -> str:
    if objective.kind == "availability":
        return "failed requests spend their budget"
    return f"requests over their {WORDS[objective.kind][1]} spend their budget"


def _pace(burn: float) -> str:
    return f"{number(burn)} times too fast" if round(burn, 2) > 1 else "faster than it lasts"


def _about(seconds: float) -> str:
    days = seconds / 86400
    return f"{days:.0f} days" if days >= 2 else f"{seconds / 3600:.0f} hours"


def _above(watched: Watched, objective: Objective, burn: float, window: str) -> str:
    """That the budget is spent `burn` times too fast over a window."""
    if objective.kind == "availability":
        failed, all_ = (f"avg_over_time({watched.series(name)}[{window}])" for name in (FAILED, REQUESTS))
        return f"({failed} / {all_} > {number(burn * objective.allowed)})"
    buckets = f"avg_over_time({watched.series(LATENCY[objective.kind])}[{window}])"
    return f"(histogram_quantile({number(1 - burn * objective.allowed)}, {buckets}) > {number(objective.bound_s)})"
