"""A dashboard of Grafana: for each model first what people look at first, then why it is so."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.compile.lower.monitoring.alerts import alerts_of, exported_alerts
from opsdecl.compile.lower.monitoring.measured_alerts import measured_alerts
from opsdecl.compile.lower.monitoring.objectives import PERCENTILES, Objective, is_measured, objectives_of
from opsdecl.compile.lower.monitoring.series import (
    COST,
    COST_OF_TOKENS,
    FAILED,
    LATENCY,
    REQUESTS,
    TOKENS,
    Watched,
    duration,
    number,
)
from opsdecl.compile.types import Traced
from opsdecl.compile.watched import objectives_in
from opsdecl.spec.kinds.monitor import Alert, MonitorSpec

SCHEMA = 39
"""Version of the dashboard's format; later versions of Grafana move it up by themselves."""
COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
TITLES = {"ttft": "Time to first token", "interTokenLatency": "Time between tokens", "latency": "Whole request"}


class Panel(Struct, frozen=True):
    """A picture of some expressions, each with its name. `bound` is drawn as a line; `below` says that less is bad."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    width: int = 8
    kind: str = "timeseries"
    bound: float | None = None
    below: bool = False
    help: str = ""


def dashboard(title: str, uid: str, spec: MonitorSpec, watched: Sequence[Watched], monitor: str) -> dict[str, Any]:
    """The whole dashboard as Grafana reads it; a row of panels for each model. `monitor` is the document's address."""
    rows = [(each.name, tuple(_panels(spec, each, monitor))) for each in watched]
    rows.append(("Other programs", tuple(_exported(spec))))
    return {
        "title": title,
        "uid": uid,
        "tags": ["opsdecl"],
        "editable": False,
        "refresh": "30s",
        "schemaVersion": SCHEMA,
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": list(_laid_out([row for row in rows if row[1]])),
    }


def _panels(spec: MonitorSpec, watched: Watched, monitor: str) -> Iterator[Panel]:
    objectives = [
        objective
        for slo, path in objectives_in(spec.objectives.slo, watched.document, watched.root)
        for objective in objectives_of(slo, path)
        if is_measured(watched, objective)
    ]
    if watched.signals is not None:
        yield from _glance(spec, watched, objectives)
        yield from _latencies(watched, objectives)
        yield from _load(watched)
        yield from _use(spec, watched)
    yield from _listed(spec, watched, monitor)


def _glance(spec: MonitorSpec, watched: Watched, objectives: Sequence[Objective]) -> Iterator[Panel]:
    """What people look at first: is it there, is it asked, does it fail, is the promise kept."""
    up = watched.series("up")
    failed, all_ = watched.series(FAILED), watched.series(REQUESTS)
    yield Panel("Replicas that answer", ((f"sum({up})", ""),), width=4, kind="stat")
    yield Panel("Requests per second", ((all_, ""),), "reqps", 4, "stat")
    yield Panel("Failing now", ((f"{failed} / {all_}", ""),), "percentunit", 4, "stat")
    window = duration(spec.objectives.window.seconds)
    for objective in objectives:
        if objective.kind == "availability":
            spent = f"avg_over_time({failed}[{window}]) / avg_over_time({all_}[{window}])"
            left = f"1 - ({spent}) / {number(objective.allowed)}"
            text = f"Of the failures that {objective.text} allows within {window}."
            yield Panel("Error budget left", ((left, ""),), "percentunit", 4, "stat", 0.1, below=True, help=text)
    for objective in objectives:
        if objective.kind != "availability":
            now = _quantile(watched, objective.kind, 1 - objective.allowed)
            title = f"{TITLES[objective.kind]}, {objective.text}"
            yield Panel(title, ((now, ""),), "s", 4, "stat", objective.bound_s)


def _latencies(watched: Watched, objectives: Sequence[Objective]) -> Iterator[Panel]:
    for kind in LATENCY:
        if watched.signals is not None and watched.signals.latency_of(kind)[0]:
            bounds = [objective.bound_s for objective in objectives if objective.kind == kind]
            queries = tuple((_quantile(watched, kind, PERCENTILES[name]), name) for name in ("p50", "p95", "p99"))
            yield Panel(TITLES[kind], queries, "s", bound=max(bounds, default=None))


def _quantile(watched: Watched, kind: str, quantile: float) -> str:
    return f"histogram_quantile({number(quantile)}, {watched.series(LATENCY[kind])})"


def _load(watched: Watched) -> Iterator[Panel]:
    signals = watched.signals
    if signals is None:
        return
    queries = tuple(
        (f"sum({watched.series(m)})", n) for m, n in ((signals.running, "running"), (signals.waiting, "waiting")) if m
    )
    if queries:
        yield Panel("Requests in the engine", queries)
    if signals.cache:
        yield Panel("KV cache in use", ((watched.series(signals.cache), "{{pod}}"),), "percentunit")
    yield Panel(
        "Requests and failures", ((watched.series(REQUESTS), "all"), (watched.series(FAILED), "failed")), "reqps"
    )


def _use(spec: MonitorSpec, watched: Watched) -> Iterator[Panel]:
    if not spec.usage or watched.signals is None:
        return
    if watched.signals.generation_tokens:
        yield Panel("Tokens per second", ((watched.series(TOKENS), "{{kind}}"),))
    if watched.hourly is not None:
        yield Panel(f"Cost per hour ({watched.currency})", ((watched.series(COST), ""),))
        if watched.signals.generation_tokens:
            yield Panel(f"Cost per million tokens ({watched.currency})", ((watched.series(COST_OF_TOKENS), ""),))


def _listed(spec: MonitorSpec, watched: Watched, monitor: str) -> Iterator[Panel]:
    by_name = {alert.name: alert for alert in spec.alerts}
    for rule in (*alerts_of(watched, spec.alerts), *measured_alerts(watched, monitor, spec)):
        if str(rule["alert"]) in by_name:
            yield _of_alert(by_name[str(rule["alert"])], rule)


def _exported(spec: MonitorSpec) -> Iterator[Panel]:
    by_name = {alert.name: alert for alert in spec.alerts}
    for rule in exported_alerts(spec.alerts):
        if str(rule["alert"]) in by_name:
            yield _of_alert(by_name[str(rule["alert"])], rule)


def _of_alert(alert: Alert, rule: dict[str, object]) -> Panel:
    """The expression of an alert without its bound, and the bound as a line."""
    expression = rule["expr"]
    text = str(expression.value) if isinstance(expression, Traced) else str(expression)
    bound = alert.above if alert.above is not None else alert.below
    measured = text.rpartition(" > " if alert.above is not None else " < ")[0]
    return Panel(alert.name, ((measured, ""),), bound=bound, below=alert.below is not None, help=alert.summary or "")


def _laid_out(rows: Sequence[tuple[str, tuple[Panel, ...]]]) -> Iterator[dict[str, Any]]:
    """Panels from left to right, a new line where one does not fit or has another height."""
    number_, y = 1, 0
    for title, panels in rows:
        yield {
            "id": number_,
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": _box(0, y, COLUMNS, 1),
        }
        number_, y, x, line = number_ + 1, y + 1, 0, 0
        for panel in panels:
            height = 4 if panel.kind == "stat" else 8
            if x + panel.width > COLUMNS or (line and height != line):
                x, y = 0, y + line
            line = height
            yield _panel(panel, number_, _box(x, y, panel.width, height))
            number_, x = number_ + 1, x + panel.width
        y += line


def _box(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(panel: Panel, number_: int, box: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + index), "expr": expression, "legendFormat": name or "__auto"}
        for index, (expression, name) in enumerate(panel.queries)
    ]
    defaults: dict[str, Any] = {"unit": panel.unit}
    if panel.bound is not None:
        good, bad = ("red", "green") if panel.below else ("green", "red")
        defaults["thresholds"] = {"mode": "absolute", "steps": [{"color": good}, {"color": bad, "value": panel.bound}]}
        if panel.kind == "timeseries":
            defaults["custom"] = {"thresholdsStyle": {"mode": "line"}}
    return {
        "id": number_,
        "type": panel.kind,
        "title": panel.title,
        **({"description": panel.help} if panel.help else {}),
        "datasource": SOURCE,
        "gridPos": box,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
    }
