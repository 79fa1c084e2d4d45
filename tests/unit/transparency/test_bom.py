"""Bills of materials: valid by the official schemas, complete, and the same bytes from the same specs."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion

from opsdecl.flows.bom import make_bill
from opsdecl.spec.source import MemoryTree
from opsdecl.transparency.bill import Bill
from opsdecl.view.bom.document import render_json, render_xml
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import built, example_tree
from tests.unit.transparency.test_card import CHAT, HOSTILE

pytestmark = pytest.mark.xdist_group("jsonschema")

WHEN = datetime(2026, 3, 1, 9, 12, tzinfo=UTC)
FILES = """\
models:
  llama-3.1-8b-instruct:
    uri: hf://meta-llama/Llama-3.1-8B-Instruct
    revision: 0e9e39f249a16976918f6564b8830bc894c89659
    license: llama3.1
    weightsGiB: 15
    maxPosition: 131072
    baseModels: ["hf://meta-llama/Llama-3.1-8B"]
    files: {model.safetensors: "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}
    asOf: 2026-11-01
    source: the hub
"""


def bill(text: str = CHAT, *names: str, **files: str) -> Bill:
    tree = MemoryTree({**MINIMAL_PROJECT, "environments/dev/case.yaml": text, "catalog/models.yaml": FILES, **files})
    made = make_bill(built(tree, "dev"), names)
    assert made.value is not None, made.diagnostics
    return made.value


def complaints(text: str, format_: str = "json") -> str:
    """What the validators of the CycloneDX library find, with the official schemas; empty where it is valid."""
    from cyclonedx.validation.json import JsonStrictValidator
    from cyclonedx.validation.xml import XmlValidator

    validator = (JsonStrictValidator if format_ == "json" else XmlValidator)(SchemaVersion.V1_6)
    found = validator.validate_str(text)
    return str(found) if found is not None else ""


def components(made: Bill) -> dict[str, dict[str, Any]]:
    return {each["bom-ref"]: each for each in json.loads(render_json(made, WHEN))["components"]}


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
@pytest.mark.parametrize("when", [WHEN, None], ids=["dated", "undated"])
def test_the_example_is_valid_by_the_official_schemas(environment: str, when: datetime | None) -> None:
    made = make_bill(built(example_tree(), environment), ()).value
    assert made is not None
    assert complaints(render_json(made, when)) == ""
    assert complaints(render_xml(made, when), "xml") == ""


def test_what_is_said_of_a_model_is_valid_too() -> None:
    text = render_json(bill(), WHEN)
    assert complaints(text) == ""
    assert complaints(render_xml(bill(), WHEN), "xml") == ""
    card = components(bill())["LLM.chat"]["modelCard"]
    assert card["modelParameters"]["datasets"] == [
        {
            "type": "dataset",
            "name": "tickets",
            "contents": {"url": "hf://datasets/acme"},
            "sensitiveData": ["personal data: pseudonymised"],
            "description": "Licence: cc-by-4.0.",
        }
    ]
    metrics = card["quantitativeAnalysis"]["performanceMetrics"]
    assert metrics == [{"type": "accuracy", "value": "0.82", "slice": "MMLU, test"}]
    assert card["considerations"]["ethicalConsiderations"] == [
        {"name": "Wrong advice.", "mitigationStrategy": "A person reads it."}
    ]


def test_the_validators_find_what_is_wrong() -> None:
    text = render_json(bill(), WHEN)
    assert "modelArchitektur" in complaints(text.replace('"modelArchitecture"', '"modelArchitektur"'))
    assert complaints(text.replace('"SHA-256"', '"SHA-257"'))
    assert complaints(render_xml(bill(), WHEN).replace("useCase", "useCaze").replace("task>", "tazk>"), "xml")


def test_weights_have_revision_digests_licence_and_ancestors() -> None:
    found = components(bill())
    weights = found["weights:hf://meta-llama/Llama-3.1-8B-Instruct:0e9e39f249a16976918f6564b8830bc894c89659"]
    assert weights["purl"] == (
        "pkg:huggingface/meta-llama/Llama-3.1-8B-Instruct@0e9e39f249a16976918f6564b8830bc894c89659"
    )
    assert weights["licenses"] == [{"license": {"name": "llama3.1"}}]
    assert weights["components"][0]["hashes"] == [{"alg": "SHA-256", "content": "f" * 64}]
    assert [each["purl"] for each in weights["pedigree"]["ancestors"]] == ["pkg:huggingface/meta-llama/Llama-3.1-8B"]


def test_an_adapter_is_there_once_with_its_base() -> None:
    found = components(bill())
    (adapter,) = [each for ref, each in found.items() if ref.startswith("adapter:")]
    assert adapter["purl"] == "pkg:huggingface/acme/legal@0123456789abcdef0123456789abcdef01234567"
    assert adapter["supplier"] == {"name": "team-law"}
    ancestors = [each["purl"].rpartition("/")[2] for each in adapter["pedigree"]["ancestors"]]
    assert ancestors == ["Llama-3.1-8B", "Llama-3.1-8B-Instruct"]
    needs = {each["ref"]: each.get("dependsOn", []) for each in json.loads(render_json(bill(), WHEN))["dependencies"]}
    assert adapter["bom-ref"] in needs["LLM.chat"]
    assert needs["environment:dev"] == ["LLM.chat"]


def test_images_are_those_of_the_rendered_pods_by_digest() -> None:
    made = make_bill(built(example_tree(), "prod"), ()).value
    assert made is not None
    images = [each for each in components(made).values() if each["type"] == "container"]
    pinned = {each["name"] for each in images if "@sha256:" in each["purl"] and each["hashes"][0]["alg"] == "SHA-256"}
    assert pinned == {"mlserver", "nemo-guardrails", "tritonserver", "vllm-openai"}
    # What prepares the files of classic models runs as well, and nobody said by which digest.
    assert {each["name"] for each in images} - pinned == {"storage-initializer"}


def test_opsdecl_is_the_tool() -> None:
    (tool,) = json.loads(render_json(bill(), WHEN))["metadata"]["tools"]["components"]
    assert tool["name"] == "opsdecl"


def test_the_same_specs_give_the_same_bytes_and_others_another_serial() -> None:
    documents = CHAT.split("---\n")
    assert render_json(bill(), WHEN) == render_json(bill("---\n".join(reversed(documents))), WHEN)
    assert render_xml(bill(), WHEN) == render_xml(bill("---\n".join(reversed(documents))), WHEN)
    serials = {json.loads(render_json(bill(), when))["serialNumber"] for when in (WHEN, None)}
    assert len(serials) == 1
    other = json.loads(render_json(bill(CHAT.replace("license: llama3.1", "license: mit")), WHEN))["serialNumber"]
    assert other not in serials


@pytest.mark.parametrize(
    "field", ["summary: Answers questions.", "license: llama3.1", "name: tickets", "risk: Wrong advice."]
)
def test_hostile_text_leaves_it_valid(field: str) -> None:
    made = bill(CHAT.replace(field, f"{field.partition(':')[0]}: {json.dumps(HOSTILE)}"))
    assert complaints(render_json(made, WHEN)) == ""
    assert complaints(render_xml(made, WHEN), "xml") == ""


def test_only_what_is_named_is_there() -> None:
    refs = {each["bom-ref"] for each in components(bill(CHAT, "Adapter.legal")).values()}
    assert refs == {"adapter:hf://acme/legal:0123456789abcdef0123456789abcdef01234567"}
