"""A compiled document -> the resources that it becomes on the environment's platform."""

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from opsdecl.catalog.types import Catalog
from opsdecl.compile.compared import compared_with
from opsdecl.compile.evaluated import MEASURED_KINDS
from opsdecl.compile.lower.devices import with_claims
from opsdecl.compile.lower.jobset.job_set import lower_job_set
from opsdecl.compile.lower.kserve.group import lower_service_of_groups
from opsdecl.compile.lower.kserve.llm import lower_llm_service
from opsdecl.compile.lower.kserve.model import lower_inference_service
from opsdecl.compile.lower.kserve.split import lower_split_service
from opsdecl.compile.lower.kubeflow_trainer.train_job import lower_train_job
from opsdecl.compile.lower.kuberay.ray_job import lower_ray_job
from opsdecl.compile.lower.labels import labelled
from opsdecl.compile.lower.leader_worker_set.llm import lower_group
from opsdecl.compile.lower.monitoring.monitor import lower_monitor
from opsdecl.compile.lower.names import base_name, shorten
from opsdecl.compile.lower.native.dataset_cache import lower_with_cache
from opsdecl.compile.lower.native.evaluation import lower_evaluation
from opsdecl.compile.lower.native.llm import lower_llm
from opsdecl.compile.lower.native.maintenance import lower_maintenance
from opsdecl.compile.lower.native.model import lower_model
from opsdecl.compile.lower.native.training import lower_training
from opsdecl.compile.lower.prefill.native import lower_split
from opsdecl.compile.lower.routing.gateway_api import lower_route
from opsdecl.compile.lower.routing.inference import lower_inference_route
from opsdecl.compile.lower.subject import LoadedAdapter, Subject, UsedDataset
from opsdecl.compile.lower.tuning.job import lower_tuning_job
from opsdecl.compile.lower.tuning.katib import lower_experiment
from opsdecl.compile.roles import PREFILL
from opsdecl.compile.rollout import nodes_of
from opsdecl.compile.types import CompiledDocument, Resource
from opsdecl.compile.watched import WATCHED_KINDS, is_watched
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import render as codes

Lowering = Callable[[Subject], Checked[tuple[Resource, ...]]]

WITHOUT_OBJECTS = frozenset(("Project", "Environment", "Adapter", "Runtime", "Policy"))
"""Kinds that shape others and become no object themselves."""

LOWERINGS: Mapping[tuple[str, str], Lowering] = {
    ("native", "LLM"): lower_llm,
    ("native", "Model"): lower_model,
    ("native", "Monitor"): lower_monitor,
    ("kserve", "LLM"): lower_llm_service,
    ("kserve", "Model"): lower_inference_service,
    ("kserve", "Monitor"): lower_monitor,
    ("native leader-worker-set", "LLM"): lower_group,
    ("kserve leader-worker-set", "LLM"): lower_service_of_groups,
    ("native prefill", "LLM"): lower_split,
    ("kserve prefill", "LLM"): lower_split_service,
}
"""By what renders it and kind: `platform.serving`, with prefill pods, or with `platform.multiNode` for replicas over
several nodes."""

ROUTINGS: Mapping[str, Lowering] = {"gateway-api": lower_route, "inference-extension": lower_inference_route}
"""Of Routes, by `platform.routing`."""

RUNS: Mapping[str, Lowering] = {"Dataset": lower_with_cache, "Evaluation": lower_evaluation}
"""Kinds of runs that are the same on every platform."""

TRAININGS: Mapping[str, Lowering] = {
    "job": lower_training,
    "kubeflow-trainer": lower_train_job,
    "kuberay": lower_ray_job,
    "jobset": lower_job_set,
}
"""By `platform.training`."""

TUNINGS: Mapping[str, Lowering] = {"job": lower_tuning_job, "katib": lower_experiment}
"""By `platform.tuning`."""

ALIKE: Mapping[str, Lowering] = {**RUNS, "Maintenance": lower_maintenance}
"""Kinds that are the same whatever serves."""


def lower_document(
    document: CompiledDocument,
    environment: CompiledDocument,
    references: Mapping[str, CompiledDocument],
    catalog: Catalog,
    *,
    project: str,
    reckoned_gib: float | None = None,
    further: Mapping[str, CompiledDocument] | None = None,
    routes: Sequence[CompiledDocument] = (),
) -> Checked[tuple[Resource, ...]]:
    """`references` holds the documents behind the roots of `document.references` (`{"runtime": …}`). `reckoned_gib` is
    the size of weights that nobody says, where their shape is known. `further` are the documents behind the
    references of those, such as the datasets of a training that is searched. `routes` send requests
    to the document.

    Kinds without objects give `()`. Errors: a kind that the platform does not render, a name that no Service can have,
    and what the lowering of the kind finds.
    """
    kind = document.address.kind
    if kind in WITHOUT_OBJECTS:
        return Checked(())
    if kind == "Route":
        lower = ROUTINGS.get(environment.model.spec.platform.routing)
    else:
        lower = _run_lowering(kind, environment) or LOWERINGS.get((_renderer(document, environment), kind))
    subject = _subject(document, environment, references, catalog, project, further or {})
    subject = replace(subject, reckoned_gib=reckoned_gib, routes=_bases(routes))
    if lower is None:
        return Checked(None, (_not_rendered(subject),))
    if not subject.base[0].isalpha():
        return Checked(None, (_bad_name(subject),))
    lowered = lower(subject)
    if lowered.value is None:
        return lowered
    return Checked(with_claims(subject, lowered.value), lowered.diagnostics)


def _run_lowering(kind: str, environment: CompiledDocument) -> Lowering | None:
    """Of a kind of runs or one that is the same everywhere; None for other kinds."""
    platform = environment.model.spec.platform
    if kind == "Training":
        return TRAININGS[platform.training]
    return TUNINGS[platform.tuning] if kind == "Tuning" else ALIKE.get(kind)


def _bases(documents: Sequence[CompiledDocument]) -> tuple[str, ...]:
    return tuple(shorten(base_name(document.model.metadata)) for document in documents)


def _renderer(document: CompiledDocument, environment: CompiledDocument) -> str:
    """A platform that does not render the kind at all says so itself."""
    platform = environment.model.spec.platform
    spans = nodes_of(document.effective["spec"].get("accelerator"))
    if document.effective["spec"].get(PREFILL):
        return f"{platform.serving} {PREFILL}"
    joins = platform.multi_node != "none" and spans > 1
    return f"{platform.serving} {platform.multi_node}" if joins else str(platform.serving)


def _subject(
    document: CompiledDocument,
    environment: CompiledDocument,
    references: Mapping[str, CompiledDocument],
    catalog: Catalog,
    project: str,
    further: Mapping[str, CompiledDocument],
) -> Subject:
    metadata = document.model.metadata
    runtime, monitors = references.get("runtime"), document.address.kind == "Monitor"
    models = tuple(other for _, other in sorted(references.items()) if other.address.kind in WATCHED_KINDS)
    subject = Subject(
        document=document,
        project=project,
        environment_name=environment.address.name,
        environment=environment.model.spec,
        pools=environment.effective["spec"]["capacity"]["pools"],
        runtime=runtime.model.spec if runtime else None,
        catalog=catalog,
        base=shorten(base_name(metadata)),
        namespace=metadata.namespace or environment.model.spec.namespaces[0],
        adapters=tuple(
            LoadedAdapter(other.address.name, other.model.spec, root, other.effective.get("training", {}))
            for root, other in sorted(references.items())
            if other.address.kind == "Adapter"
        ),
        datasets=tuple(
            _used_dataset(other, root)
            for root, other in sorted({**references, **further}.items())
            if other.address.kind == "Dataset"
        ),
        measured={root: other for root, other in references.items() if other.address.kind in MEASURED_KINDS},
        searched=references.get("training") if document.address.kind == "Tuning" else None,
        watched=tuple(o for o in models if not monitors or is_watched(document, o)),
        asked=models if monitors else (),
    )
    return labelled(subject)


def _used_dataset(other: CompiledDocument, root: str) -> UsedDataset:
    base = shorten(base_name(other.model.metadata))
    return UsedDataset(other.address.name, other.model.spec, root, base, compared_with(other))


def _bad_name(subject: Subject) -> Diagnostic:
    metadata = subject.metadata
    field = "objectName" if metadata.object_name else "movedFrom" if metadata.moved_from else "name"
    return Diagnostic(
        codes.NAME_INVALID,
        f"`{subject.base}` begins with a digit, and the name of a Service begins with a letter",
        at=subject.place(("metadata", field)),
        hint="set metadata.objectName to a name that begins with a letter",
        subject=str(subject.document.address),
    )


def _not_rendered(subject: Subject) -> Diagnostic:
    platform, kind = subject.environment.platform, subject.document.address.kind
    setting = "routing" if kind == "Route" else "serving"
    chosen = platform.routing if kind == "Route" else platform.serving
    other = " or ".join(ROUTINGS) if kind == "Route" else "native"
    return Diagnostic(
        codes.NOT_RENDERED_HERE,
        f"platform.{setting} `{chosen}` of environment {subject.environment_name} renders no {kind}",
        at=subject.place(("metadata", "name")),
        hint=f"set platform.{setting} of the Environment to {other}",
        subject=str(subject.document.address),
    )
