"""Documents that cards and bills are about: found by name, and put together with what the environment knows of them."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from opsdecl.compile.answers import ANSWERING, answers_digest
from opsdecl.compile.roles import PREFILL, Values, by_role
from opsdecl.compile.rollout import replicas_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.transparency import NO_CARD
from opsdecl.diag.nearest import did_you_mean
from opsdecl.evidence.types import Stored
from opsdecl.flows.build import Built, policies_of
from opsdecl.flows.costs import monthly_cost
from opsdecl.flows.explanations import explanations_of
from opsdecl.flows.models import Models
from opsdecl.flows.project import place_of
from opsdecl.flows.targets import targets_of
from opsdecl.render.types import ManifestSet
from opsdecl.transparency.composition import DESCRIBED, compose, trained_on
from opsdecl.transparency.lineage import Library
from opsdecl.transparency.statements import deviations_of, statements_of
from opsdecl.transparency.types import Cost, Exempted, Fit, ModelCard, Operation, PolicyUse, PrefillPods


def find_described(built: Built, names: Sequence[str]) -> Checked[tuple[CompiledDocument, ...]]:
    """The documents of these names, in their order; all there are where none is named."""
    known = {str(d.address): d for d in built.graph.documents if d.address.kind in DESCRIBED}
    missing = [name for name in names if name not in known]
    if missing:
        return Checked(None, tuple(_missing(name, known, built.environment.address.name) for name in missing))
    return Checked(tuple(known[name] for name in names) if names else tuple(known.values()))


def _missing(name: str, known: Sequence[str] | dict[str, CompiledDocument], environment: str) -> Diagnostic:
    said = f"`{name[:100]}` is no LLM, Model or Adapter of {environment}"
    return Diagnostic(NO_CARD, said, hint=did_you_mean(name, known) or f"there are: {', '.join(known) or 'none'}")


def card_of(
    built: Built,
    document: CompiledDocument,
    models: Models,
    evidence: Sequence[Stored] = (),
    today: date | None = None,
) -> ModelCard:
    """Everything that is declared and known of a document in this environment, and what evidence explains of it.
    Exceptions of policies hold by `today`."""
    effective, digest = document.effective, _digest(document)
    statements = statements_of(document.address.kind, effective)
    composition = compose(document.address, effective, document.references, Library(built.project.catalog))
    statements = replace(statements, training_data=(*statements.training_data, *trained_on(composition)))
    published = composition.weights.license if composition.weights else ""
    return ModelCard(
        address=str(document.address),
        name=document.address.name,
        project=built.graph.release.project,
        digest=digest,
        owner=effective["metadata"].get("owner", ""),
        license=statements.license or published,
        published_license=published,
        statements=statements,
        composition=composition,
        operation=_operation(built, document, models),
        explained_by=(effective["spec"].get("explain") or {}).get("attribution", ""),
        explanations=explanations_of(digest, evidence),
        policies=tuple(_policies(built, document, today)),
        exceptions=deviations_of(effective),
    )


def _digest(document: CompiledDocument) -> str:
    kind = document.address.kind
    return answers_digest(kind, document.effective, document.references) if kind in ANSWERING else ""


def _operation(built: Built, document: CompiledDocument, models: Models) -> Operation:
    environment, spec = built.environment.address.name, document.effective["spec"]
    if document.address.kind == "Adapter":
        return Operation(environment=environment, targets=targets_of(built))
    accelerator, cost = spec.get("accelerator") or {}, monthly_cost(built, document.effective)
    return Operation(
        environment=environment,
        targets=targets_of(built),
        namespace=document.effective["metadata"]["namespace"],
        gpu=accelerator.get("gpu", ""),
        gpus=accelerator.get("count", 0),
        replicas=replicas_of(spec.get("replicas", {})),
        objectives=dict(_objectives(spec.get("slo") or {})),
        callers=tuple(_callers(spec.get("access"), document.effective["metadata"]["namespace"])),
        fit=_fit(document.effective, models) if document.address.kind == "LLM" else None,
        prefill=_prefill(document, models),
        monthly_cost=Cost(cost.floor, cost.expected, cost.ceiling, cost.currency) if cost else None,
    )


def _objectives(slo: dict[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in slo.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{percentile}", str(bound)) for percentile, bound in value.items())
        else:
            yield name, str(value)


def _callers(access: dict[str, list[dict[str, dict[str, str]]]] | None, own: str) -> Iterator[str]:
    """As a person would name them: `namespace storefront`, `pods app=web in storefront`."""
    if access is None:
        yield f"namespace {own}"
        return
    for peer in access["from"]:
        labels = ",".join(f"{key}={value}" for key, value in peer.get("labels", {}).items())
        namespace = peer.get("namespace", own)
        yield f"pods {labels} in {namespace}" if labels else f"namespace {namespace}"


def _prefill(document: CompiledDocument, models: Models) -> PrefillPods | UnsetType:
    effective = by_role(document.effective).get(PREFILL)
    if effective is None:
        return UNSET
    accelerator = effective["spec"].get("accelerator") or {}
    return PrefillPods(
        gpu=accelerator.get("gpu", ""),
        gpus=accelerator.get("count", 0),
        replicas=replicas_of(effective["spec"]["replicas"]),
        fit=_fit(effective, models),
    )


def _fit(effective: Values, models: Models) -> Fit:
    found = models.whole(effective)
    sizing = found.sizing
    if sizing is None:
        return Fit(verdict=found.verdict or "", reason=found.reason)
    return Fit(
        verdict=sizing.verdict,
        weights_gib=round(sizing.memory.weights.point, 1),
        kv_tokens=int(sizing.cache.tokens.point),
        full_length_requests=round(sizing.cache.concurrency.point, 1),
        max_model_len=sizing.requested_length,
    )


def _policies(built: Built, document: CompiledDocument, today: date | None) -> Iterator[PolicyUse]:
    """Policies that look at the document or at its objects, with what they say."""
    from opsdecl.policy.evaluate import evaluate_policies, matching_policies
    from opsdecl.policy.select import read_policy

    own = _objects_of(built, document)
    for policy in policies_of(built):
        if policy.address in matching_policies([policy], [document], own, built.environment):
            place = partial(place_of, built.graph)
            found = evaluate_policies([policy], [document], own, built.environment, place, today)
            read = read_policy(policy)
            level, about = "deny" if read.denies else "warn", "objects" if read.over_objects else "document"
            said, excepted = tuple(d.message for d in found), tuple(_exempted(built, policy, document, today))
            yield PolicyUse(policy.address.name, level, about, read.description, said, excepted)


def _exempted(
    built: Built, policy: CompiledDocument, document: CompiledDocument, today: date | None
) -> Iterator[Exempted]:
    """Exceptions that hold for it today, whether it needs them or not."""
    from opsdecl.policy.exceptions import in_force, names, read_exemptions

    for each in read_exemptions(policy.address, policy.effective):
        holds = today is not None and today <= each.until and in_force(each, built.environment.address.name)
        if holds and names(each, document.address):
            yield Exempted(
                name=each.name, rules=each.rules, until=str(each.until), owner=each.owner, reason=each.reason
            )


def _objects_of(built: Built, document: CompiledDocument) -> ManifestSet:
    others = {each.address for each in built.graph.documents} - {document.address}
    return replace(built.manifests, manifests=built.manifests.without(others))
