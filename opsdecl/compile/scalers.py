"""Models that are scaled on a metric of their engine, against whatever hands that metric to the autoscaler."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from opsdecl.compile.lower.native.autoscaling import ENGINE_METRICS
from opsdecl.compile.monitors import metrics_off, watched_by
from opsdecl.compile.roles import PREFILL
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.compile.watched import engine_of
from opsdecl.diag import Code, Diagnostic, Related, Severity, SpecPath
from opsdecl.diag.codes import platforms as codes
from opsdecl.diag.codes import render as codes_of_rendering

OWN = frozenset(("cpu", "memory"))
"""Metrics that Kubernetes measures itself."""


class Scaled(NamedTuple):
    """Pods of a document that are scaled on what their engine measures, and where the document says so."""

    document: CompiledDocument
    metric: str
    path: SpecPath


def scalers(scene: Scene) -> Iterator[Diagnostic]:
    """Errors: metrics that nobody labels as KEDA's query expects them, that the engine does not offer, or for which the
    metrics adapter has no rule. Warnings: those that no document has collected."""
    platform = scene.settings["platform"]
    collected = frozenset(d.address for monitor in _scraping(scene) for d in watched_by(scene, monitor))
    for scaled in _on_engines(scene):
        if platform["scaling"] == "keda" and scaled.document.address not in collected:
            yield _not_labelled(scene, scaled)
        elif platform["scaling"] == "hpa" and platform["metrics"] != "none":
            watched = scaled.document.address in collected
            yield from _adapted(scene, scaled, watched=watched, scraped=watched and platform["monitoring"] != "none")


def _scraping(scene: Scene) -> tuple[CompiledDocument, ...]:
    monitors = (d for d in scene.documents.values() if d.address.kind == "Monitor")
    return tuple(monitor for monitor in monitors if monitor.model.spec.scrape.enabled)


def _on_engines(scene: Scene) -> Iterator[Scaled]:
    """Read from what was merged: to build the models of all documents again takes longer than all else here."""
    for document in scene.lasting():
        spec = document.effective["spec"]
        for role, path in ((spec, ("spec",)), (spec.get(PREFILL) or {}, ("spec", PREFILL))):
            replicas = role.get("replicas") or {}
            metric = (replicas.get("target") or {}).get("metric")
            if metric is not None and metric not in OWN and _is_range(replicas):
                yield Scaled(document, metric, (*path, "replicas", "target", "metric"))


def _is_range(replicas: Mapping[str, Any]) -> bool:
    """As `Replicas.is_range`."""
    counts = (replicas.get(name) for name in ("min", "count"))
    lowest = next((count for count in counts if count is not None), 1)
    return (replicas.get("max") or lowest) > lowest


def _not_labelled(scene: Scene, scaled: Scaled) -> Diagnostic:
    name = scaled.document.address
    message = f"no Monitor of this environment has {name} scraped, so nobody collects `{scaled.metric}`"
    hint = "add it to `watch` of a Monitor, or scale on cpu or memory"
    return _finding(scene, codes.METRIC_NOT_COLLECTED, scaled, message, hint)


def _adapted(scene: Scene, scaled: Scaled, *, watched: bool, scraped: bool) -> Iterator[Diagnostic]:
    """What the metrics adapter takes out of Prometheus. Where the Environment lists what it offers, that counts, and
    not who collects it. `watched`: a Monitor has this document, and says of its flags what there is to say; `scraped`:
    something acts on that."""
    document, (engine, _) = scaled.document, engine_of(scaled.document)
    name = ENGINE_METRICS.get((engine, scaled.metric))
    off = metrics_off(document, engine)
    offered = scene.environment.model.spec.monitoring.adapter_metrics
    where = scene.environment.address.name
    if name is None:
        return
    if off is not None and not watched:
        reason, path, hint = off
        message = f"{document.address} offers no metrics: {reason}; nothing would tell how many replicas are needed"
        flags = (Related("the engine's flags", scene.place(document.address, path)),)
        yield _finding(
            scene, codes_of_rendering.METRIC_NOT_EXPORTED, scaled, message, f"{hint}, or scale on cpu or memory", flags
        )
    elif offered and name not in offered:
        message = f"the metrics adapter of {where} offers no `{name}`, which `{scaled.metric}` is to it"
        listed = (Related("what it offers", scene.in_environment(("spec", "monitoring", "adapterMetrics"))),)
        hint = f"give the adapter a rule for `{name}` and add it to the list, or scale on cpu or memory"
        yield _finding(scene, codes_of_rendering.METRIC_NOT_EXPORTED, scaled, message, hint, listed)
    elif not offered and not scraped and scene.complete:
        message = f"no Monitor of {where} has {document.address} scraped, so the metrics adapter finds no `{name}`"
        hint = (
            f"watch it in a Monitor{_operator(scene)}; where something else scrapes it, list in "
            f"`monitoring: {{adapterMetrics: [{name}]}}` of the Environment what the adapter offers"
        )
        yield _finding(scene, codes_of_rendering.METRIC_NOT_EXPORTED, scaled, message, hint, severity=Severity.WARNING)


def _operator(scene: Scene) -> str:
    """What a Monitor needs to have anything scraped."""
    return " and set platform.monitoring" if scene.settings["platform"]["monitoring"] == "none" else ""


def _finding(
    scene: Scene,
    code: Code,
    scaled: Scaled,
    message: str,
    hint: str,
    related: tuple[Related, ...] = (),
    severity: Severity | None = None,
) -> Diagnostic:
    address = scaled.document.address
    at = scene.place(address, scaled.path)
    return Diagnostic(
        code, message, at=at, hint=hint, related=related, severity_override=severity, subject=str(address)
    )
