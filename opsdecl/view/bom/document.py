"""A bill of materials as CycloneDX 1.6, in JSON or XML. The same bill gives the same bytes, whoever writes it when."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from opsdecl.addr import digest_of
from opsdecl.transparency.bill import Bill, Part
from opsdecl.transparency.model_card import model_card, weights_card
from opsdecl.view.bom.components import component, text

if TYPE_CHECKING:
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.dependency import Dependency

SPEC_VERSION = "1.6"
_NAMESPACE = "http://cyclonedx.org/schema/bom/1.6"
_ITEMS = {
    "datasets": "dataset",
    "inputs": "input",
    "outputs": "output",
    "performanceMetrics": "performanceMetric",
    "users": "user",
    "useCases": "useCase",
    "technicalLimitations": "technicalLimitation",
    "ethicalConsiderations": "ethicalConsideration",
    "properties": "property",
}
_AFTER_CARD = frozenset({"data", "cryptoProperties", "tags"})


def render_json(bill: Bill, made_at: datetime | None) -> str:
    """`made_at` None leaves the time out."""

    return json.dumps(_as_data(bill, made_at), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _as_data(bill: Bill, made_at: datetime | None) -> dict[str, Any]:
    from cyclonedx.output.json import JsonV1Dot6

    found: dict[str, Any] = json.loads(JsonV1Dot6(_bom(bill, made_at)).output_as_string())
    if made_at is None:
        del found["metadata"]["timestamp"]
    cards = _cards(bill)
    for each in found.get("components", ()):
        if each["bom-ref"] in cards:
            each["modelCard"] = cards[each["bom-ref"]]
    return {**found, "serialNumber": _serial(found)}


def _serial(found: Mapping[str, Any]) -> str:
    """A UUID of version 8 (RFC 9562: as the maker likes) out of everything else but the time."""
    rest = {name: value for name, value in found.items() if name not in ("serialNumber", "metadata")}
    digits = digest_of([rest, found["metadata"]["component"]]).partition(":")[2]
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def render_xml(bill: Bill, made_at: datetime | None) -> str:
    from cyclonedx.output.xml import XmlV1Dot6

    root = ElementTree.fromstring(XmlV1Dot6(_bom(bill, made_at)).output_as_string())
    metadata, components = root.find(_tag("metadata")), root.find(_tag("components"))
    if made_at is None and metadata is not None:
        metadata.remove(metadata.find(_tag("timestamp")))  # type: ignore[arg-type]
    root.set("serialNumber", _as_data(bill, made_at)["serialNumber"])
    cards = _cards(bill)
    for each in components if components is not None else ():
        if (card := cards.get(each.get("bom-ref", ""))) is not None:
            each.insert(_place(each), _element("modelCard", card))
    ElementTree.register_namespace("", _NAMESPACE)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _bom(bill: Bill, made_at: datetime | None) -> "Bom":
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository

    tool = Component(name="opsdecl", type=ComponentType.APPLICATION, version=bill.tool_version, bom_ref="tool:opsdecl")
    about = Component(
        name=text(f"{bill.project}/{bill.environment}"),
        type=ComponentType.APPLICATION,
        version=bill.digest,
        bom_ref=_about(bill),
    )
    metadata = BomMetaData(tools=ToolRepository(components=[tool]), component=about, timestamp=made_at)
    return Bom(
        components=[component(part) for part in bill.parts],
        metadata=metadata,
        dependencies=_dependencies(bill),
    )


def _about(bill: Bill) -> str:
    return text(f"environment:{bill.environment}")


def _dependencies(bill: Bill) -> "list[Dependency]":
    from cyclonedx.model.bom_ref import BomRef
    from cyclonedx.model.dependency import Dependency

    services = [part.ref for part in bill.parts if part.kind == "service" or not _is_needed(bill, part)]
    rows = {_about(bill): services, **{part.ref: part.needs for part in bill.parts}}
    return [
        Dependency(BomRef(text(ref)), [Dependency(BomRef(text(needed))) for needed in needs])
        for ref, needs in rows.items()
    ]


def _is_needed(bill: Bill, part: Part) -> bool:
    return any(part.ref in other.needs for other in bill.parts)


def _cards(bill: Bill) -> dict[str, dict[str, Any]]:
    """The library has no model cards yet, so they are put into what it writes."""
    found = {}
    for part in bill.parts:
        if part.kind in ("service", "weights", "adapter"):
            card = model_card(part.card) if part.card is not None else weights_card(part.weights)
            found[text(part.ref)] = _clean(card)
    return found


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _clean(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return text(value)


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


def _place(element: ElementTree.Element) -> int:
    """Before what the schema has after the card."""
    later = [index for index, child in enumerate(element) if child.tag.partition("}")[2] in _AFTER_CARD]
    return later[0] if later else len(element)


def _element(name: str, value: Any) -> ElementTree.Element:
    found = ElementTree.Element(_tag(name))
    if name == "property":
        found.set("name", value["name"])
        found.text = value["value"]
    elif isinstance(value, Mapping):
        found.extend([_element(inner, item) for inner, item in _children(value)])
    elif isinstance(value, list):
        found.extend([_element(_ITEMS[name], item) for item in value])
    else:
        found.text = value
    return found


def _children(value: Mapping[str, Any]) -> "list[tuple[str, Any]]":
    """`sensitiveData` is repeated in XML, where JSON has a list."""
    pairs = []
    for name, item in value.items():
        pairs += [(name, each) for each in item] if name == "sensitiveData" else [(name, item)]
    return pairs
