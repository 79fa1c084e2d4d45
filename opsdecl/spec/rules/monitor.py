"""Rules of Monitors: something is watched, a window that an error budget can be spent in, alerts with one bound."""

from collections.abc import Iterator

from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.monitor import Alert, Monitor
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_DAY = 86400.0
_WINDOW_S = (7 * _DAY, 90 * _DAY)


def something_watched(document: Monitor) -> Iterator[Finding]:
    watch = document.spec.watch
    if not (watch.llms or watch.models or watch.labels):
        message = "`watch` names no models, so nothing would be watched"
        yield Finding(codes.ONE_OF_FIELDS, ("spec", "watch"), message, "add `llms`, `models` or `labels`", True)


def window(document: Monitor) -> Iterator[Finding]:
    chosen = document.spec.objectives.window
    if not _WINDOW_S[0] <= chosen.seconds <= _WINDOW_S[1]:
        message = f"`objectives.window` is {chosen.text}, and must be from 7d to 90d"
        hint = "write `30d`, unless the objective was promised over another time"
        yield Finding(codes.OUT_OF_RANGE, ("spec", "objectives", "window"), message, hint)


def alerts(document: Monitor) -> Iterator[Finding]:
    chosen = document.spec.alerts
    for index, name in doubles(tuple(alert.name for alert in chosen)):
        message = f"there is an alert `{name}` already"
        yield Finding(codes.DUPLICATE_ENTRY, ("spec", "alerts", index, "name"), message, "give it another name")
    for index, alert in enumerate(chosen):
        yield from _source(alert, index)
        yield from _bound(alert, index)
        yield from _time(alert, index)


def _source(alert: Alert, index: int) -> Iterator[Finding]:
    """A metric or a measure; whether there is such a measure is asked where all is known."""
    path = ("spec", "alerts", index)
    if alert.metric is None and alert.measure is None:
        message = f"nothing says what `{alert.name}` looks at"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "add `metric: …` or `measure: …`")
    for name in ("metric", "exporter") if alert.measure is not None else ():
        if getattr(alert, name) is not None:
            message = f"`{alert.name}` looks at a measure, so `{name}` says nothing"
            yield Finding(codes.EXCLUSIVE_FIELDS, (*path, name), message, f"remove `{name}`, or `measure`", True)
    if alert.measure is not None and alert.statistic in ("rate", "increase", "p50", "p90", "p95", "p99"):
        message = f"a measure is a number that goes up and down, of which no `{alert.statistic}` can be taken"
        hint = "use one of: average, highest, lowest, value"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "statistic"), message, hint)


def _bound(alert: Alert, index: int) -> Iterator[Finding]:
    path = ("spec", "alerts", index)
    if alert.above is not None and alert.below is not None:
        message = f"`{alert.name}` has two bounds, and one alert has one"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "below"), message, "write a second alert for the other", True)
    elif alert.above is None and alert.below is None:
        message = f"nothing says when `{alert.name}` is raised"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "add `above: …` or `below: …`")


def _time(alert: Alert, index: int) -> Iterator[Finding]:
    path = ("spec", "alerts", index)
    if alert.statistic == "value" and alert.over is not None:
        message = f"`over` has no effect on `{alert.name}`, which looks at the value of the moment"
        hint = "add `statistic: average` or another one, or remove `over`"
        yield Finding(codes.NO_EFFECT, (*path, "over"), message, hint, True)
    elif alert.statistic != "value" and alert.over is None:
        message = f"`{alert.name}` takes the {alert.statistic} of a time, and nothing says of which"
        yield Finding(codes.MISSING_FIELD, (*path, "statistic"), message, "add `over: 5m`, or longer")


_MONITOR = frozenset({"Monitor"})

RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_MONITOR, (("spec", "watch"),), something_watched),
    DocumentRule(_MONITOR, (("spec", "objectives", "window"),), window),
    DocumentRule(_MONITOR, (("spec", "alerts"),), alerts),
)
