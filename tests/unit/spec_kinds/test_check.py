"""Documents and what is found in them."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opsdecl.addr import format_path
from opsdecl.diag import Diagnostic, Place, SpecPath
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.check import check_document
from opsdecl.spec.fields import fields_of
from opsdecl.spec.kinds import KINDS

CHAT = """
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec:
  model: llama-3.1-8b-instruct
  runtime: vllm
"""


def place(path: SpecPath) -> Place:
    return Place("chat.yaml", 0, path)


def key_place(path: SpecPath) -> Place:
    return Place("chat.yaml", 0, path, "key")


def check(document: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    return check_document(document["kind"], document, place, key_place).diagnostics


def chat(spec: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(CHAT)
    document["spec"].update(yaml.safe_load(spec))
    return document


def found(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(d.code.id, at(d)) for d in check(document)]


def at(diagnostic: Diagnostic) -> str:
    assert isinstance(diagnostic.at, Place)
    return format_path(diagnostic.at.path)


def test_a_valid_document_gives_its_model() -> None:
    checked = check_document("LLM", yaml.safe_load(CHAT), place, key_place)
    assert checked.diagnostics == ()
    assert checked.value is not None
    assert checked.value.spec.runtime == "vllm"
    assert checked.value.spec.replicas.lowest == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_of_each_kind_are_valid(kind: str) -> None:
    for text in (KINDS[kind].example, *(example.text for example in KINDS[kind].further)):
        checked = check_document(kind, yaml.safe_load(text), place, key_place)
        assert checked.diagnostics == ()
        assert checked.value is not None


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_gives_back_what_was_written(kind: str) -> None:
    written = yaml.safe_load(KINDS[kind].example)
    checked = check_document(kind, written, place, key_place)
    assert checked.value is not None
    dumped = checked.value.model_dump(mode="json", exclude_unset=True)
    assert {key: dumped[key] for key in ("metadata", "spec")} == {key: written[key] for key in ("metadata", "spec")}


def test_all_errors_are_found_each_at_its_own_path() -> None:
    document = chat("""
      accelerator: {count: "8"}
      engine: {maxModelLen: 8k, dtype: bf16, env: {9x: "1"}}
      weights: {source: {type: hub, claim: x}}
      drain: {longestGeneration: 60}
      reolicas: {count: 2}
    """)
    assert sorted(found(document)) == [
        ("OD203", "spec.reolicas"),
        ("OD204", "spec.accelerator"),
        ("OD205", "spec.accelerator.count"),
        ("OD205", "spec.engine.maxModelLen"),
        ("OD206", "spec.engine.dtype"),
        ("OD209", "spec.weights.source.claim"),
        ("OD210", "spec.drain.longestGeneration"),
        ("OD220", 'spec.engine.env["9x"]'),
    ]


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ('engine: {maxModelLen: "8192"}', "remove the quotes: `8192`"),
        ("engine: {maxModelLen: 8k}", "write the number out: `8192` or `8000`"),
        ("engine: {maxModelLen: 8192.0}", "write `8192`"),
        ("engine: {enforceEager: 'true'}", "remove the quotes: `true`"),
        ("engine: {enforceEager: 1}", "write `true` or `false`"),
        ("engine: {env: {A: true}}", 'put it in quotes: `"true"`'),
        ("servedNames: chat", "write a list: `[chat]`"),
        ("weights: {source: {type: hub, token: x}}", "write a mapping: `{secret: …, key: …}`"),
        ("weights: {cache: {size: 60Gi}}", "add `type: emptyDir` or `type: pvc`"),
        ("weights: {cache: {type: nvme}}", "choose from none, emptyDir, hostPath, pvc"),
        ("weights: {cache: {type: emptydir}}", "did you mean `emptyDir`?"),
        ("maxModelLen: 1", "`maxModelLen` belongs to `engine`: move it there"),
        ("reolicas: {count: 1}", "did you mean `replicas`?"),
        ("slo:", "write a value, or remove the field"),
    ],
)
def test_hints_say_what_to_write(spec: str, hint: str) -> None:
    document = chat(spec)
    if spec == "slo:":
        document["spec"]["scheduling"] = None
        del document["spec"]["slo"]
    assert [d.hint for d in check(document)] == [hint]


def test_fields_are_found_by_their_name_and_values_by_their_place() -> None:
    parts = {d.at.part for d in check(chat("reolicas: 1")) if isinstance(d.at, Place)}
    assert parts == {"key"}
    parts = {d.at.part for d in check(chat("servedNames: 1")) if isinstance(d.at, Place)}
    assert parts == {"value"}


def test_an_unknown_kind_suggests_the_nearest() -> None:
    (diagnostic,) = check_document("LMM", {"kind": "LMM"}, place, key_place).diagnostics
    assert (diagnostic.code, diagnostic.hint) == (codes.UNKNOWN_KIND, "did you mean `LLM`?")


def test_findings_name_their_document() -> None:
    assert {d.subject for d in check(chat("replicas: {min: 3, max: 1}"))} == {"LLM.chat"}


def test_a_text_in_place_of_a_reference_is_not_repeated() -> None:
    document = chat("weights: {source: {type: hub, token: not-so-secret}}")
    assert not any("not-so-secret" in f"{d.message} {d.hint}" for d in check(document))


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("replicas: {min: 3, max: 1}", "OD224"),
        ("replicas: {count: 1, min: 1, max: 2}", "OD222"),
        ("replicas: {count: 1, target: {metric: cpu, value: 1}}", "OD231"),
        ("accelerator: {gpu: h100-80gb, count: 2}", "OD225"),
        ("parallelism: {expert: true}", "OD226"),
        ("weights: {offline: true}", "OD227"),
        ("weights: {cache: {type: pvc}}", "OD223"),
        ("rollout: {maxSurge: 0, maxUnavailable: 0}", "OD222"),
        ("drain: {longestGeneration: 0s}", "OD207"),
        ("scheduling: {tolerations: [{key: a, operator: Equal}]}", "OD204"),
        ("scheduling: {tolerations: [{key: a, value: b}]}", "OD222"),
        ("access: {from: [{}]}", "OD223"),
        ("slo: {ttft: {p50: 2s, p95: 1s}}", "OD224"),
        ("card: {riskClass: high, contacts: [a]}", "OD230"),
        ("engine: {args: {--tensor-parallel-size: 2}}", "OD235"),
        ("imagePullSecrets: [a, a]", "OD233"),
    ],
)
def test_rules_between_fields(wrong: str, expected: str) -> None:
    assert [code for code, _ in found(chat(wrong))] == [expected]


@pytest.mark.parametrize(
    "right",
    [
        "replicas: {min: 1, max: 3, target: {metric: cpu, value: 80}}",
        "replicas: {count: 0}",
        "{accelerator: {gpu: h100-80gb, count: 4}, parallelism: {tensor: 2, pipeline: 2}}",
        "weights: {offline: true, cache: {type: pvc, claim: filled}}",
        "{weights: {cache: {type: pvc, size: 1Gi, accessMode: ReadWriteOnce}}, replicas: {count: 1}}",
        "card: {riskClass: high, contacts: [a], intendedUse: b}",
        "drain: {longestGeneration: 1h}",
        "engine: {args: {seed: 0, hf-overrides: {a: 1}, middleware: [a, b]}}",
    ],
)
def test_what_the_rules_allow(right: str) -> None:
    assert found(chat(right)) == []


def test_an_error_elsewhere_does_not_hide_a_rule() -> None:
    assert found(chat("{replicas: {min: 3, max: 1}, engine: {dtype: bf16}}")) == [
        ("OD206", "spec.engine.dtype"),
        ("OD224", "spec.replicas.min"),
    ]


@pytest.mark.parametrize("wrong", ["count: '2'", "cuont: 2", "gpus: 2"])
def test_a_rule_keeps_silent_where_a_field_that_it_reads_is_wrong(wrong: str) -> None:
    document = chat(f"{{accelerator: {{gpu: h100-80gb, {wrong}}}, parallelism: {{tensor: 2}}}}")
    assert "OD225" not in {code for code, _ in found(document)}


def test_a_misspelt_mapping_silences_the_rules_about_it() -> None:
    document = chat("{accelerator: {gpu: h100-80gb, count: 2}, paralelism: {tensor: 2}}")
    assert found(document) == [("OD203", "spec.paralelism")]


def test_a_policy_looks_at_documents_or_objects() -> None:
    document = yaml.safe_load(KINDS["Policy"].example)
    document["spec"]["match"] = {"kinds": ["LLM"], "objects": ["Deployment"]}
    assert found(document) == [("OD222", "spec.match.objects")]
    document["spec"]["match"] = {}
    assert found(document) == [("OD223", "spec.match")]


def test_an_environment_must_add_up() -> None:
    document = yaml.safe_load(KINDS["Environment"].example)
    document["spec"]["capacity"]["quotas"] = {"asist": {"gpus": 1}}
    document["spec"]["capacity"]["pools"]["h100"]["reserve"] = 33
    document["spec"]["namespaces"] = ["assist", "assist"]
    document["spec"]["targets"]["main"].update({"argocd": {}, "flux": {}})
    assert sorted(found(document)) == [
        ("OD206", "spec.capacity.quotas.asist"),
        ("OD222", "spec.targets.main.flux"),
        ("OD224", "spec.capacity.pools.h100.reserve"),
        ("OD233", "spec.namespaces[1]"),
    ]


_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)

_FIELDS = st.sampled_from(sorted({str(field.path[1]) for kind in KINDS for field in fields_of(kind, ("spec",))}))


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(_FIELDS | _TEXT, _JSON, max_size=4))
def test_any_document_is_answered_in_our_own_words(kind: str, spec: dict[str, Any]) -> None:
    document = {"apiVersion": "opsdecl.dev/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}
    for diagnostic in check(document):
        assert diagnostic.code in codes.CODES
        said = diagnostic.message.replace("`pydantic`", "")  # a field that the document itself calls so
        assert not any(word in said for word in ("Input should", "pydantic", "\0"))
