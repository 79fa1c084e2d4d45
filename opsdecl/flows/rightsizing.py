"""Notes about models that would fit on less: another GPU of the environment's pools, or fewer of the same."""

from collections.abc import Collection, Iterator

from opsdecl.addr import SpecAddress
from opsdecl.compile.costs import currency_of, price_of
from opsdecl.compile.roles import Role, path_in, roles_of
from opsdecl.compile.rollout import gpus_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes.fleet import CHEAPER_SHAPE
from opsdecl.diff.models import ModelRole
from opsdecl.fleet.cost import HOURS
from opsdecl.flows.build import Built
from opsdecl.flows.models import Models, role_name
from opsdecl.flows.project import place_of
from opsdecl.sizing.assess import gpu_of
from opsdecl.sizing.rightsizing import Offer, Shape, cheaper_shape


def cheaper_shapes(built: Built, models: Models, documents: Collection[SpecAddress]) -> Iterator[Diagnostic]:
    """Of the language models among them that fit. Without pools nobody knows what there is."""
    offers = tuple(_offers(built))
    for document in built.graph.documents if offers else ():
        if document.address in documents and document.address.kind == "LLM":
            for role in roles_of(document.effective["spec"]):
                yield from _cheaper(built, models, document, role, offers)


def _offers(built: Built) -> Iterator[Offer]:
    """Each GPU of the pools that has a price; of several pools the node with most of them counts."""
    settings, catalog = built.environment.effective["spec"], built.project.catalog
    pools = [pool for pool in settings["capacity"]["pools"].values() if "gpu" in pool and pool["sharing"] == 1]
    for name in sorted({pool["gpu"] for pool in pools}):
        gpu, price = gpu_of(catalog.gpu(name)), price_of({"gpu": name}, settings, catalog)
        if gpu is not None and price is not None:
            yield Offer(gpu, price.amount, max(pool["gpusPerNode"] for pool in pools if pool["gpu"] == name))


def _cheaper(
    built: Built, models: Models, document: CompiledDocument, role: Role, offers: tuple[Offer, ...]
) -> Iterator[Diagnostic]:
    effective, accelerator = {**document.effective, "spec": role.spec}, role.spec.get("accelerator")
    request = models.request(effective)
    price = price_of(accelerator, built.environment.effective["spec"], built.project.catalog) if accelerator else None
    whole = models.whole(effective)
    if request is None or price is None or whole.verdict != "fits" or whole.sizing is None:
        return
    now = price.amount * gpus_of(accelerator)
    shape = cheaper_shape(request, now, offers)
    if shape is not None:
        name = role_name(ModelRole(document.address, role.name))
        path = path_in(role.name, document.value.get("spec") or {}, ("spec", "accelerator", "gpu"))
        yield Diagnostic(
            CHEAPER_SHAPE,
            f"{name} would also fit on {shape.count} × {shape.gpu}: {_money(built, shape.per_hour)} "
            f"instead of {_money(built, now)} for a replica and month",
            at=place_of(built.graph, document.address, path),
            hint=_traded(shape, whole.sizing.cache.concurrency.point),
            subject=str(document.address),
        )


def _money(built: Built, per_hour: float) -> str:
    return f"{per_hour * HOURS:,.0f} {currency_of(built.environment.effective['spec'])}"


def _traded(shape: Shape, before: float) -> str:
    after = shape.sizing.cache.concurrency.point
    return f"{before:.1f} → {after:.1f} full-length requests at once, and other speed: measure before you move"
