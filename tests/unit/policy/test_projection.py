"""An expression cannot tell an input from its projection, and remembering never changes a verdict."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdecl.addr import SpecAddress
from opsdecl.cel.engine import EvaluationError, Program, compile_expression
from opsdecl.policy.judge import Judge, group
from opsdecl.policy.projection import key_of, project, shape_of
from opsdecl.policy.types import Rule, Subject

EXPRESSIONS = (
    "has(spec.a) && spec.a == 1",
    "!has(spec.a.b) || spec.a.b != ''",
    "spec.l.all(x, has(x.a) && x.a == 1)",
    "spec.l.exists(x, x == 1)",
    "spec.l.map(x, x.a).size() == 2",
    "size(spec.l.filter(x, x.a == 1)) > 0",
    "spec.l.filter(x, has(x.a))[0].b == 1",
    "spec.l.filter(x, x.a == 1) == spec.l",
    "spec.l[0].a == 1 && spec.l[1].b == 2",
    "spec.a.all(k, spec.a[k] == 1)",
    "spec.a.exists(k, k == 'b')",
    "spec['a'].b == spec.l",
    "spec[metadata.name] == 1",
    "'b' in spec.a",
    "spec.l.all(x, spec.l.exists(y, x.a == y.b))",
    "size(spec) == 2 || size(spec.a) == 1",
    "type(spec.a) == map",
    "metadata.name.startsWith('a') ? has(spec.l) : spec.a == null",
    "spec.l.exists_one(x, size(x.a) == 2)",
    "metadata.name.matches('^[a-c]+$')",
)
LEAVES = st.sampled_from([None, True, 0, 1, 1.0, 2, "", "a", "ä", "ab"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "l", "k"]), inner, max_size=3)
    ),
    max_leaves=8,
)
SPECS = st.dictionaries(st.sampled_from(["a", "b", "l"]), VALUES, max_size=3)
INPUTS = st.builds(lambda spec, name: {"spec": spec, "metadata": {"name": name, "x": 1}}, SPECS, st.sampled_from("abz"))


def outcome(program: Program, values: Mapping[str, Any]) -> object:
    try:
        result = program.run(values)
        return result, type(result)
    except EvaluationError as error:
        return str(error)


@settings(max_examples=200, deadline=None)
@given(INPUTS)
def test_an_expression_cannot_tell_an_input_from_its_projection(values: dict[str, Any]) -> None:
    for text in EXPRESSIONS:
        program = compile_expression(text)
        assert outcome(program, project(values, shape_of(program.usage.reads))) == outcome(program, values), text


@settings(max_examples=60, deadline=None)
@given(st.lists(INPUTS, min_size=1, max_size=6))
def test_remembered_verdicts_are_those_of_each_expression_by_itself(inputs: list[dict[str, Any]]) -> None:
    rules = tuple(Rule(SpecAddress("Policy", "p"), index, f"r{index}", text) for index, text in enumerate(EXPRESSIONS))
    together, judge = group(rules), Judge()
    for values in (*inputs, *inputs):
        for rule, verdict in zip(rules, judge.judge(together, subject(values)), strict=True):
            alone = outcome(compile_expression(rule.expression), values)
            said: object = (True, bool) if verdict.holds else (False, bool)
            assert alone == said or (verdict.failure != "" and not (isinstance(alone, tuple) and alone[1] is bool))


def subject(values: Mapping[str, Any]) -> Subject:
    return Subject(SpecAddress("LLM", "chat"), "LLM.chat", "LLM", "", {}, values, lambda path: path)


def test_equal_inputs_are_evaluated_once() -> None:
    rules = tuple(
        Rule(SpecAddress("Policy", "p"), index, "r", text)
        for index, text in enumerate(("has(spec.a)", "size(spec.l) > 0"))
    )
    together, judge = group(rules), Judge()
    for name in ("a", "b", "c"):
        judge.judge(together, subject({"metadata": {"name": name}, "spec": {"a": name, "l": [1]}}))
    assert judge.evaluations == 2


@pytest.mark.parametrize(("left", "right"), [(1, 1.0), (1, True), (1, "1"), (None, "null"), ([], {}), ("a", ["a"])])
def test_values_of_different_types_are_never_taken_for_the_same(left: Any, right: Any) -> None:
    assert key_of({"a": left}) != key_of({"a": right})


def test_judging_together_beats_one_call_for_each_rule_and_thing() -> None:
    texts = [f"has(spec.labels.k{n}) && spec.labels.k{n} != 'v{n + 1}'" for n in range(10)]
    rules = tuple(Rule(SpecAddress("Policy", "p"), index, "r", text) for index, text in enumerate(texts))
    subjects = [subject({"spec": thing(n)}) for n in range(60)]
    together, judge = group(rules), Judge()
    started = time.process_time()
    for one in subjects:
        judge.judge(together, one)
    fast = time.process_time() - started
    started = time.process_time()
    for one in subjects:
        for text in texts:
            compile_expression(text).run(one.values)
    assert fast * 8 < time.process_time() - started


def thing(number: int) -> dict[str, Any]:
    return {
        "name": f"thing-{number}",
        "labels": {f"k{n}": f"v{n}" for n in range(12)},
        "containers": [{"args": [f"--flag-{n}={number}" for n in range(20)]}],
    }
