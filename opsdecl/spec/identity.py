"""A parsed document -> who it is: apiVersion, kind, name. What it says is for the kinds to judge."""

import re
from collections.abc import Callable, Mapping

from opsdecl.addr import digest_of
from opsdecl.diag import Diagnostic, Place, SpecPath
from opsdecl.diag.codes import source as codes
from opsdecl.diag.nearest import nearest
from opsdecl.diag.types import Code
from opsdecl.spec.scalars import short
from opsdecl.spec.types import Document, Json

API_VERSION = "opsdecl.dev/v1"

_KUBERNETES_VERSION = re.compile(r"([a-z0-9.-]+/)?v\d+((alpha|beta)\d+)?")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_START = f"begin it with `apiVersion: {API_VERSION}`, `kind` and `metadata`"


def identify(file: str, index: int, value: Json, digest: str = "") -> Document | tuple[Diagnostic, ...]:
    """The document, or why it cannot be told what it is. `digest` is computed where it is not known."""
    if not isinstance(value, dict):
        message = f"the document is {_describe(value)}, not a mapping"
        return (Diagnostic(codes.NOT_A_DOCUMENT, message, Place(file, index), hint=_START),)
    foreign = _api_version(file, index, value)
    if foreign is not None:
        return (foreign,)
    found = tuple(d for d in (_kind(file, index, value), _name(file, index, value)) if d is not None)
    if found:
        return found
    name = value["metadata"]["name"]
    return Document(file, index, value["kind"], name, API_VERSION, value, digest or digest_of(value))


def _api_version(file: str, index: int, value: Mapping[str, Json]) -> Diagnostic | None:
    version = value.get("apiVersion")
    if version == API_VERSION:
        return None
    if version is None:
        return Diagnostic(codes.API_VERSION, "the document has no `apiVersion`", Place(file, index), hint=_START)
    at = Place(file, index, ("apiVersion",))
    if not isinstance(version, str):
        message = f"`apiVersion` is {_describe(version)}, not text"
        return Diagnostic(codes.API_VERSION, message, at, hint=f"write {API_VERSION}")
    if _is_kubernetes(version):
        kind = value.get("kind")
        what = f"`{short(kind)}` of `{short(version)}`" if isinstance(kind, str) else f"an object of `{short(version)}`"
        message = f"{what} is a plain Kubernetes object, which is not read here"
        hint = "move it out of `environments/`, or declare what it does with a kind of opsdecl"
        return Diagnostic(codes.KUBERNETES_OBJECT, message, at, hint=hint)
    return Diagnostic(codes.API_VERSION, f"unknown apiVersion `{short(version)}`", at, hint=f"write {API_VERSION}")


def _is_kubernetes(version: str) -> bool:
    close = version.split("/")[0] == "opsdecl.dev" or nearest(version, [API_VERSION]) is not None
    return not close and _KUBERNETES_VERSION.fullmatch(version) is not None


def _kind(file: str, index: int, value: Mapping[str, Json]) -> Diagnostic | None:
    kind = value.get("kind")
    if kind is None:
        return Diagnostic(codes.KIND, "the document has no `kind`", Place(file, index), hint="add it, as `kind: LLM`")
    if isinstance(kind, str) and _KIND.fullmatch(kind):
        return None
    shown = f"`{short(kind)}`" if isinstance(kind, str) and kind else _describe(kind)
    message = f"`kind` is {shown}, which is not the name of a kind"
    return Diagnostic(codes.KIND, message, Place(file, index, ("kind",)), hint="write a name, as `kind: LLM`")


def _name(file: str, index: int, value: Mapping[str, Json]) -> Diagnostic | None:
    def finding(message: str, path: SpecPath, hint: str, code: Code = codes.NAME) -> Diagnostic:
        return Diagnostic(code, message, Place(file, index, path), hint=hint)

    metadata = value.get("metadata")
    if metadata is None:
        return finding("the document has no `metadata.name`", (), "add `metadata: {name: …}`")
    if not isinstance(metadata, dict):
        return finding(f"`metadata` is {_describe(metadata)}, not a mapping", ("metadata",), "write {name: …}")
    if metadata.get("name") is None:
        return finding("the document has no `metadata.name`", ("metadata",), "add `name`")
    return _name_text(metadata["name"], finding)


def _name_text(name: Json, finding: Callable[[str, SpecPath, str], Diagnostic]) -> Diagnostic | None:
    path: SpecPath = ("metadata", "name")
    if not isinstance(name, str):
        hint = f'write "{name}"' if isinstance(name, int) and not isinstance(name, bool) else "write a text"
        return finding(f"`metadata.name` is {_describe(name)}, not text", path, hint)
    if "${{" in name:
        return finding("`metadata.name` is the identity of the document and cannot be computed", path, "write it out")
    if _NAME.fullmatch(name):
        return None
    if len(name) > 63:
        return finding(f"the name has {len(name)} characters, and 63 is the most", path, "shorten it")
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    hint = f"write {plain}" if plain else "use lower-case letters, digits and dashes"
    return finding(f"the name `{short(name)}` is not made of lower-case letters, digits and dashes", path, hint)


def _describe(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names: Mapping[type, str] = {dict: "a mapping", list: "a list", str: "text" if value else "empty text"}
    return names.get(type(value), "a number")
