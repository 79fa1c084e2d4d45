"""Canaries that are judged by their metrics, against the Monitors that have these collected."""

from collections.abc import Iterator

from opsdecl.compile.monitors import scraped
from opsdecl.compile.scene import Scene
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import analysis as codes


def analyses(scene: Scene) -> Iterator[Diagnostic]:
    """Models whose series nobody labels as the questions expect them: a canary would wait for a person for ever."""
    if scene.settings["platform"]["rollouts"] != "argo-rollouts":
        return
    collected = scraped(scene)
    for document in scene.lasting():
        rollout = getattr(document.model.spec, "rollout", None)
        asked = rollout.asked if rollout is not None and rollout.strategy == "canary" else ()
        if asked and document.address not in collected:
            yield Diagnostic(
                codes.CANARY_NOT_SCRAPED,
                f"no Monitor of this environment has {document.address} scraped, so nothing is known of its canary",
                at=scene.place(document.address, ("spec", "rollout", *asked[0][0])),
                hint="add it to `watch` of a Monitor",
                subject=str(document.address),
            )
