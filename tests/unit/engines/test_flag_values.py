"""Values of flags against what the engine's parser takes."""

from typing import Any

import pytest

from opsdecl.catalog.engine_types import FlagFacts, FlagType
from opsdecl.compile.flag_values import value_problem


def problem(value: Any, kind: FlagType, *, negates: bool = True, **facts: Any) -> str | None:
    found = value_problem("x", value, FlagFacts("x", kind, **facts), negates=negates)
    return None if found is None else (found.what or f"none of {', '.join(found.choices)}")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "switch"),
        (True, "pair"),
        (False, "pair"),
        (True, "bool"),
        ("False", "bool"),
        (3, "int"),
        ("-3", "int"),
        (4096, "size"),
        ("64k", "size"),
        ("1.5K", "size"),
        ("auto", "size"),
        (0.5, "float"),
        (1, "float"),
        ("1e-3", "float"),
        ("text", "str"),
        (7, "str"),
        ({"a": 1}, "json"),
        ('{"a": 1}', "json"),
        ("", "json"),
        ("text", "json-or-str"),
        ({"a": 1}, "json-or-str"),
        ([1, 2], "any"),
    ],
)
def test_values_that_are_taken(value: Any, kind: FlagType) -> None:
    assert problem(value, kind) is None


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("yes", "switch", "is a switch and takes no value"),
        (False, "switch", "can only be switched on"),
        (1, "pair", "takes true or false"),
        (False, "bool", "takes true or false as text"),
        ("maybe", "bool", "takes true or false as text"),
        (True, "int", "takes a whole number"),
        (1.5, "int", "takes a whole number"),
        ("3.0", "int", "takes a whole number"),
        ("64kb", "size", "takes a whole number, also as `64k`"),
        ("fast", "float", "takes a number"),
        (False, "float", "takes a number"),
        (True, "str", "takes a text"),
        ("{", "json", "takes a mapping, or JSON as text"),
        (["*"], "json", "takes one value, not a list"),
        ([1], "int", "takes one value, not a list"),
    ],
)
def test_values_that_are_refused(value: Any, kind: FlagType, words: str) -> None:
    assert problem(value, kind) == words


def test_false_is_left_out_for_engines_without_an_opposite() -> None:
    for kind in ("switch", "pair", "int", "str"):
        assert problem(False, kind, negates=False) is None


def test_each_item_of_a_list_is_looked_at() -> None:
    assert problem([1, 2], "int", many=True) is None
    assert problem([1, "b"], "int", many=True) == "takes a whole number"
    assert problem(1, "int", many=True) is None


def test_choices_in_the_engines_own_way_of_comparing() -> None:
    assert problem("a", "str", choices=("a", "b")) is None
    assert problem("c", "str", choices=("a", "b")) == "none of a, b"
    assert problem("c", "str", choices=("a", "b"), open=True) is None
    assert problem("8", "int", choices=(1, 8)) is None
    assert problem(9, "int", choices=(1, 8)) == "none of 1, 8"
    assert problem("Deep-GEMM", "str", choices=("deep_gemm",)) == "none of deep_gemm"
    assert problem("Deep-GEMM", "str", choices=("deep_gemm",), folds=True) is None
