"""Texts with a grammar: names, labels, addresses, versions, paths; and numbers that keep their type."""

import re
from ipaddress import ip_network
from math import isfinite
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, PlainValidator, Strict, WithJsonSchema

from opsdecl.addr import parse_path
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.declare import Word, refusal
from opsdecl.spec.kinds.scalars import Percentage, pattern_of, shown

T = TypeVar("T")

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_LABEL_PART = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_VERSION = r"v?\d+(?:\.\d+)*(?:[-+.]?[A-Za-z0-9]+)*"
_COMPARISON = r"(?:>=|<=|==|!=|~=|>|<)\s*\d+(?:\.\d+)*(?:\.\*)?"


_dns_label = pattern_of(
    codes.BAD_NAME, _LABEL, "a name", "use lower-case letters, digits and `-`, at most 63 characters", longest=63
)
_dns_subdomain = pattern_of(
    codes.BAD_NAME, rf"{_LABEL}(?:\.{_LABEL})*", "a name", "use lower-case letters, digits, `-` and `.`"
)
_resource_name = pattern_of(
    codes.BAD_NAME,
    rf"(?:{_LABEL}(?:\.{_LABEL})*/)?{_LABEL_PART}",
    "the name of a resource",
    "write it as the nodes report it, such as `nvidia.com/gpu`",
)
_catalog_name = pattern_of(
    codes.BAD_NAME,
    r"[a-z0-9](?:[-a-z0-9._]*[a-z0-9])?",
    "the name of a catalogue entry",
    "use lower-case letters, digits, `-`, `.` and `_`",
)
_gpu_name = pattern_of(
    codes.BAD_NAME,
    r"[a-z0-9](?:[-a-z0-9._]*[a-z0-9])?(?::[0-9]g\.[0-9]+gb(?:\.me)?)?",
    "the name of a GPU, or of a slice of one",
    "use lower-case letters, digits, `-`, `.` and `_`; a slice (MIG) is written `h100-80gb:3g.40gb`",
)
_label_key = pattern_of(
    codes.BAD_LABEL,
    rf"(?:{_LABEL}(?:\.{_LABEL})*/)?(?=.{{1,63}}$){_LABEL_PART}",
    "a label or annotation key",
    "write `name` or `example.com/name`; the name has at most 63 letters, digits, `-`, `_` and `.`",
    longest=317,
)
_label_value = pattern_of(
    codes.BAD_LABEL,
    rf"(?:{_LABEL_PART})?",
    "a label value",
    "use at most 63 letters, digits, `-`, `_` and `.`, starting and ending with a letter or digit",
    longest=63,
)
_document_pattern = pattern_of(
    codes.BAD_NAME,
    r"[A-Z][A-Za-z]*\.[-a-z0-9*]+",
    "a document, or a pattern of documents",
    "write kind and name as in `LLM.chat`; `*` stands for any characters of the name: `LLM.legacy-*`",
    longest=160,
)
_alert_name = pattern_of(
    codes.BAD_NAME, r"[A-Z][A-Za-z0-9]{0,62}", "the name of an alert", "write words together: `RequestsWait`"
)
_metric_name = pattern_of(
    codes.BAD_NAME,
    r"[A-Za-z_:][A-Za-z0-9_:]*",
    "the name of a metric",
    "use letters, digits, `_` and `:`, not starting with a digit",
)
_series_label = pattern_of(
    codes.BAD_LABEL,
    r"(?!__)[A-Za-z_][A-Za-z0-9_]*",
    "a label of Prometheus",
    "use letters, digits and `_`, not starting with a digit or `__`",
)
_env_name = pattern_of(
    codes.BAD_ENV_NAME,
    r"[A-Za-z_][A-Za-z0-9_]*",
    "the name of an environment variable",
    "use letters, digits and `_`, not starting with a digit",
)
_digest = pattern_of(
    codes.BAD_DIGEST, r"sha256:[0-9a-f]{64}", "a digest", "write `sha256:` and 64 hexadecimal digits in lower case"
)
_version = pattern_of(codes.BAD_VERSION, _VERSION, "a version", 'write it in quotes, such as `"0.33.0"`')
_requirement = pattern_of(
    codes.BAD_VERSION,
    rf"{_COMPARISON}(?:\s*,\s*{_COMPARISON})*",
    "a version requirement",
    'write comparisons, such as `">=0.1"` or `">=0.1,<0.3"`',
)
_kubernetes_version = pattern_of(
    codes.BAD_VERSION, r"1\.\d{2}", "a Kubernetes version", 'write major and minor in quotes, such as `"1.37"`'
)
_hub_uri = pattern_of(
    codes.BAD_URI, r"hf://[\w.-]+/[\w.-]+", "an address of a model hub", "write `hf://organisation/name`"
)
_s3_uri = pattern_of(
    codes.BAD_URI, r"s3://[a-z0-9][a-z0-9.-]*(?:/.*)?", "an S3 address", "write `s3://bucket/path`", longest=2048
)
_gcs_uri = pattern_of(
    codes.BAD_URI, r"gs://[a-z0-9][a-z0-9._-]*(?:/.*)?", "a bucket's address", "write `gs://bucket/path`", longest=2048
)
_source_uri = pattern_of(
    codes.BAD_URI,
    r"(?:s3|gs|pvc|oci|https|hf)://[^\s/]+(?:/\S*)?",
    "where the model lies",
    "write an address that begins with s3://, gs://, pvc://, oci://, https:// or hf://",
    longest=2048,
)
_web_url = pattern_of(
    codes.BAD_URI, r"https?://[^\s/]+(?:/\S*)?", "a web address", "write `https://host/path`", longest=2048
)
_absolute_path = pattern_of(codes.BAD_PATH, r"/[^\0]*", "an absolute path", "begin the path with `/`", longest=4096)
_hostname = pattern_of(
    codes.BAD_NAME,
    rf"(?:\*\.)?(?:{_LABEL}\.)*[a-z](?:[-a-z0-9]*[a-z0-9])?",
    "a host name",
    "write `chat.example.com`, or `*.example.com` for all names below it",
    longest=253,
)
_request_path = pattern_of(
    codes.BAD_PATH,
    r"(?!.*//)(?!.*/\.{1,2}(?:/|$))(?!.*%2[fF])/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*",
    "the path of a request",
    "begin it with `/`; letters, digits and `-._~!$&'()*+,;=:@%` may follow, but neither `//` nor `/../`",
    longest=1024,
)
_revision = pattern_of(
    codes.BAD_VERSION, r"[A-Za-z0-9][\w./-]*", "a revision", "write a commit id, or the name of a branch or tag"
)


def _cidr(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError as problem:
        hint = "write an address and the bits that count, such as `10.2.0.0/16`"
        raise refusal(codes.BAD_NAME, f"expected addresses, found {shown(value)}: {problem}", hint) from None


def _not_empty(value: str) -> str:
    if not value.strip():
        raise refusal(codes.EMPTY_VALUE, "expected a text, found an empty one", "write a value, or remove the field")
    return value


def _relative_path(value: str) -> str:
    if not value or value.startswith("/") or ".." in value.split("/") or "\0" in value or "\\" in value:
        hint = "write it relative to the project's root, without `..`"
        raise refusal(codes.BAD_PATH, f"expected a file of this project, found {shown(value)}", hint)
    return value


def _field_path(value: str) -> str:
    try:
        parse_path(value)
    except ValueError:
        hint = "write it as `spec.template.spec.containers[0].image`"
        raise refusal(codes.BAD_PATH, f"expected a field path, found {shown(value)}", hint) from None
    return _not_empty(value)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise refusal(codes.WRONG_TYPE, f"expected a number, found {shown(value)}", _unquoted(value))
    return value


def _positive_number(value: Any) -> int | float:
    if _number(value) <= 0:
        raise refusal(codes.OUT_OF_RANGE, f"expected more than 0, found {value}", "write a positive number")
    return _number(value)


def _count_or_percentage(value: Any) -> int | Percentage:
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise refusal(codes.OUT_OF_RANGE, f"expected at least 0, found {value}", "write 0 or more")
        return value
    if isinstance(value, str) and re.fullmatch(r"\d+", value):
        raise refusal(codes.WRONG_TYPE, f"expected a whole number, found {shown(value)}", _unquoted(value))
    return Percentage.parse(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, str | bool | int | float):
        return value
    hint = "write a text, a number, true or false"
    raise refusal(codes.WRONG_TYPE, f"expected a single value, found {shown(value)}", hint)


def _unquoted(value: Any) -> str:
    is_number = isinstance(value, str) and re.fullmatch(r"-?\d+(?:\.\d+)?", value)
    return f"remove the quotes: `{value}`" if is_number else "write a number"


Items = Annotated[tuple[T, ...], Strict(False)]
"""A list in YAML, a tuple here; the items stay strict."""

DnsLabel = Annotated[
    str, Word("name"), AfterValidator(_dns_label), WithJsonSchema({"type": "string", "pattern": f"^{_LABEL}$"})
]
Cidr = Annotated[str, Word("addresses"), AfterValidator(_cidr)]
DnsSubdomain = Annotated[str, Word("name"), AfterValidator(_dns_subdomain)]
ResourceName = Annotated[str, Word("resource name"), AfterValidator(_resource_name)]
CatalogName = Annotated[str, Word("name"), AfterValidator(_catalog_name)]
GpuName = Annotated[str, Word("name"), AfterValidator(_gpu_name)]
LabelKey = Annotated[str, Word("label key"), AfterValidator(_label_key)]
LabelValue = Annotated[str, Word("label value"), AfterValidator(_label_value)]
DocumentPattern = Annotated[str, Word("document"), AfterValidator(_document_pattern)]
AlertName = Annotated[str, Word("alert name"), AfterValidator(_alert_name)]
MetricName = Annotated[str, Word("metric name"), AfterValidator(_metric_name)]
SeriesLabel = Annotated[str, Word("label name"), AfterValidator(_series_label)]
EnvName = Annotated[str, Word("variable name"), AfterValidator(_env_name)]
Digest = Annotated[
    str, Word("digest"), AfterValidator(_digest), WithJsonSchema({"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"})
]
Version = Annotated[str, Word("version"), AfterValidator(_version)]
VersionRequirement = Annotated[str, Word("version requirement"), AfterValidator(_requirement)]
KubernetesVersion = Annotated[
    str,
    Word("Kubernetes version"),
    AfterValidator(_kubernetes_version),
    WithJsonSchema({"type": "string", "pattern": r"^1\.\d{2}$"}),
]
HubUri = Annotated[
    str, Word("hub address"), AfterValidator(_hub_uri), WithJsonSchema({"type": "string", "pattern": "^hf://"})
]
S3Uri = Annotated[
    str, Word("S3 address"), AfterValidator(_s3_uri), WithJsonSchema({"type": "string", "pattern": "^s3://"})
]
GcsUri = Annotated[
    str, Word("bucket address"), AfterValidator(_gcs_uri), WithJsonSchema({"type": "string", "pattern": "^gs://"})
]
SourceUri = Annotated[
    str,
    Word("address"),
    AfterValidator(_source_uri),
    WithJsonSchema({"type": "string", "pattern": "^(s3|gs|pvc|oci|https|hf)://"}),
]
WebUrl = Annotated[
    str, Word("web address"), AfterValidator(_web_url), WithJsonSchema({"type": "string", "pattern": "^https?://"})
]
AbsolutePath = Annotated[
    str, Word("absolute path"), AfterValidator(_absolute_path), WithJsonSchema({"type": "string", "pattern": "^/"})
]
Hostname = Annotated[str, Word("host name"), AfterValidator(_hostname)]
RequestPath = Annotated[str, Word("request path"), AfterValidator(_request_path)]
Revision = Annotated[str, Word("revision"), AfterValidator(_revision)]
NonEmpty = Annotated[str, Word("text"), AfterValidator(_not_empty), WithJsonSchema({"type": "string", "minLength": 1})]
RelativePath = Annotated[str, Word("file path"), AfterValidator(_relative_path)]
FieldPath = Annotated[str, Word("field path"), AfterValidator(_field_path)]
Number = Annotated[int | float, Word("number"), PlainValidator(_number), WithJsonSchema({"type": "number"})]
PositiveNumber = Annotated[
    int | float,
    Word("positive number"),
    PlainValidator(_positive_number),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
CountOrPercentage = Annotated[
    int | Percentage,
    Word("whole number or percentage"),
    PlainValidator(_count_or_percentage),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?%$"}]}),
]
Scalar = Annotated[
    str | bool | int | float,
    Word("single value"),
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "boolean", "integer", "number"]}),
]
