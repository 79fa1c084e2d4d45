"""The digest of one object: the same as that of its canonical JSON, in a fifth of the time."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from opsdecl.addr import canonical_json, digest_of_bytes

_SORTED = msgspec.json.Encoder(order="sorted")
_FRACTION = re.compile(rb"[:,\[]-?[0-9]+[.e]")
"""What msgspec writes with other exponents; now and then a text that looks so."""


def digest_of_object(data: Mapping[str, Any]) -> str:
    """`addr.digest_of` of plain data whose keys are texts. Raises ValueError for NaN and infinities."""
    text = _SORTED.encode(data)
    # Of NaN it makes null.
    if b"null" in text or _FRACTION.search(text):
        text = canonical_json(data)
    return digest_of_bytes(text)
