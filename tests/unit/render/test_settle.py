"""Inputs become plain data, and every traced value says where it came from."""

from typing import Any

import pytest

from opsdecl.compile.types import Traced
from opsdecl.render.settle import settle


def test_traced_values_become_plain_and_leave_their_origin() -> None:
    inputs = {"spec": {"replicas": Traced(2, ("spec", "replicas")), "args": ["a", Traced("b", ("spec", "engine"))]}}
    data, origins, problems = settle(inputs)
    assert data == {"spec": {"replicas": 2, "args": ["a", "b"]}}
    assert origins == {("spec", "replicas"): ("spec", "replicas"), ("spec", "args", 1): ("spec", "engine")}
    assert problems == ()


def test_a_trace_inside_a_trace_is_nearer() -> None:
    inner = {"field": Traced("x", ("spec", "inner"))}
    _, origins, _ = settle({"outer": Traced(inner, ("spec", "outer"))})
    assert origins == {("outer", "field"): ("spec", "inner"), ("outer",): ("spec", "outer")}


def test_what_is_none_is_dropped_and_what_was_written_empty_stays() -> None:
    inputs = {
        "emptyDir": {},
        "args": [],
        "limits": {"cpu": None, "memory": Traced(None, ("spec",))},
        "resources": {"requests": {"cpu": None}},
        "list": [None, {"only": None}, "kept"],
    }
    data, origins, _ = settle(inputs)
    assert data == {"emptyDir": {}, "args": [], "list": ["kept"]}
    assert origins == {}


def test_positions_in_lists_follow_what_is_left() -> None:
    _, origins, _ = settle({"list": [None, Traced("x", ("spec", "x"))]})
    assert origins == {("list", 0): ("spec", "x")}


def test_integral_floats_become_integers() -> None:
    data, _, problems = settle({"a": 3.0, "b": 0.5, "c": True})
    assert [(type(value), value) for value in data.values()] == [(int, 3), (float, 0.5), (bool, True)]
    assert problems == ()


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, float("nan"), float("inf"), 1e300, "\ud800"])
def test_values_that_readers_would_change_are_problems(value: Any) -> None:
    _, _, problems = settle({"spec": {"value": value}})
    assert [path for path, _ in problems] == [("spec", "value")]


def test_what_json_does_not_know_is_a_mistake_of_the_tool() -> None:
    with pytest.raises(TypeError, match="set cannot be part of an object"):
        settle({"value": {"a"}})
