"""Bytes -> text: UTF-8 without invisible characters."""

import pytest

from opsdecl.diag import Diagnostic
from opsdecl.spec.decode import decode


def refused(data: bytes) -> Diagnostic:
    found = decode("f.yaml", data)
    assert isinstance(found, Diagnostic)
    return found


def test_a_byte_order_mark_is_dropped() -> None:
    assert decode("f.yaml", "\ufeffa: é\r\n".encode()) == "a: é\r\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a: 1\n".encode("utf-16"), "UTF-16"),
        ("a: 1\n".encode("utf-16-le"), "UTF-16"),
        ("a: 1\n".encode("utf-16-be"), "UTF-16"),
        (b"a: 1\nb: caf\xe9\n", "byte 0xe9"),
    ],
)
def test_other_encodings_are_named(data: bytes, message: str) -> None:
    finding = refused(data)
    assert finding.code.id == "OD107"
    assert message in finding.message


def test_the_first_byte_that_is_not_utf8_is_shown() -> None:
    span = refused("é: 1\nü: ".encode() + b"\xff\n").span
    assert span is not None
    assert (span.line, span.column) == (2, 4)


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "\uffff"])
def test_invisible_characters_are_named(character: str) -> None:
    finding = refused(f"a: 1\nbc: {character}\n".encode())
    assert finding.code.id == "OD108"
    assert f"U+{ord(character):04X}" in finding.message
    assert finding.span is not None
    assert (finding.span.line, finding.span.column) == (2, 5)
