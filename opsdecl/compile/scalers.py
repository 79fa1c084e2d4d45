"""Models that KEDA scales on a metric of their engine, against the Monitors that have it collected."""

from collections.abc import Iterator

from opsdecl.compile.monitors import watched_by
from opsdecl.compile.scene import Scene
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import platforms as codes

OWN = frozenset(("cpu", "memory"))
"""Metrics that Kubernetes measures itself."""


def scalers(scene: Scene) -> Iterator[Diagnostic]:
    """Models whose series nobody labels as KEDA's query expects them."""
    if scene.settings["platform"]["scaling"] != "keda":
        return
    monitors = [d for d in scene.documents.values() if d.address.kind == "Monitor" and d.model.spec.scrape.enabled]
    scraped = {document.address for monitor in monitors for document in watched_by(scene, monitor)}
    for document in scene.lasting():
        replicas = getattr(document.model.spec, "replicas", None)
        target = replicas.target if replicas is not None and replicas.is_range else None
        if target is not None and target.metric not in OWN and document.address not in scraped:
            yield Diagnostic(
                codes.METRIC_NOT_COLLECTED,
                f"no Monitor of this environment has {document.address} scraped, so nobody collects `{target.metric}`",
                at=scene.place(document.address, ("spec", "replicas", "target", "metric")),
                hint="add it to `watch` of a Monitor, or scale on cpu or memory",
                subject=str(document.address),
            )
