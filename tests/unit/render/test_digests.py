"""Digests of objects are those of their canonical JSON, whoever writes it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdecl.addr import digest_of
from opsdecl.render.digests import digest_of_object

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner) | st.tuples(inner),
    max_leaves=20,
)


@given(st.dictionaries(TEXTS, VALUES))
def test_the_digest_is_that_of_canonical_json(data: dict[str, Any]) -> None:
    assert digest_of_object(data) == digest_of(data)


@pytest.mark.parametrize("number", [1e16, 1e22, -0.0, 1e-7, 5e-324, 1.5, 100.0])
def test_fractions_are_spelled_as_python_does(number: float) -> None:
    for data in ({"a": number}, {"a": [number, 1]}, {"a": [1, -number]}):
        assert digest_of_object(data) == digest_of(data)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        digest_of_object({"a": number})
