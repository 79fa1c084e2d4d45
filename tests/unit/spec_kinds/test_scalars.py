"""Scalars that carry their unit in the text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from opsdecl.spec.kinds.names import DnsLabel, FieldPath, LabelKey, RelativePath, SourceUri
from opsdecl.spec.kinds.scalars import CpuQuantity, Duration, ImageReference, Percentage, Quantity, shown


@pytest.mark.parametrize(
    ("text", "seconds"), [("800ms", 0.8), ("10s", 10), ("5m", 300), ("1h30m", 5400), ("1.5h", 5400)]
)
def test_durations_in_seconds(text: str, seconds: float) -> None:
    duration = Duration.parse(text)
    assert duration.seconds == pytest.approx(seconds)
    assert str(duration) == text


@pytest.mark.parametrize(
    ("text", "size"), [("80Gi", 80 * 2**30), ("500M", 500_000_000), ("1.5Ki", 1536), ("2k", 2000), ("1Ti", 2**40)]
)
def test_sizes_in_bytes(text: str, size: int) -> None:
    assert Quantity.parse(text).bytes == size


@pytest.mark.parametrize(("value", "millis"), [("8", 8000), (8, 8000), ("500m", 500), ("0.5", 500), (0.25, 250)])
def test_cpu_in_thousandths(value: Any, millis: int) -> None:
    assert CpuQuantity.parse(value).millis == millis


@pytest.mark.parametrize(
    ("parse", "value", "hint"),
    [
        (Duration.parse, 30, "say the unit: `30s`, `30ms` or `30m`"),
        (Duration.parse, "30", "say the unit: `30s`, `30ms` or `30m`"),
        (Duration.parse, "a while", "write a number and a unit (ms, s, m, h, d): `800ms`, `30s`, `1h30m`"),
        (Quantity.parse, 64, "say the unit: `64Gi`, `64Mi` or `64G`"),
        (Quantity.parse, "64GB", "did you mean `64G`?"),
        (Quantity.parse, "64gib", "did you mean `64Gi`?"),
        (Quantity.parse, "5K", "did you mean `5k`?"),
        (CpuQuantity.parse, True, 'write cores or thousandths of a core: `"8"`, `"0.5"` or `500m`'),
        (Percentage.parse, "101%", "write a number from 0 to 100 and the sign: `99.9%`"),
        (Percentage.parse, 0.99, "write a number from 0 to 100 and the sign: `99.9%`"),
        (ImageReference.parse, "Acme/Model:1", "write the repository in lower case"),
    ],
)
def test_refusals_say_what_to_write(parse: Any, value: Any, hint: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        parse(value)
    assert refused.value.context is not None
    assert refused.value.context["hint"] == hint


_DIGEST = "sha256:" + "0f" * 32


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("vllm/vllm-openai:v0.33.0", ("", "vllm/vllm-openai", "v0.33.0", "")),
        ("registry.example:5000/team/x", ("registry.example:5000", "team/x", "", "")),
        (f"registry.example/x@{_DIGEST}", ("registry.example", "x", "", _DIGEST)),
        (f"localhost/x:1@{_DIGEST}", ("localhost", "x", "1", _DIGEST)),
        ("python", ("", "python", "", "")),
    ],
)
def test_images_in_parts(text: str, parts: tuple[str, ...]) -> None:
    image = ImageReference.parse(text)
    assert (image.registry, image.repository, image.tag, image.digest) == parts


@pytest.mark.parametrize(
    ("text", "mutable"), [("x:latest", True), ("x", True), ("x:1.0", False), (f"x:latest@{_DIGEST}", False)]
)
def test_which_images_move(text: str, mutable: bool) -> None:
    assert ImageReference.parse(text).is_mutable is mutable


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (DnsLabel, "chat-1", "Chat"),
        (DnsLabel, "a" * 63, "a" * 64),
        (LabelKey, "example.com/tier", "example.com/"),
        (LabelKey, "x" * 63, "x" * 64),
        (SourceUri, "oci://registry.example/model:1", "file:///etc/passwd"),
        (RelativePath, "environments/base/chat.jinja", "../secret"),
        (RelativePath, "a..b/c", "/etc/passwd"),
        (FieldPath, "spec.containers[0].image", "spec..image"),
    ],
)
def test_grammars(kind: Any, good: str, bad: str) -> None:
    adapter = TypeAdapter(kind)
    assert adapter.validate_python(good) == good
    with pytest.raises(ValidationError):
        adapter.validate_python(bad)


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_a_duration_keeps_its_text(number: int, unit: str) -> None:
    assert str(Duration.parse(f"{number}{unit}")) == f"{number}{unit}"


@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in (Duration.parse, Quantity.parse, CpuQuantity.parse, Percentage.parse, ImageReference.parse):
        try:
            parsed = str(parse(text))
        except PydanticCustomError:
            continue
        assert parsed == text


@pytest.mark.parametrize(
    "text", ["hf_abcdefghijk", "ghp_0123456789", "AKIAIOSFODNN7EXAMPLE", "https://robot:hunter2@host/x", "9f8a" * 10]
)
def test_what_looks_like_a_credential_is_not_repeated(text: str) -> None:
    assert text not in shown(text)
