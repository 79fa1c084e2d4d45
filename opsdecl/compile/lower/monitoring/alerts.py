"""Alerts beside the objectives: a model that is gone, and the metrics with a bound that the document lists."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.compile.lower.monitoring.series import BY, RECORDED, Watched, duration, number, quoted
from opsdecl.compile.types import Traced
from opsdecl.compile.watched import offers
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.monitor import Alert

OVER_TIME: Mapping[str, str] = {
    "average": "avg_over_time",
    "highest": "max_over_time",
    "lowest": "min_over_time",
    "rate": "rate",
    "increase": "increase",
}
COUNTED = frozenset(("rate", "increase"))
QUANTILES: Mapping[str, float] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
MISSING_FOR = "1h"
"""A job that measures drift once a night must not be missed in between: its exporter keeps the last value."""

Rule = dict[str, object]


def down_alert(watched: Watched, severity: str) -> Iterator[Rule]:
    """Where no replica answers the scraper, or none is there to be scraped. Not of models that may scale to zero."""
    if watched.signals is None or watched.document.model.spec.replicas.lowest == 0:
        return
    up = watched.series("up")
    yield {
        "alert": "ModelDown",
        "expr": f"sum by ({BY}) ({up}) == 0 or absent({up})",
        "for": "5m",
        "labels": {"severity": severity},
        "annotations": {
            "summary": f"No replica of {watched.name} answers",
            "description": "Nothing that should serve it could be scraped for five minutes.",
        },
    }


def alerts_of(watched: Watched, alerts: tuple[Alert, ...]) -> Iterator[Rule]:
    """Those over metrics that the model's engine or server offers, or that are recorded of it."""
    for index, alert in enumerate(alerts):
        metric = alert.metric if alert.exporter is None else None
        if metric is not None and (metric in RECORDED or offers(watched.document, metric)):
            yield alert_rule(alert, _of_model(watched, alert, metric), index, _summary(alert, watched.name))


def exported_alerts(alerts: tuple[Alert, ...]) -> Iterator[Rule]:
    """Those over metrics of other programs, each with one for its absence: a metric that is missing raises nothing."""
    for index, alert in enumerate(alerts):
        if alert.exporter is not None:
            series = f"{alert.metric}{_matchers(alert)}"
            yield alert_rule(alert, statistic_of(alert, series), index, _summary(alert, alert.exporter))
            yield _missing(alert, series, index)


def alert_rule(alert: Alert, measured: str, index: int, summary: str) -> dict[str, Any]:
    """The rule over an expression; `summary` is said where the alert says none itself."""
    path: SpecPath = ("spec", "alerts", index)
    return {
        "alert": alert.name,
        "expr": Traced(f"{measured} {bound_of(alert)}", path),
        "for": Traced(duration(alert.for_.seconds), (*path, "for")),
        "labels": {"severity": Traced(alert.severity, (*path, "severity")), "about": alert.about},
        "annotations": {
            "summary": Traced(alert.summary or summary, (*path, "summary")),
            "runbook_url": Traced(alert.runbook, (*path, "runbook")) if alert.runbook else None,
        },
    }


def _missing(alert: Alert, series: str, index: int) -> Rule:
    path: SpecPath = ("spec", "alerts", index, "metric")
    return {
        "alert": f"{alert.name}Unknown",
        "expr": Traced(f"absent({series})", path),
        "for": MISSING_FOR,
        "labels": {"severity": "warning", "about": alert.about},
        "annotations": {
            "summary": f"{alert.metric} is missing, so nobody would be told by {alert.name}",
            "description": f"It should come from: {alert.exporter}.",
        },
    }


def _summary(alert: Alert, of: str) -> str:
    what = alert.metric if alert.statistic == "value" else f"the {alert.statistic} of {alert.metric}"
    return f"{what} of {of} is {{{{ $value | humanize }}}} ({bound_of(alert)})"


def bound_of(alert: Alert) -> str:
    """`> 50`."""
    return f"> {number(alert.above)}" if alert.above is not None else f"< {number(alert.below or 0)}"


def _matchers(alert: Alert) -> str:
    inner = ",".join(f"{name}={quoted(value)}" for name, value in sorted(alert.labels.items()))
    return f"{{{inner}}}" if inner else ""


def _of_model(watched: Watched, alert: Alert, metric: str) -> str:
    """Over all replicas: counters add up, of gauges the one nearest to the bound counts."""
    matchers = [f"{name}={quoted(value)}" for name, value in sorted(alert.labels.items())]
    if alert.statistic in QUANTILES:
        buckets = watched.series(f"{metric}_bucket", *matchers)
        rate = f"sum by (le, {BY}) (rate({buckets}[{_over(alert)}]))"
        return f"histogram_quantile({number(QUANTILES[alert.statistic])}, {rate})"
    fold = "sum" if alert.statistic in COUNTED else "max" if alert.above is not None else "min"
    return f"{fold} by ({BY}) ({statistic_of(alert, watched.series(metric, *matchers))})"


def statistic_of(alert: Alert, series: str) -> str:
    """What the alert takes of a series: its value, or a number over a time."""
    if alert.statistic == "value":
        return series
    if alert.statistic in QUANTILES:
        name, brace, rest = series.partition("{")
        rate = f"rate({name}_bucket{brace}{rest}[{_over(alert)}])"
        return f"histogram_quantile({number(QUANTILES[alert.statistic])}, {rate})"
    return f"{OVER_TIME[alert.statistic]}({series}[{_over(alert)}])"


def _over(alert: Alert) -> str:
    return duration(alert.over.seconds) if alert.over is not None else "5m"
