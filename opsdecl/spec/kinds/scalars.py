"""Scalars that carry their unit or their grammar in the text. Values keep the text as written."""

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, TypeVar

from msgspec import Struct
from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from opsdecl.diag import Code
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.declare import refusal

T = TypeVar("T")

_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")

_SUFFIX_BYTES = {
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "Pi": 2**50,
}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)")
_LOOSE_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp])(i?)b?", re.IGNORECASE)
_CPU = re.compile(r"(\d+)m|(\d+(?:\.\d+)?)")
_PERCENTAGE = re.compile(r"(\d+(?:\.\d+)?)%")
_IMAGE = re.compile(
    r"(?:(?P<registry>(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::\d+)?|[A-Za-z0-9-]+:\d+|localhost)/)?"
    r"(?P<repository>[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)

_SECRET = re.compile(
    r"^(?:hf_|sk-|gh[opsur]_|github_pat_|glpat-|xox[abprs]-|AKIA|ASIA|eyJ)|://[^/\s]*:[^/\s]*@"
    r"|^(?=[^/.\s]*\d)(?=[^/.\s]*[A-Za-z])[A-Za-z0-9+=_]{24,}$"
)
"""Texts that no message repeats: tokens by their prefix, passwords in addresses, long random words."""


def plain_schema(parse: Callable[[Any], T], json_schema: JsonSchemaValue) -> CoreSchema:
    """A schema for a value object: `parse` validates, `str` writes, `json_schema` describes."""
    return core_schema.no_info_plain_validator_function(
        parse,
        serialization=core_schema.plain_serializer_function_ser_schema(str),
        metadata={"pydantic_js_functions": [lambda _schema, _handler: dict(json_schema)]},
    )


class Text(Struct, frozen=True):
    """The text as it was written; `str()` gives it back."""

    WORD: ClassVar[str] = "text"

    text: str

    def __str__(self) -> str:
        return self.text


class Duration(Text, frozen=True):
    """A length of time such as `800ms`, `10s`, `1h30m`."""

    WORD: ClassVar[str] = "duration"

    seconds: float

    @classmethod
    def parse(cls, value: Any) -> "Duration":
        """Raises PydanticCustomError where the text is not a duration."""
        if isinstance(value, Duration):
            return value
        if not isinstance(value, str) or not _DURATION.fullmatch(value):
            raise refusal(codes.BAD_DURATION, f"expected a duration, found {shown(value)}", _duration_hint(value))
        parts = _DURATION_PART.findall(value)
        return cls(value, round(sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts), 6))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return plain_schema(cls.parse, {"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["30s"]})


def _whole_seconds(value: Duration) -> Duration:
    if value.seconds < 1 or value.seconds % 1:
        hint = "write it as `30s`, `90m` or `3h`; nothing counts parts of a second here, and 0 is no time at all"
        raise refusal(codes.OUT_OF_RANGE, f"expected one or more whole seconds, found {shown(value.text)}", hint)
    return value


WholeSeconds = Annotated[Duration, AfterValidator(_whole_seconds)]
"""A time that Kubernetes and its operators take in seconds, as a whole number."""


class Quantity(Text, frozen=True):
    """An amount of memory or storage such as `80Gi` or `500M`."""

    WORD: ClassVar[str] = "size"

    bytes: int

    @classmethod
    def parse(cls, value: Any) -> "Quantity":
        """Raises PydanticCustomError where the text is not a size with a unit."""
        if isinstance(value, Quantity):
            return value
        match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise refusal(codes.BAD_QUANTITY, f"expected a size, found {shown(value)}", _quantity_hint(value))
        number, suffix = match.groups()
        return cls(value, round(float(number) * _SUFFIX_BYTES[suffix]))

    @property
    def gib(self) -> float:
        """The size in GiB."""
        return self.bytes / 2**30

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return plain_schema(cls.parse, {"type": "string", "pattern": f"^{_QUANTITY.pattern}$", "examples": ["80Gi"]})


class CpuQuantity(Text, frozen=True):
    """CPU cores such as `8`, `0.5` or `500m`."""

    WORD: ClassVar[str] = "amount of CPU"

    millis: int

    @classmethod
    def parse(cls, value: Any) -> "CpuQuantity":
        """Raises PydanticCustomError where the value is not an amount of CPU."""
        if isinstance(value, CpuQuantity):
            return value
        text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        match = _CPU.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            hint = 'write cores or thousandths of a core: `"8"`, `"0.5"` or `500m`'
            raise refusal(codes.BAD_CPU, f"expected an amount of CPU, found {shown(value)}", hint)
        millis, cores = match.groups()
        return cls(match.string, int(millis) if millis else round(float(cores) * 1000))

    @property
    def cores(self) -> float:
        return self.millis / 1000

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = {"type": "string", "pattern": r"^(\d+m|\d+(\.\d+)?)$"}
        return plain_schema(cls.parse, {"anyOf": [text, {"type": "number", "minimum": 0}], "examples": ["8"]})


class Percentage(Text, frozen=True):
    """A share such as `99.9%`; between 0 and 100."""

    WORD: ClassVar[str] = "percentage"

    percent: float

    @classmethod
    def parse(cls, value: Any) -> "Percentage":
        """Raises PydanticCustomError where the text is not a percentage."""
        if isinstance(value, Percentage):
            return value
        match = _PERCENTAGE.fullmatch(value) if isinstance(value, str) else None
        if match is None or float(match[1]) > 100:
            hint = "write a number from 0 to 100 and the sign: `99.9%`"
            raise refusal(codes.BAD_PERCENTAGE, f"expected a percentage, found {shown(value)}", hint)
        return cls(match.string, float(match[1]))

    @property
    def fraction(self) -> float:
        return self.percent / 100

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        pattern = f"^{_PERCENTAGE.pattern}$"
        return plain_schema(cls.parse, {"type": "string", "pattern": pattern, "examples": ["99.9%"]})


class ImageReference(Text, frozen=True):
    """A container image, `registry/repository:tag@digest`. `registry` is empty where the text names none."""

    WORD: ClassVar[str] = "image reference"

    registry: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, value: Any) -> "ImageReference":
        """Raises PydanticCustomError where the text is not an image reference."""
        if isinstance(value, ImageReference):
            return value
        match = _IMAGE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise refusal(codes.BAD_IMAGE, f"expected an image reference, found {shown(value)}", _image_hint(value))
        parts = match.groupdict(default="")
        return cls(match.string, parts["registry"], parts["repository"], parts["tag"], parts["digest"])

    @property
    def is_pinned(self) -> bool:
        """Whether a digest fixes the bytes."""
        return bool(self.digest)

    @property
    def is_mutable(self) -> bool:
        """Whether the tag moves by custom: none, or `latest`, and no digest."""
        return not self.digest and self.tag in ("", "latest")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        pattern = "^[A-Za-z0-9._:/-]+(@sha256:[0-9a-f]{64})?$"
        return plain_schema(cls.parse, {"type": "string", "pattern": pattern, "examples": ["vllm/vllm-openai:v0.33.0"]})


def shown(value: Any) -> str:
    """The value as a message may show it: short, quoted where it is text."""
    if isinstance(value, str) and _SECRET.search(value):
        return "a text that looks like a credential"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, int | float):
        return str(value)
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list | tuple) else "something else"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _duration_hint(value: Any) -> str:
    if _is_number(value) or (isinstance(value, str) and value.isdigit()):
        return f"say the unit: `{value}s`, `{value}ms` or `{value}m`"
    return "write a number and a unit (ms, s, m, h, d): `800ms`, `30s`, `1h30m`"


def _quantity_hint(value: Any) -> str:
    if _is_number(value) or (isinstance(value, str) and value.isdigit()):
        return f"say the unit: `{value}Gi`, `{value}Mi` or `{value}G`"
    loose = _LOOSE_QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if loose is None:
        return "write a number and a unit (Ki Mi Gi Ti Pi, or k M G T P): `80Gi`, `500M`"
    number, letter, binary = loose.groups()
    return f"did you mean `{number}{letter.upper() if binary or letter in 'mgtpMGTP' else 'k'}{binary.lower()}`?"


def _image_hint(value: Any) -> str:
    if isinstance(value, str) and value != value.lower() and _IMAGE.fullmatch(value.lower()):
        return "write the repository in lower case"
    return "write `registry/repository:tag`, with `@sha256:…` where the bytes must not move"


def pattern_of(code: Code, regex: str, expected: str, hint: str, *, longest: int = 253) -> Callable[[str], str]:
    """A validator for text of one grammar; raises PydanticCustomError with the given words."""
    compiled = re.compile(regex)

    def check(value: str) -> str:
        if len(value) > longest or not compiled.fullmatch(value):
            raise refusal(code, f"expected {expected}, found {shown(value)}", hint)
        return value

    return check


__all__ = ["CpuQuantity", "Duration", "ImageReference", "Percentage", "Quantity", "Text", "pattern_of", "shown"]
