"""Alerts over what a Monitor measures by jobs, each with one for when nothing was measured of late."""

from collections.abc import Iterator

from opsdecl.compile.lower.monitoring.alerts import MISSING_FOR, Rule, alert_rule, bound_of, statistic_of
from opsdecl.compile.lower.monitoring.series import Watched, duration, number, quoted
from opsdecl.compile.measured import METRICS, model_of
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.measure import Measure
from opsdecl.spec.kinds.monitor import Alert, MonitorSpec

MEASURED_AT = "opsdecl_measured_timestamp_seconds"
METHODS = {
    "psi": "population stability index",
    "ks": "Kolmogorov-Smirnov statistic",
    "wasserstein": "Wasserstein distance",
    "chi2": "Cramér's V",
}


def measured_alerts(watched: Watched, monitor: str, spec: MonitorSpec) -> Iterator[Rule]:
    """Those over measures that are about one model. `monitor` is its address: names of measures are each Monitor's."""
    known = {measure.name: measure for measure in spec.measures}
    for index, alert in enumerate(spec.alerts):
        measure = known.get(alert.measure or "")
        if measure is not None and model_of(measure, (watched.document,)) is not None:
            yield _rule(watched, monitor, measure, alert, index)
            yield _unknown(watched, monitor, measure, alert, index)


def _rule(watched: Watched, monitor: str, measure: Measure, alert: Alert, index: int) -> Rule:
    chosen = {"method": measure.method} if measure.about != "answer-quality" else {}
    labels = {**chosen, **alert.labels}
    matchers = [f"{name}={quoted(value)}" for name, value in sorted(labels.items())]
    series = watched.series(METRICS[measure.about], *_own(monitor, measure), *matchers)
    rule = alert_rule(alert, statistic_of(alert, series), index, _summary(watched, measure, alert, labels))
    return {**rule, "labels": {**rule["labels"], "about": measure.about}}


def _unknown(watched: Watched, monitor: str, measure: Measure, alert: Alert, index: int) -> Rule:
    """A Pushgateway keeps the last value for ever, so its age tells, and its absence."""
    series = watched.series(MEASURED_AT, *_own(monitor, measure))
    expression = f"time() - {series} > {number(measure.valid_for.seconds)} or absent({series})"
    return {
        "alert": f"{alert.name}Unknown",
        "expr": Traced(expression, ("spec", "alerts", index, "measure")),
        "for": MISSING_FOR,
        "labels": {"severity": "warning", "about": measure.about},
        "annotations": {
            "summary": f"{measure.name} of {watched.name} was not measured for {duration(measure.valid_for.seconds)}",
            "description": f"Nobody would be told by {alert.name}. Look at the jobs of {monitor}.",
        },
    }


def _own(monitor: str, measure: Measure) -> tuple[str, str]:
    return f"opsdecl_monitor={quoted(monitor)}", f"measure={quoted(measure.name)}"


def _summary(watched: Watched, measure: Measure, alert: Alert, labels: dict[str, str]) -> str:
    value = f"{{{{ $value | humanize }}}} ({bound_of(alert)})"
    if measure.about == "answer-quality":
        return f"Answers of {watched.name} score {value}"
    what = METHODS.get(labels["method"], labels["method"])
    return f"{watched.name}: {{{{ $labels.column }}}} has drifted, {what} {value}"
