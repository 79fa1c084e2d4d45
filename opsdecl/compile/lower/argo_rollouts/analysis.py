"""The AnalysisTemplate of a canary: what Argo Rollouts asks Prometheus about the pods of the new version."""

from collections.abc import Iterator
from typing import Any

from opsdecl.compile.lower.keda.queries import watched
from opsdecl.compile.lower.monitoring.alerts import QUANTILES, statistic_of
from opsdecl.compile.lower.monitoring.objectives import PERCENTILES
from opsdecl.compile.lower.monitoring.series import Watched, duration, number, quoted
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.analysis import Analysis, CanaryMetric
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.monitor import Alert

ROLE = "analysis"
HASH = "canary-hash"
AT: SpecPath = ("spec", "rollout", "analysis")
FIELDS = {"ttft": "ttft", "inter_token_latency": "interTokenLatency", "latency": "latency"}
"""Latencies by their names in the model and in documents."""
SHORT = {"ttft": "ttft", "interTokenLatency": "inter-token", "latency": "latency"}


def prometheus_of(subject: Subject) -> str | None:
    """Address that is asked: the environment's, else that of its scaler."""
    environment = subject.environment
    scaler = environment.autoscaling
    return environment.monitoring.prometheus or (scaler.prometheus if scaler is not None else None)


def analysis_name(subject: Subject) -> str:
    return object_name(subject.base, "canary")


def analysis_template(subject: Subject, spec: ServedSpec) -> Resource | None:
    """None where nothing is asked of a canary, or nobody could be asked: that has a finding."""
    chosen, address = spec.rollout.analysis, prometheus_of(subject)
    if chosen is None or address is None:
        return None
    metrics = list(_metrics(watched(subject), chosen, address))
    inputs = {"spec": {"args": [{"name": HASH}], "metrics": metrics}}
    return make_resource(subject, ROLE, "argoproj.io/v1alpha1", "AnalysisTemplate", inputs, name=analysis_name(subject))


def background(subject: Subject) -> dict[str, Any]:
    """From the first share on until the canary has all requests."""
    version = {"name": HASH, "valueFrom": {"podTemplateHashValue": "Latest"}}
    return {"templates": [{"templateName": analysis_name(subject)}], "args": [version], "startingStep": 1}


def _metrics(model: Watched, chosen: Analysis, address: str) -> Iterator[dict[str, Any]]:
    if chosen.errors is not None:
        bound = Traced(f"<= {number(chosen.errors.fraction)}", (*AT, "errors"))
        yield _metric(chosen, "errors", _errors(model, chosen), bound, address)
    for field, name in FIELDS.items():
        objective = getattr(chosen, field)
        for percentile, quantile in PERCENTILES.items():
            most = getattr(objective, percentile) if objective is not None else None
            if most is not None:
                bound = Traced(f"<= {number(most.seconds)}", (*AT, name, percentile))
                query = _latency(model, chosen, name, quantile)
                yield _metric(chosen, f"{SHORT[name]}-{percentile}", query, bound, address)
    for index, one in enumerate(chosen.metrics):
        text = f"<= {number(one.above)}" if one.above is not None else f">= {number(one.below or 0)}"
        yield _metric(chosen, one.name, _named(model, chosen, one), Traced(text, (*AT, "metrics", index)), address)


def _metric(chosen: Analysis, name: str, query: str, bound: Traced, address: str) -> dict[str, Any]:
    """Where a look finds nothing, or no number, neither condition holds: it is inconclusive, and people are waited
    for."""
    worse = str(bound.value).replace("<=", ">") if "<=" in bound.value else str(bound.value).replace(">=", "<")
    tolerated = traced(chosen.tolerated, *AT, "tolerated")
    return {
        "name": name,
        "interval": traced(duration(chosen.interval.seconds), *AT, "interval"),
        "initialDelay": traced(duration(chosen.delay.seconds), *AT, "delay"),
        "failureLimit": tolerated,
        "inconclusiveLimit": tolerated,
        "successCondition": Traced(f"len(result) > 0 && result[0] {bound.value}", bound.path),
        "failureCondition": Traced(f"len(result) > 0 && result[0] {worse}", bound.path),
        "provider": {"prometheus": {"address": address, "query": query}},
    }


def _of_canary(model: Watched) -> str:
    """Pods of the new version alone: their names hold the hash that the controller tells versions by."""
    return f'pod=~"{model.base}-{{{{args.{HASH}}}}}-.+"'


def _errors(model: Watched, chosen: Analysis) -> str:
    """A counter of failures that never counted is not there, which is none."""
    requests, pods, over = _requests(model), _of_canary(model), duration(chosen.over.seconds)
    failed = " + ".join(
        f"(sum(rate({model.series(metric, pods, matchers)}[{over}])) or vector(0))" for metric, matchers in requests[1]
    )
    all_ = " + ".join(f"sum(rate({model.series(metric, pods, matchers)}[{over}]))" for metric, matchers in requests[0])
    return f"({failed}) / ({all_})"


def _requests(model: Watched) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    return (model.signals.requests.all, model.signals.requests.failed) if model.signals is not None else ((), ())


def _latency(model: Watched, chosen: Analysis, name: str, quantile: float) -> str:
    metric, matchers = model.signals.latency_of(name) if model.signals is not None else ("", "")
    buckets = model.series(f"{metric}_bucket", _of_canary(model), matchers)
    return f"histogram_quantile({number(quantile)}, sum by (le) (rate({buckets}[{duration(chosen.over.seconds)}])))"


def _named(model: Watched, chosen: Analysis, one: CanaryMetric) -> str:
    matchers = [_of_canary(model), *(f"{name}={quoted(value)}" for name, value in sorted(one.labels.items()))]
    if one.statistic in QUANTILES:
        buckets = model.series(f"{one.metric}_bucket", *matchers)
        rate = f"sum by (le) (rate({buckets}[{duration(chosen.over.seconds)}]))"
        return f"histogram_quantile({number(QUANTILES[one.statistic])}, {rate})"
    fold = "sum" if one.statistic == "rate" else "max" if one.above is not None else "min"
    taken = Alert.model_construct(name=one.name, statistic=one.statistic, over=chosen.over)
    return f"{fold}({statistic_of(taken, model.series(one.metric, *matchers))})"
