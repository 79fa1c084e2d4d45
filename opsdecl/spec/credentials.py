"""Literal credentials in a spec: found by their form, or by the key that they stand under. Never shown."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from math import log2

from msgspec import Struct

from opsdecl.diag.types import SpecPath
from opsdecl.spec.types import Json

MASK = "(sensitive)"


class _Form(Struct, frozen=True):
    """`needle` is a cheap test whether `pattern` can match at all; group 1 is the credential."""

    what: str
    needle: str
    pattern: re.Pattern[str]
    random: bool = False


def _form(what: str, needle: str, pattern: str, *, random: bool = False) -> _Form:
    return _Form(what, needle, re.compile(pattern), random)


# Without it, a text of many beginnings would be scanned to its end from each of them.
_NOT_INSIDE = r"(?<![A-Za-z0-9_-])"

_FORMS = (
    _form("a Hugging Face token", "hf_", r"\b(hf_[A-Za-z0-9]{30,})"),
    _form("an AWS access key", "AKIA", r"\b(AKIA[A-Z0-9]{16})\b"),
    _form("an AWS access key", "ASIA", r"\b(ASIA[A-Z0-9]{16})\b"),
    _form("a GitHub token", "gh", r"\b(gh[pousr]_[A-Za-z0-9]{30,})"),
    _form("a GitHub token", "github_pat_", r"\b(github_pat_[A-Za-z0-9_]{22,})"),
    _form("a GitLab token", "glpat-", _NOT_INSIDE + r"(glpat-[A-Za-z0-9_-]{20,})"),
    _form("a Slack token", "xox", _NOT_INSIDE + r"(xox[abprs]-[A-Za-z0-9-]{10,})"),
    _form("an API key", "sk-", _NOT_INSIDE + r"(sk-[A-Za-z0-9_-]{20,})", random=True),
    _form("an NVIDIA API key", "nvapi-", _NOT_INSIDE + r"(nvapi-[A-Za-z0-9_-]{20,})", random=True),
    _form("a Google API key", "AIza", r"\b(AIza[A-Za-z0-9_-]{35})"),
    _form("an npm token", "npm_", r"\b(npm_[A-Za-z0-9]{36})"),
    _form("a PyPI token", "pypi-", _NOT_INSIDE + r"(pypi-[A-Za-z0-9_-]{50,})"),
    _form("a storage key", "AccountKey=", r"AccountKey=([A-Za-z0-9+/=]{40,})"),
    _form(
        "a JSON web token",
        "eyJ",
        _NOT_INSIDE + r"(eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})",
    ),
    _form(
        "a private key",
        "PRIVATE KEY-----",
        r"(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?)",
    ),
    _form("a password in a URL", "://", r"://[^\s/:@'\"${}]{0,64}:([^\s/@'\"${}<>*]{1,200})@"),
    _form(
        "a key on a command line", "--", r"--(?:api-key|token|password|hf-token)[= ]([A-Za-z0-9_-]{8,})", random=True
    ),
)

_KEY = re.compile(
    r"(?:^|[_.-])(?:passwd|password|passphrase|token|secret|(?:api|access|private|secret|signing|encryption)[_-]?key)$"
)
_PASSWORD_KEY = re.compile(r"(?:passwd|password|passphrase)$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[A-Za-z]{1,20}[0-9]{0,4}|[0-9]{1,4}")
_SEPARATORS = re.compile(r"[-._/: ]+")
# `secret: models-8f2t9b6mdk` refers to a Secret whose name ends in a hash.
_SECRET_NAME = re.compile(r"(?=[a-z0-9.]*-)[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_PLACEHOLDER = re.compile(r"\$\{|\$\(|^<.*>$|^\*+$|^/|^\(sensitive\)$")


class Hit(Struct, frozen=True):
    """A credential in a text, in characters. `what` names its form, never its content."""

    start: int
    end: int
    what: str


def find_in_text(text: str) -> list[Hit]:
    """All credentials that show themselves by their form, comments included, in order, without overlaps."""
    hits = [hit for form in _FORMS if form.needle in text for hit in _matches(form, text)]
    hits.sort(key=lambda hit: (hit.start, -hit.end))
    kept: list[Hit] = []
    for hit in hits:
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return kept


def _matches(form: _Form, text: str) -> Iterator[Hit]:
    for match in form.pattern.finditer(text):
        if not form.random or looks_random(match[1]):
            yield Hit(match.start(1), match.end(1), form.what)


def mask_text(text: str) -> str:
    """The text with every credential that shows itself replaced."""
    for hit in reversed(find_in_text(text)):
        text = f"{text[: hit.start]}{MASK}{text[hit.end :]}"
    return text


def masked(value: Json) -> Json:
    """A copy in which no text, key or value, holds a credential that shows itself."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, dict):
        return {mask_text(key): masked(item) for key, item in value.items()}
    return value


def find_under_keys(value: Json, path: SpecPath = ()) -> Iterator[SpecPath]:
    """Paths of values that stand under a key such as `password` and are no reference, placeholder or name."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from find_under_keys(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from find_under_keys(item, (*path, key))
            elif _is_credential(_naming_key(key, value), item):
                yield (*path, key)


def masked_under_keys(value: Json) -> Json:
    """A copy with MASK in every place that `find_under_keys` finds."""
    if isinstance(value, list):
        return [masked_under_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: MASK if _is_credential(_naming_key(key, value), item) else masked_under_keys(item)
        for key, item in value.items()
    }


def _naming_key(key: str, mapping: dict[str, Json]) -> str:
    """The key, or the name in `{name: HF_TOKEN, value: …}`."""
    name = mapping.get("name") if key == "value" else key
    return name if isinstance(name, str) else key


def looks_random(text: str) -> bool:
    """Whether a text looks like a generated key rather than a name: long, mixed, not made of words and numbers."""
    pieces = [piece for piece in _SEPARATORS.split(text.replace("_", "-")) if piece]
    if len(text) < 16 or all(_WORD.fullmatch(piece) for piece in pieces):
        return False
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text) and _entropy(text) >= 3.0


def _entropy(text: str) -> float:
    """Bits for each character."""
    counts = Counter(text).values()
    return -sum(n / len(text) * log2(n / len(text)) for n in counts)


def _is_credential(key: str, value: Json) -> bool:
    kind = _kind_of_key(key)
    if kind is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    text = str(value)
    if not text or _PLACEHOLDER.search(text) or (key == "secret" and _SECRET_NAME.fullmatch(text)):
        return False
    return kind == "password" or looks_random(text)


@lru_cache(maxsize=4096)
def _kind_of_key(key: str) -> str | None:
    """`password`: any text under it is one. `key`: only text that looks random, since names stand there too."""
    plain = _CAMEL.sub("_", key).lower()
    if not _KEY.search(plain):
        return None
    return "password" if _PASSWORD_KEY.search(plain) else "key"
