"""The AnalysisTemplates of a canary: what Argo Rollouts asks Prometheus about the pods of the new version."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from opsdecl.compile.lower.keda.queries import watched
from opsdecl.compile.lower.monitoring.alerts import QUANTILES, statistic_of
from opsdecl.compile.lower.monitoring.objectives import PERCENTILES
from opsdecl.compile.lower.monitoring.series import Watched, duration, number, quoted
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.analysis import CanaryMetric, Questions, StepAnalysis
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.monitor import Alert
from opsdecl.spec.kinds.serving import CanaryStep

ROLE = "analysis"
HASH = "canary-hash"
ROLLOUT: SpecPath = ("spec", "rollout")
FIELDS = {"ttft": "ttft", "inter_token_latency": "interTokenLatency", "latency": "latency"}
"""Latencies by their names in the model and in documents."""
SHORT = {"ttft": "ttft", "interTokenLatency": "inter-token", "latency": "latency"}


def prometheus_of(subject: Subject) -> str | None:
    """Address that is asked: the environment's, else that of its scaler."""
    environment = subject.environment
    scaler = environment.autoscaling
    return environment.monitoring.prometheus or (scaler.prometheus if scaler is not None else None)


def analysis_name(subject: Subject, step: CanaryStep | None = None) -> str:
    """Shares only grow, so each tells its step from the others."""
    return object_name(subject.base, f"canary-{step.weight}" if step is not None else "canary")


def analysis_templates(subject: Subject, spec: ServedSpec) -> tuple[Resource, ...]:
    """None where nothing is asked of a canary, or nobody could be asked: that has a finding."""
    address = prometheus_of(subject)
    if address is None:
        return ()
    found: list[Resource] = []
    if (whole := spec.rollout.analysis) is not None:
        delay = traced(duration(whole.delay.seconds), *ROLLOUT, "analysis", "delay")
        rest = {"initialDelay": delay}
        found.append(_template(subject, _metrics(_Asked(subject, whole, ("analysis",), address, rest)), ROLE, None))
    for index, step in enumerate(spec.rollout.steps):
        if step.analysis is not None:
            path: SpecPath = ("steps", index, "analysis")
            asked = _Asked(subject, step.analysis, path, address, _bounded(step, step.analysis, path))
            found.append(_template(subject, _metrics(asked), f"{ROLE}-{step.weight}", step))
    return tuple(found)


def _template(subject: Subject, metrics: Iterable[dict[str, Any]], role: str, step: CanaryStep | None) -> Resource:
    inputs = {"spec": {"args": [{"name": HASH}], "metrics": list(metrics)}}
    name = analysis_name(subject, step)
    return make_resource(subject, role, "argoproj.io/v1alpha1", "AnalysisTemplate", inputs, name=name)


def _bounded(step: CanaryStep, chosen: StepAnalysis, path: SpecPath) -> dict[str, Any]:
    """The controller refuses a step that looks without end."""
    delay = chosen.first_look_s(step.pause.seconds if step.pause is not None else 0.0)
    return {
        "count": traced(chosen.looks, *ROLLOUT, *path, "looks"),
        "initialDelay": traced(duration(delay), *ROLLOUT, *path, "delay") if delay else None,
    }


def background(subject: Subject) -> dict[str, Any]:
    """From the first share on until the canary has all requests."""
    return {**at_step(subject, None), "startingStep": 1}


def at_step(subject: Subject, step: CanaryStep | None) -> dict[str, Any]:
    version = {"name": HASH, "valueFrom": {"podTemplateHashValue": "Latest"}}
    return {"templates": [{"templateName": analysis_name(subject, step)}], "args": [version]}


class _Asked(Struct, frozen=True):
    """What is asked, where it stands in the rollout, whom, and how often."""

    subject: Subject
    chosen: Questions
    path: SpecPath
    address: str
    rest: Mapping[str, Any]

    @property
    def at(self) -> SpecPath:
        return (*ROLLOUT, *self.path)


def _metrics(asked: _Asked) -> Iterator[dict[str, Any]]:
    model, chosen, at = watched(asked.subject), asked.chosen, asked.at
    if chosen.errors is not None:
        bound = Traced(f"<= {number(chosen.errors.fraction)}", (*at, "errors"))
        yield _metric(asked, "errors", _errors(model, chosen), bound)
    for field, name in FIELDS.items():
        objective = getattr(chosen, field)
        for percentile, quantile in PERCENTILES.items():
            most = getattr(objective, percentile) if objective is not None else None
            if most is not None:
                bound = Traced(f"<= {number(most.seconds)}", (*at, name, percentile))
                yield _metric(asked, f"{SHORT[name]}-{percentile}", _latency(model, chosen, name, quantile), bound)
    for index, one in enumerate(chosen.metrics):
        text = f"<= {number(one.above)}" if one.above is not None else f">= {number(one.below or 0)}"
        yield _metric(asked, one.name, _named(model, chosen, one), Traced(text, (*at, "metrics", index)))


def _metric(asked: _Asked, name: str, query: str, bound: Traced) -> dict[str, Any]:
    """Where a look finds nothing, or no number, neither condition holds: it is inconclusive, and people are waited
    for."""
    worse = str(bound.value).replace("<=", ">") if "<=" in bound.value else str(bound.value).replace(">=", "<")
    chosen, at = asked.chosen, asked.at
    tolerated = traced(chosen.tolerated, *at, "tolerated")
    return {
        "name": name,
        "interval": traced(duration(chosen.interval.seconds), *at, "interval"),
        "failureLimit": tolerated,
        "inconclusiveLimit": tolerated,
        **asked.rest,
        "successCondition": Traced(f"len(result) > 0 && result[0] {bound.value}", bound.path),
        "failureCondition": Traced(f"len(result) > 0 && result[0] {worse}", bound.path),
        "provider": {"prometheus": {"address": asked.address, "query": query}},
    }


def _of_canary(model: Watched) -> str:
    """Pods of the new version alone: their names hold the hash that the controller tells versions by."""
    return f'pod=~"{model.base}-{{{{args.{HASH}}}}}-.+"'


def _errors(model: Watched, chosen: Questions) -> str:
    """A counter of failures that never counted is not there, which is none."""
    requests, pods, over = _requests(model), _of_canary(model), duration(chosen.over.seconds)
    failed = " + ".join(
        f"(sum(rate({model.series(metric, pods, matchers)}[{over}])) or vector(0))" for metric, matchers in requests[1]
    )
    all_ = " + ".join(f"sum(rate({model.series(metric, pods, matchers)}[{over}]))" for metric, matchers in requests[0])
    return f"({failed}) / ({all_})"


def _requests(model: Watched) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    return (model.signals.requests.all, model.signals.requests.failed) if model.signals is not None else ((), ())


def _latency(model: Watched, chosen: Questions, name: str, quantile: float) -> str:
    metric, matchers = model.signals.latency_of(name) if model.signals is not None else ("", "")
    buckets = model.series(f"{metric}_bucket", _of_canary(model), matchers)
    return f"histogram_quantile({number(quantile)}, sum by (le) (rate({buckets}[{duration(chosen.over.seconds)}])))"


def _named(model: Watched, chosen: Questions, one: CanaryMetric) -> str:
    matchers = [_of_canary(model), *(f"{name}={quoted(value)}" for name, value in sorted(one.labels.items()))]
    if one.statistic in QUANTILES:
        buckets = model.series(f"{one.metric}_bucket", *matchers)
        rate = f"sum by (le) (rate({buckets}[{duration(chosen.over.seconds)}]))"
        return f"histogram_quantile({number(QUANTILES[one.statistic])}, {rate})"
    fold = "sum" if one.statistic == "rate" else "max" if one.above is not None else "min"
    taken = Alert.model_construct(name=one.name, statistic=one.statistic, over=chosen.over)
    return f"{fold}({statistic_of(taken, model.series(one.metric, *matchers))})"
