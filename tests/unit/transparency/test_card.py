"""Model cards: what they say, that hubs can read their head, and that no text of people becomes anything but text."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from huggingface_hub import ModelCard as HubCard
from markdown_it import MarkdownIt

from opsdecl.flows.card import make_card
from opsdecl.flows.memory import Memory
from opsdecl.spec.source import MemoryTree
from opsdecl.transparency.types import ModelCard
from opsdecl.view.card import render_json, render_markdown
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import ROOT, built, example_tree

HOSTILE = (
    "# Heading\n\n- item\n\n1. one\n\n```\nfence\n\n---\n\n===\n\n<script>alert(1)</script> [link](javascript:x) "
    "![image](x) | cell | *bold* `code` {{ 7*7 }} @somebody &lt; \x1b[31m \u202e"
)
CHAT = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: llama-3.1-8b-instruct
  runtime: vllm
  weights: {source: {type: hub, token: {secret: hf, key: token}}}
  adapters: [legal]
  accelerator: {gpu: h100-80gb}
  engine: {maxModelLen: 8192, quantization: fp8}
  sizing: {level: warn, reason: measured on our own cards}
  card:
    summary: Answers questions.
    license: llama3.1
    riskClass: limited
    languages: [en, pt-BR]
    tags: [support]
    trainingData:
      - {name: tickets, uri: "hf://datasets/acme", license: cc-by-4.0, personalData: pseudonymised}
    evaluations:
      - {dataset: MMLU, metric: accuracy, value: 0.82, split: test, source: "https://acme.example/mmlu"}
    ethicalConsiderations:
      - {risk: Wrong advice., mitigation: A person reads it.}
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: legal, owner: team-law}
spec:
  base: llama-3.1-8b-instruct
  source: {type: hub, uri: "hf://acme/legal", revision: 0123456789abcdef0123456789abcdef01234567}
  rank: 16
  card: {license: apache-2.0}
"""


def card(name: str, text: str = CHAT) -> ModelCard:
    made = make_card(built(MemoryTree({**MINIMAL_PROJECT, "environments/dev/case.yaml": text}), "dev"), name)
    assert made.value is not None, made.diagnostics
    return made.value


def head(made: ModelCard) -> Mapping[str, Any]:
    """The front matter as the hub's own library reads it."""
    found: Mapping[str, Any] = HubCard(render_markdown(made)).data.to_dict()
    return found


def test_the_hubs_own_library_reads_the_head() -> None:
    found = head(card("LLM.chat"))
    assert found["license"] == "llama3.1"
    assert found["base_model"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert found["pipeline_tag"] == "text-generation"
    assert found["language"] == ["en", "pt-BR"]
    assert found["tags"] == ["support", "vllm"]
    assert HubCard(render_markdown(card("LLM.chat"))).data.eval_results[0].metric_value == 0.82


def test_a_licence_that_hubs_do_not_list_is_named_beside_other() -> None:
    text = CHAT.replace("license: llama3.1", 'license: "Acme: \\"internal\\"\\n---\\nx"')
    found = head(card("LLM.chat", text))
    assert (found["license"], found["license_name"]) == ("other", "acme-internal-x")


def test_an_adapter_names_its_base_and_its_relation() -> None:
    found = head(card("Adapter.legal"))
    assert (found["base_model"], found["base_model_relation"]) == ("meta-llama/Llama-3.1-8B-Instruct", "adapter")
    assert (found["library_name"], found["license"]) == ("peft", "apache-2.0")
    ancestors = [ancestor.uri for ancestor in card("Adapter.legal").composition.weights.ancestors]  # type: ignore[union-attr]
    assert ancestors == ["hf://meta-llama/Llama-3.1-8B-Instruct", "hf://meta-llama/Llama-3.1-8B"]


def test_what_is_declared_and_what_is_known_are_there() -> None:
    text = render_markdown(card("LLM.chat"))
    for expected in (
        "| owner | team-assist |",
        "`hf://meta-llama/Llama-3.1-8B-Instruct`",
        "`hf://meta-llama/Llama-3.1-8B`, relation finetune",
        "| quantisation | fp8 |",
        "**legal** `hf://acme/legal` @ `0123456789abcdef0123456789abcdef01234567`, rank 16",
        "| engine | vllm 0.11.0 |",
        "personal data: pseudonymised",
        "| MMLU (test) | accuracy | 0.82 | <https://acme.example/mmlu> |",
        "- Wrong advice. **Mitigation:** A person reads it.",
        "- `sizing.level`: measured on our own cards",
    ):
        assert expected in text
    assert "| memory | fits, " in text


def structure(text: str) -> list[str]:
    """Blocks and inline elements of a page, without the words in them."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inside = (child for token in tokens for child in token.children or ())
    return [
        t.tag or t.type for t in (*tokens, *inside) if t.type not in ("text", "softbreak", "inline", "text_special")
    ]


@pytest.mark.parametrize(
    ("field", "hostile"),
    [
        ("summary: Answers questions.", f"summary: {json.dumps(HOSTILE)}"),
        ("risk: Wrong advice.", f"risk: {json.dumps(HOSTILE)}"),
        ("name: tickets", f"name: {json.dumps(HOSTILE)}"),
        ("dataset: MMLU", f"dataset: {json.dumps(HOSTILE)}"),
        ("owner: team-assist", f"owner: {json.dumps(HOSTILE)}"),
    ],
)
def test_hostile_text_stays_text(field: str, hostile: str) -> None:
    page = render_markdown(card("LLM.chat", CHAT.replace(field, hostile)))
    usual = render_markdown(card("LLM.chat"))
    # More paragraphs at most: no heading, list, table cell, link, picture, code or HTML more than there was.
    body, expected = (structure(HubCard(text).text) for text in (page, usual))
    assert [tag for tag in body if tag != "p"] == [tag for tag in expected if tag != "p"]
    assert "7\\*7" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_json_is_as_published(jsonschema: Any) -> None:
    schema = json.loads((ROOT / "schemas" / "card.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for name in ("LLM.chat", "Adapter.legal"):
        validator.validate(json.loads(render_json(card(name))))
    wrong = json.loads(render_json(card("LLM.chat")))
    del wrong["composition"]["weights"]["revision"]
    assert not validator.is_valid(wrong)


POLICY = """\
---
apiVersion: opsdecl.dev/v1
kind: Policy
metadata: {name: house, owner: security}
spec:
  level: warn
  match: {kinds: [LLM]}
  rules:
    - {name: slo, expression: has(spec.slo), message: nothing is promised}
  exceptions:
    - {name: new, documents: ["LLM.ch*"], rules: [slo], until: "2027-01-31", owner: "team | a", reason: It is new.}
    - {name: gone, documents: [LLM.chat], until: "2026-01-31", owner: ben, reason: It was new.}
    - {name: other, documents: [LLM.mail], until: "2027-01-31", owner: ben, reason: It is another.}
    - {name: there, documents: [LLM.chat], environments: [prod], until: "2027-01-31", owner: ben, reason: Not here.}
"""


@pytest.mark.parametrize(("today", "holds"), [(date(2027, 1, 31), True), (date(2027, 2, 1), False)])
def test_a_card_names_the_exceptions_that_hold(jsonschema: Any, today: date, *, holds: bool) -> None:
    graph = built(MemoryTree({**MINIMAL_PROJECT, "environments/dev/case.yaml": CHAT + POLICY}), "dev")
    made = make_card(graph, "LLM.chat", Memory(today=today)).value
    assert made is not None
    page, (policy,) = render_markdown(made), json.loads(render_json(made))["policies"]
    row = {"name": "new", "rules": ["slo"], "until": "2027-01-31", "owner": "team | a", "reason": "It is new."}
    assert policy["exceptions"] == ([row] if holds else [])
    said = "- From rule slo of policy **house** until 2027-01-31, by team \\| a: It is new.\n- `sizing.level`"
    assert (said in page) is holds
    against = "excepted until 2027-01-31" if holds else "the exception by team | a expired on 2027-01-31"
    assert against in policy["findings"][0]
    schema = json.loads((ROOT / "schemas" / "card.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(render_json(made)))


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_document_of_the_example_has_a_card(environment: str) -> None:
    made = built(example_tree(), environment)
    names = [str(d.address) for d in made.graph.documents if d.address.kind in ("LLM", "Model", "Adapter")]
    assert names
    for name in names:
        found = make_card(made, name).value
        assert found is not None
        assert HubCard(render_markdown(found)).data.license


def test_an_unknown_name_suggests_the_nearest() -> None:
    missing = make_card(built(example_tree(), "prod"), "LLM.asistant")
    assert missing.value is None
    assert [(d.code.id, d.hint) for d in missing.diagnostics] == [("OD850", "did you mean `LLM.assistant`?")]
