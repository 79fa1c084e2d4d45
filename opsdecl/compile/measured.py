"""Measures of Monitors against what they read and tell of: models, datasets, judges, and where the numbers go."""

from collections.abc import Iterator, Mapping, Sequence

from opsdecl.addr import SpecAddress
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, Related, SpecPath
from opsdecl.diag.codes import drift as codes_of_drift
from opsdecl.diag.codes import evaluation as codes_of_evaluation
from opsdecl.diag.codes import measures as codes
from opsdecl.diag.codes import runs as codes_of_runs
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.dataset_checks import Column, ColumnType, family_of
from opsdecl.spec.kinds.measure import CurrentData, DriftMethod, Measure, ReferenceData
from opsdecl.spec.kinds.serving import Access

METRICS: Mapping[str, str] = {
    "data-drift": "opsdecl_data_drift",
    "prediction-drift": "opsdecl_prediction_drift",
    "answer-quality": "opsdecl_answer_quality",
}
"""Metric of each thing that is measured, as the programs of measures push it."""


def model_of(measure: Measure, watched: Sequence[CompiledDocument]) -> CompiledDocument | None:
    """The watched model that a measure is about; None where it names none of them, or there are several to choose."""
    named = [("LLM", measure.llm), ("Model", measure.model)]
    wanted = [SpecAddress(kind, name) for kind, name in named if name is not None]
    fitting = [document for document in watched if not wanted or document.address in wanted]
    return fitting[0] if len(fitting) == 1 else None


def measures(scene: Scene, monitor: CompiledDocument, watched: Sequence[CompiledDocument]) -> Iterator[Diagnostic]:
    chosen: Sequence[Measure] = monitor.model.spec.measures
    known = [measure.name for measure in chosen]
    for index, alert in enumerate(monitor.model.spec.alerts):
        if alert.measure is not None and alert.measure not in known:
            message = f"{monitor.address} has no measure `{alert.measure}`"
            hint = did_you_mean(alert.measure, known) or f"it has: {', '.join(known) or 'none'}"
            yield _finding(scene, codes.NOT_MEASURED, monitor, ("spec", "alerts", index, "measure"), message, hint)
    if chosen and not (scene.settings.get("monitoring") or {}).get("pushgateway"):
        message = f"environment {scene.environment.address.name} names no Pushgateway, so nobody would hear of it"
        hint = "add `monitoring: {pushgateway: http://pushgateway.monitoring:9091}` to the Environment"
        yield _finding(scene, codes.NOWHERE_TO_PUSH, monitor, ("spec", "measures"), message, hint)
    for index, measure in enumerate(chosen):
        yield from _model(scene, monitor, (measure, index), watched)
        yield from _data(scene, monitor, (measure, index))
        yield from _columns(scene, monitor, (measure, index))
        yield from _judge(scene, monitor, (measure, index))


def _model(
    scene: Scene, monitor: CompiledDocument, listed: tuple[Measure, int], watched: Sequence[CompiledDocument]
) -> Iterator[Diagnostic]:
    measure, index = listed
    if not watched or model_of(measure, watched) is not None:
        return
    names = ", ".join(str(document.address) for document in watched)
    path: SpecPath = ("spec", "measures", index)
    field = "llm" if measure.llm is not None else "model" if measure.model is not None else ""
    if field:
        name = SpecAddress("LLM" if field == "llm" else "Model", getattr(measure, field))
        message = f"`{measure.name}` is about {name}, which {monitor.address} does not watch"
        yield _finding(scene, codes.NOT_MEASURED, monitor, (*path, field), message, f"it watches: {names}")
    else:
        message = f"nothing says which of {len(watched)} watched models `{measure.name}` is about"
        hint = f"add `llm: …` or `model: …`; watched are: {names}"
        yield _finding(scene, codes.NOT_MEASURED, monitor, (*path, "name"), message, hint)


def _data(scene: Scene, monitor: CompiledDocument, listed: tuple[Measure, int]) -> Iterator[Diagnostic]:
    measure, index = listed
    here = monitor.effective["metadata"]["namespace"]
    sides: tuple[tuple[str, CurrentData | ReferenceData | None], ...]
    sides = (("current", measure.current), ("reference", measure.reference))
    for side, told in sides:
        if told is None:
            continue
        path: SpecPath = ("spec", "measures", index, side)
        used = scene.documents.get(SpecAddress("Dataset", told.dataset or ""))
        if used is None:
            continue
        splits, there = used.model.spec.splits, used.effective["metadata"]["namespace"]
        if told.split is not None and told.split not in splits:
            message = f"{used.address} has no split `{told.split}`"
            hint = did_you_mean(told.split, splits) or f"it has: {', '.join(splits) or 'none'}"
            yield _finding(scene, codes_of_evaluation.UNKNOWN_SPLIT, monitor, (*path, "split"), message, hint)
        if there != here:
            message = f"{used.address} lies in namespace `{there}`, and {monitor.address} runs in `{here}`"
            hint = f"set metadata.namespace of one of them to that of the other, such as `{there}`"
            where = (Related("the dataset", scene.place(used.address, ("metadata", "namespace"))),)
            yield _finding(scene, codes_of_runs.DATA_ELSEWHERE, monitor, (*path, "dataset"), message, hint, where)


def _columns(scene: Scene, monitor: CompiledDocument, listed: tuple[Measure, int]) -> Iterator[Diagnostic]:
    """Against the schema of the reference, where that says which columns it has. Alerts may look at other methods than
    the measure's, so a column that this tells nothing of is no mistake, unless it tells nothing of any."""
    measure, index = listed
    named = measure.reference.dataset if measure.reference is not None else ""
    used = scene.documents.get(SpecAddress("Dataset", named))
    schema: Mapping[str, Column] = used.model.spec.schema_ if used is not None else {}
    if used is None or not schema:
        return
    path: SpecPath = ("spec", "measures", index)
    where = (Related("the reference", scene.place(used.address, ("spec", "schema"))),)
    missing = [(at, name) for at, name in enumerate(measure.columns) if name not in schema]
    for at, name in missing:
        message = f"{used.address} has no column `{name}`"
        hint = did_you_mean(name, schema) or f"its schema has: {', '.join(schema)}"
        yield _finding(scene, codes_of_drift.OTHER_COLUMNS, monitor, (*path, "columns", at), message, hint, where)
    compared = measure.columns or tuple(schema)
    if not missing and not any(_tells(measure.method, schema[name].type) for name in compared):
        message = f"`{measure.method}` tells nothing of any of these columns: {', '.join(compared)}"
        hint = "use another method, such as psi"
        yield _finding(scene, codes_of_drift.OTHER_STATISTIC, monitor, (*path, "method"), message, hint, where)


def _tells(method: DriftMethod, column: ColumnType) -> bool:
    """To a measure, times are values as any others."""
    return method == "psi" or (method == "chi2") == (family_of(column) != "number")


def _judge(scene: Scene, monitor: CompiledDocument, listed: tuple[Measure, int]) -> Iterator[Diagnostic]:
    measure, index = listed
    judge = scene.documents.get(SpecAddress("LLM", measure.judge.llm)) if measure.judge is not None else None
    if judge is None or not scene.settings["networkPolicy"]["enabled"]:
        return
    access: Access | None = judge.model.spec.access
    here, there = (document.effective["metadata"]["namespace"] for document in (monitor, judge))
    if not _lets_in(access, there, here):
        message = f"{judge.address} in namespace `{there}` lets in no pods of `{here}`, where `{measure.name}` runs"
        hint = f"add `{{namespace: {here}}}` to `access.from` of {judge.address}"
        path: SpecPath = ("spec", "measures", index, "judge", "llm")
        where = (Related("the judge", scene.place(judge.address, ("spec", "access"))),)
        yield _finding(scene, codes.JUDGE_OUT_OF_REACH, monitor, path, message, hint, where)


def _lets_in(access: Access | None, there: str, here: str) -> bool:
    """By namespace; which pods a peer's labels choose there is for whoever wrote them."""
    if access is None:
        return there == here
    return any((peer.namespace or there) == here for peer in access.from_)


def _finding(
    scene: Scene,
    code: Code,
    monitor: CompiledDocument,
    path: SpecPath,
    message: str,
    hint: str,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    at = scene.place(monitor.address, path)
    return Diagnostic(code, message, at=at, hint=hint, related=related, subject=str(monitor.address))
