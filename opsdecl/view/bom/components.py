"""Parts of a bill -> components of CycloneDX. All texts are freed of what XML cannot hold."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from opsdecl.transparency.bill import Part
from opsdecl.transparency.types import Ancestor, ModelCard
from opsdecl.view.cells import printable

if TYPE_CHECKING:
    from cyclonedx.model import ExternalReference, HashType, Property
    from cyclonedx.model.component import Component, ComponentType, Pedigree
    from cyclonedx.model.contact import OrganizationalEntity
    from cyclonedx.model.license import License
    from packageurl import PackageURL

HUB = "hf://"
_ON_PYPI = frozenset({"vllm", "sglang", "mlserver"})
_TYPES = {
    "service": "machine-learning-model",
    "weights": "machine-learning-model",
    "adapter": "machine-learning-model",
    "engine": "application",
    "image": "container",
    "template": "data",
    "data": "data",
}


def component(part: Part) -> "Component":
    from cyclonedx.model.component import Component

    return Component(
        name=text(part.name),
        type=_type(_TYPES[part.kind]),
        version=text(part.version) or None,
        bom_ref=text(part.ref),
        supplier=_supplier(part.owner),
        licenses=_licenses(part.license),
        hashes=_hashes(part.digest),
        purl=_purl(part),
        description=_described(part.card),
        pedigree=_pedigree(part),
        properties=_properties(part),
        components=tuple(_files(part)),
        external_references=_references(part),
    )


def text(value: str) -> str:
    """On one line, in characters that every format can hold."""
    return printable(" ".join(value.split()))


def _type(name: str) -> "ComponentType":
    from cyclonedx.model.component import ComponentType

    return ComponentType(name)


def _supplier(owner: str) -> "OrganizationalEntity | None":
    from cyclonedx.model.contact import OrganizationalEntity

    return OrganizationalEntity(name=text(owner)) if owner else None


def _licenses(name: str) -> "Iterable[License]":
    """By its SPDX id or as an expression of them, else by its name."""
    from cyclonedx.contrib.license.factories import LicenseFactory

    return (LicenseFactory().make_from_string(text(name)),) if name else ()


def _hashes(digest: str) -> "Iterable[HashType]":
    from cyclonedx.model import HashAlgorithm, HashType

    algorithm, _, content = digest.partition(":")
    return (HashType(alg=HashAlgorithm.SHA_256, content=content),) if algorithm == "sha256" and content else ()


def _purl(part: Part) -> "PackageURL | None":
    from packageurl import PackageURL

    if part.kind in ("weights", "adapter"):
        return hub_url(part.uri, part.version)
    if part.kind == "engine":
        return PackageURL("pypi", name=part.name, version=part.version) if part.name in _ON_PYPI else None
    if part.kind == "image":
        tag = {"tag": part.version} if part.version else {}
        more = {"repository_url": part.uri, **tag}
        return PackageURL("oci", name=part.name.lower(), version=part.digest or None, qualifiers=more)
    return None


def hub_url(uri: str, revision: str) -> "PackageURL | None":
    """`pkg:huggingface/org/name@commit`; None for what lies elsewhere."""
    from packageurl import PackageURL

    if not uri.startswith(HUB):
        return None
    organisation, _, name = uri.removeprefix(HUB).rpartition("/")
    return PackageURL("huggingface", namespace=organisation or None, name=name, version=revision.lower() or None)


def _described(card: ModelCard | None) -> str | None:
    said = (card.statements.summary or card.statements.intended_use) if card is not None else ""
    return text(said) or None


def _pedigree(part: Part) -> "Pedigree | None":
    from cyclonedx.model.component import Pedigree

    ancestors = part.weights.ancestors if part.weights is not None and part.kind != "service" else ()
    return Pedigree(ancestors=[_ancestor(part.ref, each) for each in ancestors]) if ancestors else None


def _ancestor(ref: str, ancestor: Ancestor) -> "Component":
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component

    return Component(
        name=text(ancestor.uri.rpartition("/")[2]),
        type=_type("machine-learning-model"),
        bom_ref=text(f"ancestor:{ancestor.uri}:{ref}"),
        purl=hub_url(ancestor.uri, ""),
        licenses=_licenses(ancestor.license),
        properties=[Property(name="opsdecl:relation", value=text(ancestor.relation))],
    )


def _properties(part: Part) -> "Iterable[Property]":
    from cyclonedx.model import Property

    known = {
        **_of_weights(part),
        **_of_run(part),
        **(_of_service(part.card) if part.kind == "service" and part.card else {}),
    }
    return [Property(name=f"opsdecl:{name}", value=text(value)) for name, value in known.items() if value]


def _of_weights(part: Part) -> Mapping[str, str]:
    weights = part.weights
    if weights is None:
        return {"uri": part.uri} if part.kind == "adapter" else {}
    parameters = str(weights.parameters) if weights.parameters else ""
    return {"uri": weights.uri, "location": weights.location, "format": weights.format, "parameters": parameters}


def _of_run(part: Part) -> Mapping[str, str]:
    """The run that made it; of data where it lies and whom it is about."""
    if part.kind == "data":
        return {"uri": part.uri, "personalData": part.personal_data}
    made = part.made
    if made is None:
        return {}
    return {"training": made.training, "run": made.run, "framework": made.framework, "method": made.method}


def _of_service(card: ModelCard) -> Mapping[str, str]:
    made, where = card.composition, card.operation
    settings = made.engine.settings if made.engine is not None else {}
    return {
        "environment": where.environment,
        "namespace": where.namespace,
        "gpu": f"{where.gpus} x {where.gpu}" if where.gpu else "",
        "quantization": made.quantization,
        **{f"sampling.{name}": json.dumps(value) for name, value in made.sampling.items()},
        **{
            f"setting.{name}": value if isinstance(value, str) else json.dumps(value)
            for name, value in settings.items()
        },
    }


def _files(part: Part) -> "Iterator[Component]":
    """Files of weights by their digests, where the catalogue has them."""
    from cyclonedx.model.component import Component

    for name, digest in (part.weights.files if part.weights is not None and part.kind != "service" else {}).items():
        yield Component(name=text(name), type=_type("file"), bom_ref=text(f"{part.ref}:{name}"), hashes=_hashes(digest))


def _references(part: Part) -> "Iterable[ExternalReference]":
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri

    link = part.card.statements.license_link if part.card is not None else ""
    return (ExternalReference(type=ExternalReferenceType.LICENSE, url=XsUri(link)),) if link else ()
