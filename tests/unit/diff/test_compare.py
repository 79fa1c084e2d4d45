from typing import Any

import pytest

from opsdecl.diff.compare import MISSING, differences, same
from opsdecl.diff.lists import KEYED_LISTS
from opsdecl.diff.quantity import parse_quantity, shrinks
from opsdecl.diff.sensitive import SENSITIVE, is_credential_name, masked
from opsdecl.diff.texts import summarise


def rows(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    return [(d.text, d.before, d.after) for d in differences(before, after)]


def pod(*args: str, **fields: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "vllm", "args": list(args), **fields}]}}}}


def test_a_flag_is_named_whatever_its_position() -> None:
    before = pod("serve", "--max-num-seqs=256", "--enforce-eager")
    after = pod("serve", "--enforce-eager", "--max-num-seqs=512")
    at = "spec.template.spec.containers[vllm].args"
    assert rows(before, after) == [
        (f"{at}[--max-num-seqs]", "256", "512"),
        (f"{at}[order]", ["0", "--max-num-seqs", "--enforce-eager"], ["0", "--enforce-eager", "--max-num-seqs"]),
    ]


def test_flags_that_come_and_go() -> None:
    assert rows({"args": ["--a=1", "--b"]}, {"args": ["--b", "--c", "x", "y"]}) == [
        ("args[--c]", MISSING, ["x", "y"]),
        ("args[--a]", "1", MISSING),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["--lora=a", "--lora=b"], ["--lora=a", "--lora=c"]),
        (["--a=1", "stray"], ["--a=1", "other"]),
        (["--", "x"], ["--", "y"]),
    ],
    ids=["repeated", "stray word", "end of flags"],
)
def test_flags_that_cannot_be_told_apart_are_compared_whole(before: list[str], after: list[str]) -> None:
    assert rows({"args": before}, {"args": after}) == [("args", before, after)]


def test_the_same_value_in_another_form_is_a_difference() -> None:
    assert rows({"args": ["--a=1"]}, {"args": ["--a", "1"]}) == [("args[--a]", "1", ["1"])]


@pytest.mark.parametrize("rule", KEYED_LISTS, ids=lambda rule: rule.name)
def test_entries_of_a_keyed_list_keep_their_identity(rule: Any) -> None:
    def entry(n: int) -> dict[str, Any]:
        made: dict[str, Any] = {"other": n}
        for dotted in rule.keys[0]:
            first, _, rest = dotted.partition(".")
            made[first] = {rest: f"k{n}"} if rest else f"k{n}"
        return made

    before = {rule.name: [entry(1), entry(2)]}
    after = {rule.name: [entry(3), {**entry(2), "other": 7}]}
    texts = [(text, new) for text, _, new in rows(before, after)]
    key = ":".join("k{0}" for _ in rule.keys[0])
    assert texts == [
        (f"{rule.name}[{key.format(3)}]", entry(3)),
        (f"{rule.name}[{key.format(2)}].other", 7),
        (f"{rule.name}[{key.format(1)}]", MISSING),
    ]


def test_ports_without_names_are_known_by_number() -> None:
    before = {"ports": [{"containerPort": 8000}, {"containerPort": 9000}]}
    after = {"ports": [{"containerPort": 9000, "protocol": "UDP"}]}
    assert [text for text, _, _ in rows(before, after)] == ["ports[9000].protocol", "ports[8000]"]


def test_one_taint_tolerated_twice_is_told_apart_by_its_effect() -> None:
    def tolerations(seconds: int) -> dict[str, Any]:
        return {
            "tolerations": [
                {"key": "gpu", "effect": "NoSchedule"},
                {"key": "gpu", "effect": "NoExecute", "tolerationSeconds": seconds},
            ]
        }

    assert rows(tolerations(1), tolerations(2)) == [("tolerations[gpu:NoExecute].tolerationSeconds", 1, 2)]


def test_lists_that_mean_sets_name_what_came_and_went() -> None:
    before, after = {"accessModes": ["ReadWriteOnce"]}, {"accessModes": ["ReadWriteMany"]}
    assert rows(before, after) == [
        ("accessModes[ReadWriteMany]", MISSING, "ReadWriteMany"),
        ("accessModes[ReadWriteOnce]", "ReadWriteOnce", MISSING),
    ]


def test_lists_in_which_order_counts_are_shown_whole() -> None:
    assert rows({"hosts": ["a", "b"]}, {"hosts": ["b", "a"]}) == [("hosts", ["a", "b"], ["b", "a"])]


def test_a_truth_value_is_not_a_number() -> None:
    assert rows({"a": True}, {"a": 1}) == [("a", True, 1)]
    assert rows({"a": [True]}, {"a": [1]}) == [("a", [True], [1])]
    assert not same({"a": True}, {"a": 1})


def test_absent_is_not_null() -> None:
    assert rows({"a": None}, {}) == [("a", None, MISSING)]


def test_keys_with_dots_are_quoted() -> None:
    assert rows({"metadata": {"labels": {"a.b/c": "1"}}}, {"metadata": {"labels": {"a.b/c": "2"}}}) == [
        ('metadata.labels["a.b/c"]', "1", "2")
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [("1000m", "1"), ("1024Mi", "1Gi"), ("1e3", "1k"), (2, "2"), ("0.5", "500m"), ("1000000u", "1")],
)
def test_quantities_are_the_same_by_value(before: Any, after: Any) -> None:
    (found,) = differences({"resources": {"limits": {"x": before}}}, {"resources": {"limits": {"x": after}}})
    assert found.equivalent


@pytest.mark.parametrize(("before", "after"), [("1000m", "2"), ("1G", "1Gi"), ("8k", "8x"), (True, 1)])
def test_quantities_that_differ(before: Any, after: Any) -> None:
    (found,) = differences({"resources": {"limits": {"x": before}}}, {"resources": {"limits": {"x": after}}})
    assert not found.equivalent


def test_only_quantities_are_compared_by_value() -> None:
    (found,) = differences({"data": {"x": "1000m"}}, {"data": {"x": "1"}})
    assert not found.equivalent


def test_hostile_quantities_cost_nothing() -> None:
    assert parse_quantity("1e999999999") is None
    assert parse_quantity("9" * 100_000) is None
    assert shrinks("60Gi", "nonsense")


@pytest.mark.parametrize("name", ["HF_TOKEN", "--api-key", "AWS_SECRET_ACCESS_KEY", "dbPassword", "privateKey"])
def test_names_of_credentials(name: str) -> None:
    assert is_credential_name(name)


@pytest.mark.parametrize(
    "name",
    ["MAX_TOKENS", "--max-num-batched-tokens", "--tokenizer", "KEYCLOAK_URL", "--served-model-name", "SECRETARY"],
)
def test_names_of_other_things(name: str) -> None:
    assert not is_credential_name(name)


CANARY = "canary-5up3r"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Secret", {"data": {"x": CANARY}}),
        ("Secret", {"stringData": {"x": CANARY}}),
        ("Deployment", pod(env=[{"name": "HF_TOKEN", "value": CANARY}])),
        ("Deployment", pod(f"--api-key={CANARY}")),
        ("Deployment", pod("--api-key", CANARY, "--port", "80")),
        ("Deployment", pod("--lora=a", "--lora=b", f"--api-key={CANARY}")),
        ("LLM", {"spec": {"engine": {"env": {"HF_TOKEN": CANARY}}}}),
        ("LLM", {"spec": {"engine": {"args": {"api-key": CANARY}}}}),
        ("ConfigMap", {"data": {"x": f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}"}}),
        ("ConfigMap", {"metadata": {"annotations": {"x": f"ghp_{'a' * 36}{CANARY}"}}}),
    ],
)
def test_no_secret_is_ever_shown(kind: str, value: dict[str, Any]) -> None:
    """As a whole tree, and at every field below it that may differ."""
    for difference in (*differences({}, value), *differences(value, {}), *differences(_blank(value), value)):
        for side in (difference.before, difference.after):
            assert CANARY not in str(masked(kind, difference.path, side))
    assert SENSITIVE in str(masked(kind, (), value))


def _blank(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: v if k == "name" else _blank(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_blank(item) for item in value]
    return value.replace(CANARY, "x")


def test_references_to_secrets_are_shown() -> None:
    reference = [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf-token", "key": "token"}}}]
    assert masked("Deployment", (), pod(env=reference)) == pod(env=reference)
    document = {"spec": {"engine": {"env": {"HF_TOKEN": {"secret": "hf-token", "key": "token"}}}}}
    assert masked("LLM", (), document) == document


def test_long_texts_in_one_line() -> None:
    before = "".join(f"line {n}\n" for n in range(40))
    after = before.replace("line 11\n", "new\nmore\n")
    assert summarise(before, after) == "41 lines, from line 12: 1 removed, 2 added"
    assert summarise(MISSING, before) == "40 lines"
    assert summarise("a" * 200, "a" * 100 + "b" * 90) == "190 characters, from character 101: 100 removed, 90 added"
    assert summarise("short", "texts") == ""
