"""Models that are scaled on a metric of their engine, against whatever hands that metric to the autoscaler."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from opsdecl.compile.lower.native.autoscaling import ENGINE_METRICS
from opsdecl.compile.monitors import metrics_off, scraped
from opsdecl.compile.roles import PREFILL
from opsdecl.compile.rollout import replicas_of
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.compile.watched import engine_of
from opsdecl.diag import Code, Diagnostic, Related, Severity, SpecPath
from opsdecl.diag.codes import platforms as codes
from opsdecl.diag.codes import render as codes_of_rendering

OWN = frozenset(("cpu", "memory"))
"""Metrics that Kubernetes measures itself."""
_NAMED = 3
"""Models that a finding about many points at beside the first."""


class Scaled(NamedTuple):
    """Pods of a document that are scaled on what their engine measures, and where the document says so."""

    document: CompiledDocument
    metric: str
    path: SpecPath


def scalers(scene: Scene) -> Iterator[Diagnostic]:
    """Errors: metrics that nobody labels as KEDA's query expects them, that the engine does not offer, or for which the
    metrics adapter has no rule. One warning for all that no document has collected."""
    platform, collected = scene.settings["platform"], scraped(scene)
    unheard: list[Scaled] = []
    for scaled in _on_engines(scene):
        watched = scaled.document.address in collected
        if platform["scaling"] == "keda" and not watched:
            yield _not_labelled(scene, scaled)
        elif platform["scaling"] == "hpa" and platform["metrics"] != "none" and _adapted_name(scaled) is not None:
            wrong = _not_offered(scene, scaled, watched=watched)
            unheard += [] if wrong or (watched and platform["monitoring"] != "none") else [scaled]
            yield from wrong
    offered = scene.environment.model.spec.monitoring.adapter_metrics
    if unheard and not offered and scene.complete:
        yield _unheard(scene, unheard)


def _on_engines(scene: Scene) -> Iterator[Scaled]:
    """Read from what was merged: to build the models of all documents again takes longer than all else here."""
    for document in scene.lasting():
        spec = document.effective["spec"]
        for role, path in ((spec, ("spec",)), (spec.get(PREFILL) or {}, ("spec", PREFILL))):
            replicas = role.get("replicas") or {}
            metric = (replicas.get("target") or {}).get("metric")
            lowest, highest = replicas_of(replicas)
            if metric is not None and metric not in OWN and highest > lowest:
                yield Scaled(document, metric, (*path, "replicas", "target", "metric"))


def _not_labelled(scene: Scene, scaled: Scaled) -> Diagnostic:
    name = scaled.document.address
    message = f"no Monitor of this environment has {name} scraped, so nobody collects `{scaled.metric}`"
    hint = "add it to `watch` of a Monitor, or scale on cpu or memory"
    return _finding(scene, codes.METRIC_NOT_COLLECTED, scaled, message, hint)


def _adapted_name(scaled: Scaled) -> str | None:
    """What the metric is to the adapter."""
    return ENGINE_METRICS.get((engine_of(scaled.document)[0], scaled.metric))


def _not_offered(scene: Scene, scaled: Scaled, *, watched: bool) -> tuple[Diagnostic, ...]:
    """What no Monitor could mend. Of the flags of a document that is `watched`, its Monitor says what there is to say.
    Where the Environment lists what the adapter offers, that counts."""
    document, name = scaled.document, _adapted_name(scaled)
    off = metrics_off(document, engine_of(document)[0]) if not watched else None
    offered = scene.environment.model.spec.monitoring.adapter_metrics
    if off is not None:
        reason, path, hint = off
        message = f"{document.address} offers no metrics: {reason}; nothing would tell how many replicas are needed"
        flags = (Related("the engine's flags", scene.place(document.address, path)),)
        hint = f"{hint}, or scale on cpu or memory"
        return (_finding(scene, codes_of_rendering.METRIC_NOT_EXPORTED, scaled, message, hint, flags),)
    if offered and name not in offered:
        where = scene.environment.address.name
        message = f"the metrics adapter of {where} offers no `{name}`, which `{scaled.metric}` is to it"
        listed = (Related("what it offers", scene.in_environment(("spec", "monitoring", "adapterMetrics"))),)
        hint = f"give the adapter a rule for `{name}` and add it to the list, or scale on cpu or memory"
        return (_finding(scene, codes_of_rendering.METRIC_NOT_EXPORTED, scaled, message, hint, listed),)
    return ()


def _unheard(scene: Scene, all_of_them: Sequence[Scaled]) -> Diagnostic:
    """One finding, however many models it touches: it has one cause, and one line of the Environment mends it."""
    first = all_of_them[0]
    names = sorted({str(_adapted_name(scaled)) for scaled in all_of_them})
    documents = tuple(dict.fromkeys(scaled.document.address for scaled in all_of_them))
    more = f" and {len(documents) - 1} more" if len(documents) > 1 else ""
    shown = ", ".join(f"`{name}`" for name in names)
    message = (
        f"no Monitor of {scene.environment.address.name} has {documents[0]}{more} scraped, so the metrics adapter "
        f"finds no {shown}"
    )
    hint = (
        f"watch {'them' if more else 'it'} in a Monitor{_operator(scene)}; where something else scrapes, list in "
        f"`monitoring: {{adapterMetrics: [{', '.join(names)}]}}` of the Environment what the adapter offers"
    )
    others = [scaled for scaled in all_of_them if scaled.document is not first.document][:_NAMED]
    related = tuple(Related("and this one", scene.place(other.document.address, other.path)) for other in others)
    return _finding(
        scene, codes_of_rendering.METRIC_NOT_EXPORTED, first, message, hint, related, severity=Severity.WARNING
    )


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
