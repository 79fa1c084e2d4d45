"""What can only be seen over all documents of an environment: names, settings of the environment, unused variables."""

from collections.abc import Callable, Iterator

from opsdecl.addr import SpecAddress
from opsdecl.compile import capacity, pins, runs, sharing
from opsdecl.compile.adapters import adapters
from opsdecl.compile.analyses import analyses
from opsdecl.compile.attributed import attributed
from opsdecl.compile.costs import budget_exceeded
from opsdecl.compile.devices import devices
from opsdecl.compile.drift import drift
from opsdecl.compile.engine_flags import engine_flags
from opsdecl.compile.evaluations import evaluations
from opsdecl.compile.explained import explained
from opsdecl.compile.from_training import from_training
from opsdecl.compile.gateway_checks import checks_at_gateways
from opsdecl.compile.guardrails import checks_passed_by, judges
from opsdecl.compile.lower.names import group_name
from opsdecl.compile.maintained import maintained
from opsdecl.compile.monitors import monitors
from opsdecl.compile.node_caches import node_caches
from opsdecl.compile.nodes import nodes_too_few
from opsdecl.compile.partitions import partition_findings
from opsdecl.compile.prefill import prefill, prefill_unused
from opsdecl.compile.queued import queued
from opsdecl.compile.queues import owned_queues
from opsdecl.compile.quotas import quotas_exceeded
from opsdecl.compile.recipes import recipes
from opsdecl.compile.rollout import nodes_of
from opsdecl.compile.routes import routes
from opsdecl.compile.scalers import scalers
from opsdecl.compile.scene import Scene
from opsdecl.compile.searches import searches
from opsdecl.compile.secrets import secrets
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related, SpecPath
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.codes import groups


def check_environment(scene: Scene) -> tuple[Diagnostic, ...]:
    """All that takes more than one document to see, in the order of the table."""
    return tuple(finding for check in CHECKS for finding in check(scene))


def check_each(scene: Scene) -> tuple[Diagnostic, ...]:
    """What can be seen in one document, its environment and the catalogue: `scene` may lack any of the others."""
    return tuple(finding for check in CHECKS_OF_ONE for finding in check(scene))


def names_claimed_twice(scene: Scene) -> Iterator[Diagnostic]:
    """Two documents of one kind whose objects would have the same names in one namespace."""
    claimed: dict[tuple[str, str, str], CompiledDocument] = {}
    for document in scene.served():
        name, path = _object_name(document)
        key = (document.address.kind, document.effective["metadata"]["namespace"], name)
        first = claimed.setdefault(key, document)
        if first is not document:
            yield _claimed(scene, first, document, name, path)


def _object_name(document: CompiledDocument) -> tuple[str, SpecPath]:
    metadata = document.effective["metadata"]
    if "objectName" in metadata:
        return metadata["objectName"], ("metadata", "objectName")
    if metadata.get("movedFrom"):
        return metadata["movedFrom"][0], ("metadata", "movedFrom", 0)
    return document.address.name, ("metadata", "name")


def _claimed(scene: Scene, first: CompiledDocument, second: CompiledDocument, name: str, path: SpecPath) -> Diagnostic:
    _, first_path = _object_name(first)
    # The one that says so explicitly is the one to change.
    told, told_path, other, other_path = (
        (first, first_path, second, path) if path == ("metadata", "name") else (second, path, first, first_path)
    )
    return Diagnostic(
        codes.NAME_CLAIMED_TWICE,
        f"{told.address} and {other.address} would both name their objects `{name}`",
        at=scene.place(told.address, told_path),
        hint=f"give {told.address} another metadata.objectName",
        related=(Related(f"{other.address} has that name too", scene.place(other.address, other_path)),),
        subject=str(told.address),
    )


def group_names_taken(scene: Scene) -> Iterator[Diagnostic]:
    """Documents whose Service has the name that the pods of a group find each other by."""
    bases = {(_namespace(d), _object_name(d)[0]): d for d in scene.served()}
    for document in scene.served():
        if nodes_of(document.effective["spec"].get("accelerator")) > 1:
            name = group_name(_object_name(document)[0])
            other = bases.get((_namespace(document), name))
            if other is not None:
                yield Diagnostic(
                    groups.GROUP_NAME_TAKEN,
                    f"the Service `{name}` of {other.address} is in the way of the pods of {document.address}",
                    at=scene.place(other.address, _object_name(other)[1]),
                    hint=f"give {other.address} another metadata.objectName",
                    related=(
                        Related("it spans several nodes", scene.place(document.address, ("spec", "accelerator"))),
                    ),
                    subject=str(other.address),
                )


def _namespace(document: CompiledDocument) -> str:
    return str(document.effective["metadata"]["namespace"])


def moved_from_existing(scene: Scene) -> Iterator[Diagnostic]:
    """An earlier name that another document still has, or claims as its own earlier name."""
    moved: dict[tuple[str, str], CompiledDocument] = {}
    for document in scene.served():
        kind = document.address.kind
        for index, name in enumerate(document.effective["metadata"].get("movedFrom", ())):
            path: SpecPath = ("metadata", "movedFrom", index)
            existing = scene.documents.get(SpecAddress(kind, name))
            first = moved.setdefault((kind, name), document)
            if existing is not None and existing is not document:
                yield _moved(scene, document, path, existing, f"{existing.address} still exists")
            elif first is not document:
                yield _moved(scene, document, path, first, f"{first.address} was moved from `{name}` too")


def _moved(scene: Scene, document: CompiledDocument, path: SpecPath, other: CompiledDocument, why: str) -> Diagnostic:
    return Diagnostic(
        codes.MOVED_FROM_EXISTING,
        f"{document.address} cannot take over these objects: {why}",
        at=scene.place(document.address, path),
        hint=f"remove {other.address}, or this entry of `movedFrom`",
        related=(Related(str(other.address), scene.place(other.address, ("metadata", "name"))),),
        subject=str(document.address),
    )


def targets_collide(scene: Scene) -> Iterator[Diagnostic]:
    """Two git targets that write to the same folder of the same branch."""
    name = scene.environment.address.name
    first: dict[tuple[str, str, str], str] = {}
    for target, settings in scene.settings["targets"].items():
        if settings["type"] != "git":
            continue
        branch = settings.get("branch", f"rendered/{name}")
        where = (settings["remote"], branch, settings["folder"].strip("/"))
        if (other := first.setdefault(where, target)) != target:
            yield Diagnostic(
                codes.TARGETS_COLLIDE,
                f"the targets `{other}` and `{target}` both write to branch `{branch}` of `{settings['remote']}`",
                at=scene.in_environment(("spec", "targets", target)),
                hint="give one of them another branch or folder",
                related=(Related(f"target `{other}`", scene.in_environment(("spec", "targets", other))),),
                subject=str(scene.environment.address),
            )


def no_approvers(scene: Scene) -> Iterator[Diagnostic]:
    """A protected environment in which nobody approves anything."""
    if scene.settings["protected"] and not any(scene.settings["approvals"].values()):
        yield Diagnostic(
            codes.NO_APPROVERS,
            f"environment `{scene.environment.address.name}` is protected, and nobody approves changes to it",
            at=scene.in_environment(("spec", "protected")),
            hint="name groups: `approvals: {data-loss: [...], removal: [...], behaviour: [...]}`",
            subject=str(scene.environment.address),
        )


def unused_variables(scene: Scene) -> Iterator[Diagnostic]:
    """Variables of this environment's own document; inherited ones may be there for others."""
    if not scene.complete:
        return
    own = scene.environment.layers[-1].value.get("spec") or {}
    for name in own.get("variables") or {}:
        if not any(used[:2] == ("vars", name) for used in scene.used):
            yield Diagnostic(
                codes.UNUSED_VARIABLE,
                f"the variable `{name}` is used by no document of this environment",
                at=scene.environment.layers[-1].place(("spec", "variables", name), key=True),
                hint=f"use it as `${{{{ vars.{name} }}}}`, or remove it",
                subject=str(scene.environment.address),
            )


CHECKS: tuple[Callable[[Scene], Iterator[Diagnostic]], ...] = (
    names_claimed_twice,
    group_names_taken,
    moved_from_existing,
    capacity.gpus_without_room,
    quotas_exceeded,
    capacity.pools_too_small,
    nodes_too_few,
    budget_exceeded,
    pins.unpinned_images,
    adapters,
    judges,
    runs.data_elsewhere,
    drift,
    node_caches,
    evaluations,
    explained,
    attributed,
    from_training,
    recipes,
    searches,
    owned_queues,
    queued,
    maintained,
    monitors,
    scalers,
    analyses,
    secrets,
    routes,
    checks_at_gateways,
    prefill_unused,
    targets_collide,
    no_approvers,
    partition_findings,
    unused_variables,
)
"""A check is a row: it reads the scene and yields findings."""

CHECKS_OF_ONE: tuple[Callable[[Scene], Iterator[Diagnostic]], ...] = (
    pins.unpinned_models,
    pins.licenses_that_differ,
    pins.gated_without_token,
    runs.removed_on_branch,
    runs.unpinned_data,
    runs.steps_on_ray,
    runs.personal_data,
    runs.nothing_kept,
    runs.ends_with_a_node,
    engine_flags,
    prefill,
    devices,
    sharing.shared_gpus,
    sharing.shared_memory,
    checks_passed_by,
)
