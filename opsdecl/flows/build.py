"""One environment of one tree: compiled, rendered, checked against schemas and policies."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl.addr import SpecAddress
from opsdecl.compile.environment import compile_environment
from opsdecl.compile.memo import Memo
from opsdecl.compile.types import CompiledDocument, Graph
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diff.models import ModelRole
from opsdecl.flows.idle_gates import idle_gates
from opsdecl.flows.models import Models, misfits
from opsdecl.flows.project import Project, place_of
from opsdecl.flows.recall import Objects, Shapes, Verdicts, remembered_names
from opsdecl.flows.trainings import Trainings, size_trainings, training_misfits
from opsdecl.render.schema_store import schemas_identity
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.sizing.types import Assessment


class Built(Struct, frozen=True):
    """An environment ready to be planned."""

    project: Project
    graph: Graph
    manifests: ManifestSet
    assessments: Mapping[ModelRole, Assessment] = field(default_factory=dict)
    """Of every language model; empty for a side that is not checked."""
    trainings: Trainings = field(default_factory=dict)
    """Of every fine-tuning on GPUs, the same."""

    @property
    def environment(self) -> CompiledDocument:
        return self.graph.environment


def build(
    project: Project,
    environment: str,
    *,
    target: str | None = None,
    memo: Memo | None = None,
    check: bool = True,
    today: date | None = None,
) -> Checked[Built]:
    """`check=False` leaves schemas and policies out, for a base that was checked when it was desired. Exceptions of
    policies hold by `today`."""
    memo = memo or Memo()
    objects, models = Objects(memo), Models(project.catalog, memo)
    compiled = compile_environment(
        project.specs,
        environment,
        project.catalog,
        target=target,
        memo=memo,
        known=objects.known,
        checkpoints=models.checkpoint_gib,
        schemas=schemas_identity(),
    )
    if compiled.value is None:
        return Checked(None, compiled.diagnostics)
    graph = compiled.value
    rendered = objects.render(graph)
    findings = compiled.diagnostics + rendered.diagnostics
    if rendered.value is None:
        return Checked(None, findings)
    models = models.within(graph.environment)
    assessments = models.all(graph.documents) if check else {}
    trainings = size_trainings(graph, models.shapes) if check else {}
    built = Built(project, graph, rendered.value, assessments, trainings)
    sized = (*misfits(graph, assessments), *training_misfits(graph, trainings))
    findings += (*sized, *idle_gates(project, graph), *check_built(built, memo, today)) if check else ()
    memo.save()
    return Checked(built, findings)


def check_built(built: Built, memo: Memo, today: date | None = None) -> tuple[Diagnostic, ...]:
    """What the objects' schemas and the environment's policies say; documents that are known to be right are left
    out."""
    policies = policies_of(built)
    found = _checked_documents(built, policies, memo, today)
    # Of the day, and not of documents: what is known of these stays known.
    return (*found, *(finding for policy in policies for finding in _exceptions(built, policy, today)))


def _exceptions(built: Built, policy: CompiledDocument, today: date | None) -> tuple[Diagnostic, ...]:
    if not has_exceptions(policy):
        return ()
    from opsdecl.policy.review import check_exceptions

    return tuple(check_exceptions(policy, built.environment.address.name, today, partial(place_of, built.graph)))


def has_exceptions(policy: CompiledDocument) -> bool:
    return bool((policy.effective.get("spec") or {}).get("exceptions"))


def _checked_documents(
    built: Built, policies: Sequence[CompiledDocument], memo: Memo, today: date | None
) -> tuple[Diagnostic, ...]:
    verdicts = Verdicts(built.graph, policies, memo)
    unknown = verdicts.unknown()
    if not unknown:
        return ()
    manifests = built.manifests.without({d.address for d in built.graph.documents} - unknown)
    version, place = built.environment.effective["spec"]["kubernetes"], partial(place_of, built.graph)
    schemas = examine_schemas(manifests, version, place, Shapes(memo))
    found = schemas.diagnostics + _judge(built, policies, unknown, manifests, today)
    wrong = {finding.subject for finding in found}
    # A finding about a policy is about all that it looks at.
    if wrong <= {str(address) for address in unknown - {policy.address for policy in policies}}:
        verdicts.keep({a for a in unknown if str(a) not in wrong and a not in schemas.unchecked})
    return found


def _judge(
    built: Built,
    policies: Sequence[CompiledDocument],
    some: Collection[SpecAddress],
    manifests: Sequence[Manifest],
    today: date | None,
) -> tuple[Diagnostic, ...]:
    """What the policies say of some documents and of their manifests."""
    if not policies:
        return ()
    from opsdecl.policy.evaluate import evaluate_policies

    documents = [document for document in built.graph.documents if document.address in some]
    objects = replace(built.manifests, manifests=manifests)
    return evaluate_policies(policies, documents, objects, built.environment, partial(place_of, built.graph), today)


def policies_at_work(built: Built, memo: Memo) -> frozenset[SpecAddress]:
    """Policies that look at something in this environment."""
    from opsdecl.policy.evaluate import matching_policies

    def look() -> frozenset[SpecAddress]:
        return matching_policies(policies_of(built), built.graph.documents, built.manifests, built.environment)

    return remembered_names(built.graph, "policies at work", look, memo)


def policies_of(built: Built) -> tuple[CompiledDocument, ...]:
    return tuple(d for d in built.graph.documents if d.address.kind == "Policy")


def for_target(built: Built, target: str) -> Built:
    """The same environment as a release of another of its targets: the objects are the same."""
    release = built.graph.release._replace(target=target)
    if release == built.graph.release:
        return built
    return replace(
        built, graph=replace(built.graph, release=release), manifests=replace(built.manifests, release=release)
    )
