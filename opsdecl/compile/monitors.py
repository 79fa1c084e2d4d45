"""Monitors against the models that they watch: objectives that can be measured, metrics that exist, who scrapes."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.addr import SpecAddress
from opsdecl.catalog import engines
from opsdecl.compile.measured import measures
from opsdecl.compile.monitored_metrics import metrics_that_do_not_exist
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.compile.watched import engine_of, is_watched, objectives_in, signals_of
from opsdecl.diag import Code, Diagnostic, Place, Related, SpecPath
from opsdecl.diag.codes import analysis as codes_of_analysis
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.codes import render as codes_of_rendering
from opsdecl.diag.codes import spec as spec_codes
from opsdecl.spec.kinds.serving import Slo

LATENCIES: Mapping[str, str] = {"ttft": "ttft", "inter_token_latency": "interTokenLatency", "latency": "latency"}
"""Latencies of an `slo` by their names in the model and in documents."""


def monitors(scene: Scene) -> Iterator[Diagnostic]:
    """Each Monitor by itself, then all together."""
    found = [document for document in scene.documents.values() if document.address.kind == "Monitor"]
    for monitor in found:
        watched = watched_by(scene, monitor)
        if not watched:
            yield _nothing(scene, monitor)
        for document in watched:
            yield from _engine(scene, monitor, document)
            yield from _objectives(scene, monitor, document)
            yield from _behind_service(scene, monitor, document)
        yield from _overridden(scene, monitor, watched)
        yield from metrics_that_do_not_exist(scene, monitor, watched)
        yield from measures(scene, monitor, watched)
    yield from _scraped_twice(scene, found)
    yield from _scraped_by_nobody(scene, found)


def watched_by(scene: Scene, monitor: CompiledDocument) -> tuple[CompiledDocument, ...]:
    """The models that a Monitor refers to, those that compiled."""
    found = [scene.documents[a] for a in sorted(monitor.references.values()) if a in scene.documents]
    return tuple(document for document in found if is_watched(monitor, document))


def scraped(scene: Scene) -> frozenset[SpecAddress]:
    """Models whose series a Monitor of the environment has collected."""
    monitors = (d for d in scene.documents.values() if d.address.kind == "Monitor" and d.model.spec.scrape.enabled)
    return frozenset(document.address for monitor in monitors for document in watched_by(scene, monitor))


def place_of_watch(scene: Scene, monitor: CompiledDocument, document: CompiledDocument) -> Place:
    """Where a Monitor names a model, or the labels that chose it."""
    field = "llms" if document.address.kind == "LLM" else "models"
    names = monitor.effective["spec"]["watch"].get(field, ())
    if document.address.name in names:
        return scene.place(monitor.address, ("spec", "watch", field, names.index(document.address.name)))
    return scene.place(monitor.address, ("spec", "watch", "labels"))


def _nothing(scene: Scene, monitor: CompiledDocument) -> Diagnostic:
    labels = monitor.effective["spec"]["watch"].get("labels", {})
    shown = ", ".join(f"{name}: {value}" for name, value in labels.items())
    message = f"no LLM or Model of this environment has the labels `{shown}`"
    at = scene.place(monitor.address, ("spec", "watch", "labels"))
    hint = "correct them, or give a model the labels in its metadata"
    return _finding(codes.WATCHES_NOTHING, monitor, message, hint, at)


def _behind_service(scene: Scene, monitor: CompiledDocument, document: CompiledDocument) -> Iterator[Diagnostic]:
    """Models of which one Service does not reach every pod once."""
    scrape, platform = monitor.model.spec.scrape, scene.settings["platform"]
    if scrape.by != "service" or not scrape.enabled or platform["monitoring"] != "prometheus-operator":
        return
    why = ""
    if document.model.spec.rollout.strategy == "canary":
        why = "has two Services while a version comes by canary, and the first one does not reach the canary's pods"
    elif platform["serving"] == "kserve" and document.address.kind == "LLM":
        why = "gets its Service from KServe, by whose name and labels opsdecl does not find it"
    if why:
        at = scene.place(monitor.address, ("spec", "scrape", "by"))
        related = (Related("watched here", place_of_watch(scene, monitor, document)),)
        hint = "remove `by`, or watch this model in another Monitor"
        yield _finding(codes_of_analysis.NOT_BEHIND_SERVICE, monitor, f"{document.address} {why}", hint, at, related)


def _engine(scene: Scene, monitor: CompiledDocument, document: CompiledDocument) -> Iterator[Diagnostic]:
    engine, version = engine_of(document)
    at = place_of_watch(scene, monitor, document)
    if signals_of(engine, version) is None:
        message = (
            f"nothing is known of the metrics of {document.address}, whose engine is `{engine}`: it is not scraped"
        )
        hint = "use a Runtime of vllm, sglang, triton or mlserver, or watch something else"
        yield _finding(codes.ENGINE_NOT_WATCHED, monitor, message, hint, at)
    elif (off := metrics_off(document, engine)) is not None:
        flag, path, hint = off
        related = (Related("the engine's flags", scene.place(document.address, path)),)
        message = f"{document.address} offers no metrics: {flag}"
        yield _finding(codes.METRICS_OFF, monitor, message, hint, at, related)


def metrics_off(document: CompiledDocument, engine: str) -> tuple[str, SpecPath, str] | None:
    """Why an engine offers none, where a flag decides, the flags' place, and what to do."""
    own = {engines.plain_name(engine, k): v for k, v in _flags(document, "spec").items()} if engine else {}
    shared = {engines.plain_name(engine, k): v for k, v in _flags(document, "runtime").items()}
    flags = {**shared, **own}
    where: SpecPath = ("spec", "engine", "args") if own else ("runtime",)
    if engine == "vllm" and flags.get("disable-log-stats"):
        return "`disable-log-stats` is set", where, "remove the flag"
    if engine == "sglang" and not flags.get("enable-metrics"):
        return "SGLang measures only with `enable-metrics`", where, "set `args: {enable-metrics: true}` of the Runtime"
    return None


def _flags(document: CompiledDocument, root: str) -> Mapping[str, Any]:
    found: Any = document.effective.get(root, {})
    inner = found.get("engine", {}) if root == "spec" else found
    args = inner.get("args", {}) if isinstance(inner, Mapping) else {}
    return args if isinstance(args, Mapping) else {}


def _objectives(scene: Scene, monitor: CompiledDocument, document: CompiledDocument) -> Iterator[Diagnostic]:
    """Latencies that the engine has no histogram of. Of an unknown engine all is said already."""
    engine, version = engine_of(document)
    signals = signals_of(engine, version)
    if signals is None:
        return
    root = next(root for root, address in monitor.references.items() if address == document.address)
    fallback: Slo | None = monitor.model.spec.objectives.slo
    for slo, path in objectives_in(fallback, document, root):
        for field, name in LATENCIES.items():
            if getattr(slo, field) is not None and not signals.latency_of(name)[0]:
                message = f"the engine `{engine}` of {document.address} offers no histogram of `{name}`"
                promised = (Related("promised here", scene.place(monitor.address, (*path, name))),)
                at = place_of_watch(scene, monitor, document)
                hint = "nobody is told when this objective is missed; measure it where requests come in"
                yield _finding(codes.OBJECTIVE_NOT_MEASURED, monitor, message, hint, at, promised)


def _overridden(scene: Scene, monitor: CompiledDocument, watched: tuple[CompiledDocument, ...]) -> Iterator[Diagnostic]:
    """Objectives for models that say none, where each model says its own."""
    fallback: Slo | None = monitor.model.spec.objectives.slo
    names = {"availability": "availability", **LATENCIES}
    for field, name in names.items() if fallback is not None and watched else ():
        own = [document.model.spec.slo for document in watched]
        if getattr(fallback, field) is not None and all(slo and field in slo.model_fields_set for slo in own):
            path: SpecPath = ("spec", "objectives", "slo", name)
            message = f"`objectives.slo.{name}` has no effect here: every watched model has its own `slo.{name}`"
            yield _finding(spec_codes.NO_EFFECT, monitor, message, "remove it", scene.place(monitor.address, path))


def _scraped_twice(scene: Scene, found: list[CompiledDocument]) -> Iterator[Diagnostic]:
    """Two Monitors that have one model scraped: every number would be counted twice."""
    first: dict[object, CompiledDocument] = {}
    for monitor in found:
        if not monitor.model.spec.scrape.enabled:
            continue
        for document in watched_by(scene, monitor):
            other = first.setdefault(document.address, monitor)
            if other is not monitor:
                message = (
                    f"{other.address} has {document.address} scraped already, and what is scraped twice counts twice"
                )
                hint = "set `scrape: {enabled: false}` in one of them: both see what is scraped"
                related = (Related("watched here as well", place_of_watch(scene, other, document)),)
                at = place_of_watch(scene, monitor, document)
                yield _finding(codes.SCRAPED_TWICE, monitor, message, hint, at, related)


def _scraped_by_nobody(scene: Scene, found: list[CompiledDocument]) -> Iterator[Diagnostic]:
    """A Monitor that leaves the scraping to another one, and there is none."""
    collected = scraped(scene)
    for monitor in found:
        for document in watched_by(scene, monitor) if not monitor.model.spec.scrape.enabled else ():
            if document.address not in collected:
                message = (
                    f"no other Monitor has {document.address} scraped, so nothing would be known of it here either"
                )
                at = scene.place(monitor.address, ("spec", "scrape", "enabled"))
                related = (Related("watched here", place_of_watch(scene, monitor, document)),)
                hint = "remove `scrape.enabled`, or watch it in a Monitor that scrapes"
                yield _finding(codes_of_rendering.SCRAPED_BY_NOBODY, monitor, message, hint, at, related)


def _finding(
    code: Code,
    monitor: CompiledDocument,
    message: str,
    hint: str,
    at: Place,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    return Diagnostic(code, message, at=at, hint=hint, related=related, subject=str(monitor.address))
