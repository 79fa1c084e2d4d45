"""What policies find, where they point, and what becomes of policies that are wrong themselves."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsdecl.addr import Address, ObjectKey, Release, SpecAddress, digest_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Place, Severity, SpecPath
from opsdecl.policy.evaluate import evaluate_policies, matching_policies, report_idle
from opsdecl.render.types import Manifest, ManifestSet


def document(kind: str, name: str, spec: Mapping[str, Any], **metadata: Any) -> CompiledDocument:
    value = {"metadata": {"name": name, **metadata}, "spec": dict(spec)}
    return CompiledDocument(SpecAddress(kind, name), None, value, value, (), {}, digest_of(value))


def policy(*rules: Mapping[str, Any], level: str = "deny", match: Mapping[str, Any] | None = None) -> CompiledDocument:
    named = [{"name": f"rule-{index}", **rule} for index, rule in enumerate(rules, 1)]
    spec = {"level": level, "description": "Because.", "match": match or {"kinds": ["LLM"]}, "rules": named}
    return document("Policy", "house", spec)


def manifest(kind: str, name: str, data: Mapping[str, Any], origins: Mapping[SpecPath, SpecPath]) -> Manifest:
    key = ObjectKey("apps/v1", kind, "assist", name)
    full = {"kind": kind, "metadata": {"name": name, "namespace": "assist"}, **data}
    return Manifest(Address(SpecAddress("LLM", name), "main", kind.lower()), key, "", full, origins)


def place(address: SpecAddress, path: SpecPath) -> Place:
    return Place(f"{address}.yaml", 0, path)


def judge(
    policies: list[CompiledDocument], documents: list[CompiledDocument], manifests: tuple[Manifest, ...] = ()
) -> tuple[Diagnostic, ...]:
    release = Release("acme", "prod", "main")
    environment = document("Environment", "prod", {"protected": True, "platform": {"scaling": "hpa"}})
    return evaluate_policies(policies, documents, ManifestSet(release, manifests, ()), environment, place)


OWNER = {"expression": "has(metadata.owner) && metadata.owner != ''", "message": "`${name}` has no owner"}
SMALL = document("LLM", "chat", {"replicas": {"min": 1, "max": 9}}, namespace="assist", labels={"tier": "gold"})


def test_a_denied_document_is_an_error_in_the_rules_words_with_value_and_place() -> None:
    rule = {"expression": "spec.replicas.min >= 2", "message": "`${name}` runs ${spec.replicas.min} replica"}
    (found,) = judge([policy(rule)], [SMALL])
    assert (found.code.id, found.severity) == ("OD801", Severity.ERROR)
    assert found.message == "`chat` runs 1 replica (LLM.chat: `spec.replicas.min` is 1)"
    assert found.at == Place("LLM.chat.yaml", 0, ("spec", "replicas", "min"))
    assert found.subject == "LLM.chat"
    assert found.related[0].message == "rule `rule-1` of policy `house`: Because"
    assert found.related[0].at == Place("Policy.house.yaml", 0, ("spec", "rules", 0, "expression"))


def test_warn_warns() -> None:
    (found,) = judge([policy(OWNER, level="warn")], [SMALL])
    assert (found.code.id, found.severity) == ("OD802", Severity.WARNING)
    assert "`metadata.owner` is not set" in found.message


def test_a_document_that_keeps_the_rule_is_silent() -> None:
    owned = document("LLM", "chat", {}, owner="team-assist")
    assert judge([policy(OWNER)], [owned]) == ()


def test_a_field_that_is_null_is_not_there() -> None:
    (found,) = judge([policy(OWNER)], [document("LLM", "chat", {}, owner=None)])
    assert found.code.id == "OD801"


@pytest.mark.parametrize(
    ("match", "selected"),
    [
        ({"kinds": ["LLM"]}, True),
        ({"kinds": ["Model"]}, False),
        ({"kinds": ["LLM"], "environments": ["prod"]}, True),
        ({"kinds": ["LLM"], "environments": ["dev"]}, False),
        ({"kinds": ["LLM"], "labels": {"tier": "gold"}}, True),
        ({"kinds": ["LLM"], "labels": {"tier": "iron"}}, False),
        ({"kinds": ["LLM"], "labels": {"tier": "gold", "zone": "a"}}, False),
        ({"namespaces": ["assist"]}, True),
        ({"namespaces": ["risk"]}, False),
    ],
)
def test_match_selects(match: Mapping[str, Any], selected: bool) -> None:
    assert bool(judge([policy(OWNER, match=match)], [SMALL])) is selected


def test_policies_and_environments_are_never_judged() -> None:
    others = [document(kind, "x", {}) for kind in ("Policy", "Environment", "Project")]
    assert judge([policy(OWNER, match={})], others) == ()


def test_rules_see_kind_environment_and_runtime() -> None:
    expression = "kind == 'LLM' && environment.name == 'prod' && environment.protected && runtime.engine == 'sglang'"
    served = document("LLM", "chat", {})
    served.effective["runtime"] = {"engine": "vllm"}  # type: ignore[index]
    (found,) = judge([policy({"expression": expression})], [served])
    assert found.at == Place("LLM.chat.yaml", 0, ("runtime", "engine"))
    assert '`runtime.engine` is "vllm"' in found.message


def test_a_document_without_runtime_has_an_empty_one() -> None:
    assert judge([policy({"expression": "!has(runtime.image)"})], [SMALL]) == ()


def test_the_operand_that_decided_is_pointed_at() -> None:
    rule = {"expression": "spec.replicas.max >= 2 && spec.replicas.min >= 2"}
    assert judge([policy(rule)], [SMALL])[0].at == Place("LLM.chat.yaml", 0, ("spec", "replicas", "min"))
    rule = {"expression": "environment.name != 'prod' || spec.replicas.min >= 2"}
    assert judge([policy(rule)], [SMALL])[0].at == Place("LLM.chat.yaml", 0, ("spec", "replicas", "min"))
    rule = {"expression": "spec.replicas.max > 100 ? true : spec.replicas.min >= 2"}
    assert judge([policy(rule)], [SMALL])[0].at == Place("LLM.chat.yaml", 0, ("spec", "replicas", "min"))


def test_the_item_of_a_list_that_decided_is_pointed_at() -> None:
    spec = {"scheduling": {"tolerations": [{"key": "gpu", "operator": "Exists"}, {"key": "spot"}]}}
    rule = {"expression": "spec.scheduling.tolerations.all(t, has(t.operator) && t.operator == 'Exists')"}
    (found,) = judge([policy(rule)], [document("LLM", "chat", spec)])
    assert found.at == Place("LLM.chat.yaml", 0, ("spec", "scheduling", "tolerations", 1, "operator"))


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("metadata.labels.all(k, k != 'tier')", ("metadata", "labels", "tier")),
        ("metadata.labels.all(k, metadata.labels[k] != 'gold')", ("metadata", "labels", "tier")),
        ("spec.servedNames.exists(n, n == 'z')", ("spec", "servedNames")),
        ("spec.servedNames.all(n, n.startsWith('a'))", ("spec", "servedNames", 1)),
        ("size(spec.servedNames) == 1", ("spec", "servedNames")),
        ("spec.servedNames[0] == 'z'", ("spec", "servedNames", 0)),
        ("kind == 'Model'", ()),
    ],
)
def test_the_value_that_a_rule_is_about_is_pointed_at(expression: str, path: SpecPath) -> None:
    served = document("LLM", "chat", {"servedNames": ["a", "b"]}, labels={"tier": "gold"})
    (found,) = judge([policy({"expression": expression})], [served])
    assert found.at == Place("LLM.chat.yaml", 0, path)


def test_the_rules_own_path_wins() -> None:
    (found,) = judge([policy({**OWNER, "path": "metadata.labels"})], [SMALL])
    assert found.at == Place("LLM.chat.yaml", 0, ("metadata", "labels"))


def test_an_object_is_traced_back_to_the_document() -> None:
    containers = {"spec": {"containers": [{"image": "a@sha256:1"}, {"image": "b:latest"}]}}
    origins: dict[SpecPath, SpecPath] = {("spec", "containers", 1, "image"): ("runtime", "image")}
    rule = {"expression": "object.spec.containers.all(c, c.image.contains('@sha256:'))", "message": "pin images"}
    rules = policy(rule, match={"objects": ["Deployment"]})
    objects = (manifest("Deployment", "chat", containers, origins), manifest("Service", "chat", containers, {}))
    (found,) = judge([rules], [SMALL], objects)
    assert found.at == Place("LLM.chat.yaml", 0, ("runtime", "image"))
    assert found.message == 'pin images (Deployment assist/chat: `spec.containers[1].image` is "b:latest")'


def test_what_the_tool_added_points_at_the_document() -> None:
    rule = {"expression": "object.spec.paused == true", "path": "spec.paused"}
    objects = (manifest("Deployment", "chat", {"spec": {"paused": False}}, {}),)
    (found,) = judge([policy(rule, match={"objects": ["Deployment"]})], [SMALL], objects)
    assert found.at == Place("LLM.chat.yaml", 0, ())


def test_message_expression_gives_the_message() -> None:
    expression = "'only ' + string(spec.replicas.min) + ' of ' + name"
    (found,) = judge([policy({"expression": "false", "messageExpression": expression, "message": "plain"})], [SMALL])
    assert found.message == "only 1 of chat (LLM.chat)"


def test_a_message_expression_that_fails_falls_back() -> None:
    rule = {"expression": "false", "messageExpression": "metadata.owner", "message": "plain"}
    assert judge([policy(rule)], [SMALL])[0].message == "plain (LLM.chat)"


def test_without_a_message_the_rule_itself_is_shown() -> None:
    (found,) = judge([policy({"expression": "spec.replicas.min  >= 2"})], [SMALL])
    assert found.message.startswith("`spec.replicas.min >= 2` does not hold")


def test_a_rule_that_cannot_be_evaluated_denies_and_says_what_is_missing() -> None:
    rule = {"expression": "metadata.owner != ''"}
    documents = [document("LLM", f"chat-{n}", {}) for n in range(5)]
    (found,) = judge([policy(rule)], documents)
    assert (found.code.id, found.severity) == ("OD806", Severity.ERROR)
    assert found.message == (
        "rule `house/rule-1` cannot be evaluated in prod for LLM.chat-0, LLM.chat-1, LLM.chat-2 and 2 more, "
        "so it denies: `metadata.owner` is missing"
    )
    assert found.hint == "test for it first: `has(metadata.owner) && …`"
    assert found.at == Place("Policy.house.yaml", 0, ("spec", "rules", 0, "expression"))


def test_a_warning_rule_that_cannot_be_evaluated_only_warns() -> None:
    (found,) = judge([policy({"expression": "metadata.owner != ''"}, level="warn")], [SMALL])
    assert (found.severity, "so it says nothing" in found.message) == (Severity.WARNING, True)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("spec.servedNames", "the result is a list, not true or false"),
        ("spec.servedNames[5] == ''", "index out of bounds: 5"),
        ("spec.replicas.min / 0 == 1", "division by zero"),
        ("spec.replicas.min + '1' == '2'", "types that it was given (`spec.replicas.min` is a whole number)"),
        ("metadata.name.startsWith(spec.replicas.min)", "`startsWith` does not take what it was given"),
        ("quantity(metadata.name) == quantity('1')", "`chat` is not a quantity"),
    ],
)
def test_why_a_rule_cannot_be_evaluated(expression: str, said: str) -> None:
    served = document("LLM", "chat", {"replicas": {"min": 1}, "servedNames": ["a"]})
    (found,) = judge([policy({"expression": expression})], [served])
    assert found.code.id == "OD806"
    assert found.message.endswith(said)


@pytest.mark.parametrize(
    ("rule", "match", "code", "said", "hint"),
    [
        ({"expression": "spec.replicas.min = 2"}, {}, "OD803", "at character 19, before `= 2`", "compare with `==`"),
        ({"expression": "metadat.name == ''"}, {}, "OD804", "`metadat` is no variable", "did you mean `metadata`?"),
        ({"expression": "object.kind == ''"}, {}, "OD804", "`object` is no variable", "give `match.objects`"),
        ({"expression": "has(metadata.x)"}, {"objects": ["Job"]}, "OD804", "`metadata` is", "write `object.metadata`"),
        ({"expression": "1 + 2"}, {}, "OD805", "other than true or false", "compare"),
        ({"expression": "has(spec.replica)"}, {}, "OD809", "`spec.replica` is no field", "did you mean `replicas`?"),
        ({"expression": "spec.replicas.mim == 1"}, {}, "OD809", "`spec.replicas.mim` is no field", "`min`"),
        ({"expression": "has(runtime.engin)"}, {}, "OD809", "`runtime.engin` is no field of kind Runtime", "`engine`"),
        ({"expression": "kind.matches('(((a{900}){900}){900})')"}, {}, "OD810", "more than 1,000,000 steps", "shorter"),
        ({"expression": "kind.startWith('L')"}, {}, "OD811", "`startWith` is no function", "`startsWith`"),
        ({"expression": "true", "messageExpression": "'a' +"}, {}, "OD803", "`messageExpression` of rule", ""),
        ({"expression": "true", "message": "${spec.}"}, {}, "OD803", "`message` of rule", ""),
    ],
)
def test_a_wrong_policy_is_told_even_where_it_looks_at_nothing(
    rule: Mapping[str, Any], match: Mapping[str, Any], code: str, said: str, hint: str
) -> None:
    (found,) = judge([policy(rule, match=match or {"kinds": ["LLM"]})], [])
    assert found.code.id == code
    assert said in found.message
    assert hint in found.hint
    assert found.subject == "Policy.house"


def test_a_wrong_rule_is_not_evaluated_besides() -> None:
    found = judge([policy({"expression": "metadat.name == ''"})], [SMALL])
    assert [finding.code.id for finding in found] == ["OD804"]


def test_free_names_below_a_map_are_no_unknown_fields() -> None:
    rule = {"expression": "!has(metadata.labels.anything) && !has(spec.engine.args.whatever)"}
    assert judge([policy(rule)], []) == ()


def test_an_unknown_kind_is_told_with_the_nearest() -> None:
    (found,) = judge([policy(OWNER, match={"kinds": ["Modell"]})], [])
    assert (found.code.id, found.hint) == ("OD807", "did you mean `Model`?")
    assert found.at == Place("Policy.house.yaml", 0, ("spec", "match", "kinds", 0))
    (found,) = judge([policy(OWNER, match={"kinds": ["Deployment"]})], [])
    assert "match.objects: [Deployment]" in found.hint


def test_a_policy_that_looks_at_nothing_anywhere_is_a_note() -> None:
    idle = policy(OWNER, match={"kinds": ["Model"]})
    environment = document("Environment", "prod", {})
    manifests = ManifestSet(Release("acme", "prod", "main"), (), ())
    matching = matching_policies([idle], [SMALL], manifests, environment)
    (found,) = report_idle([idle], matching, place)
    assert (found.code.id, found.severity) == ("OD808", Severity.NOTE)
    busy = policy(OWNER)
    assert report_idle([busy], matching_policies([busy], [SMALL], manifests, environment), place) == ()
