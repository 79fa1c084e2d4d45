"""Plain scalars: what every reader agrees on is a value, the rest is refused with the ways to write it."""

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from opsdecl.spec.scalars import ScalarError, read_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("12", 12),
        ("-0", 0),
        ("+7", 7),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.5e+3", 1500.0),
        ("9223372036854775807", 2**63 - 1),
        ("16Gi", "16Gi"),
        ("800ms", "800ms"),
        ("99.9%", "99.9%"),
        ("1.2.3", "1.2.3"),
        ("8080:80", "8080:80"),
        ("v1", "v1"),
        ("none", "none"),
        ("tRUE", "tRUE"),
        ("-", "-"),
        ("${{ vars.x }}", "${{ vars.x }}"),
        ("8f14e45fceea167a5a36dedd4bea2543", "8f14e45fceea167a5a36dedd4bea2543"),
    ],
)
def test_values_that_all_readers_share(text: str, value: object) -> None:
    read = read_plain(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "fixes"),
    [
        ("0644", ['"0644"', "420", "644"]),
        ("08", ['"08"', "8"]),
        ("0o17", ['"0o17"', "15"]),
        ("0b11", ['"0b11"', "3"]),
        ("-0x1F", ['"-0x1F"', "-31"]),
        ("yes", ['"yes"', "true"]),
        ("Off", ['"Off"', "false"]),
        ("y", ['"y"', "true"]),
        ("1_000", ['"1_000"', "1000"]),
        ("1e3", ['"1e3"', "1000"]),
        ("1e-5", ['"1e-5"', "0.00001"]),
        ("1.5E3", ['"1.5E3"', "1500"]),
        ("-.5", ['"-.5"', "-0.5"]),
        ("1:30", ['"1:30"']),
        ("12:30:45", ['"12:30:45"']),
        ("2024-01-01", ['"2024-01-01"']),
        ("2024-01-01T10:00:00Z", ['"2024-01-01T10:00:00Z"']),
        ("=", ['"="']),
        ("<<", ['"<<"']),
    ],
)
def test_what_readers_differ_about_is_refused_with_each_way_to_write_it(text: str, fixes: list[str]) -> None:
    with pytest.raises(ScalarError) as refused:
        read_plain(text)
    assert refused.value.code.id == "OD117"
    assert [fix for fix in fixes if fix not in refused.value.hint] == []


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1.0e+999", "1e999", "9223372036854775808", "1" * 5000])
def test_numbers_that_json_has_not_are_refused(text: str) -> None:
    with pytest.raises(ScalarError) as refused:
        read_plain(text)
    assert refused.value.code.id == "OD118"
    assert len(refused.value.message) < 120


_NUMBER_LIKE = st.text("0123456789+-.:_eExXobTZ ", max_size=12).map(str.strip)
_WORD_LIKE = st.text("nulltrefasyoUNTY~=<", max_size=5)


@given(_NUMBER_LIKE | _WORD_LIKE)
@example("0_0")
@example("1._5")
@example("+.5e+3")
@example("190:20:30.15")
def test_a_value_is_what_both_versions_of_yaml_read(text: str) -> None:
    if re.match(r"[-+]?_", text):
        return  # one of the loaders takes these for numbers, no version of YAML does
    try:
        value = read_plain(text)
        old, new = yaml.safe_load(text), YAML(typ="safe", pure=True).load(text)
    except (ScalarError, yaml.YAMLError, YAMLError, ValueError):
        return
    if isinstance(old, list | dict) or isinstance(new, list | dict):
        return  # `- x` and `x: y` are no plain scalars
    assert (type(value), value) == (type(old), old) == (type(new), new)
