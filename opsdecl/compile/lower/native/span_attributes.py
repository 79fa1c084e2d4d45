"""What every span of a model's pods says of where its answers come from: attributes of OpenTelemetry's resource.

Names without `opsdecl.` are those of OpenTelemetry's conventions. Nothing is in here that changes while answers stay,
since pods restart with it.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from opsdecl.addr import digest_of_bytes
from opsdecl.compile.answers import answers_digest
from opsdecl.compile.lower.subject import Subject
from opsdecl.spec.kinds.llm import LLMSpec

COMPOSITION = "opsdecl.composition"
_SHORT = 12
_PLAIN = "/:@"
"""Characters that W3C Baggage, whose form the variable has, takes as they are."""


def resource_attributes(subject: Subject, spec: LLMSpec, engine: str) -> str:
    """The text of OTEL_RESOURCE_ATTRIBUTES, sorted by name."""
    found = {name: value for name, value in _attributes(subject, spec, engine) if value}
    return ",".join(f"{name}={quote(str(found[name]), safe=_PLAIN)}" for name in sorted(found))


def first_name(subject: Subject) -> str:
    """The name that the document had first, which a renaming leaves."""
    metadata = subject.metadata
    return metadata.moved_from[0] if metadata.moved_from else metadata.name


def _attributes(subject: Subject, spec: LLMSpec, engine: str) -> Iterator[tuple[str, Any]]:
    document = subject.whole or subject.document
    composition = answers_digest(document.address.kind, document.effective, document.references)
    yield COMPOSITION, composition
    yield "service.version", composition.removeprefix("sha256:")[:_SHORT]
    yield "service.namespace", subject.project
    yield "deployment.environment.name", subject.environment_name
    yield "k8s.namespace.name", subject.namespace
    yield "gen_ai.provider.name", engine if engine != "custom" else ""
    yield from _only_name(subject, spec)
    yield "opsdecl.project", subject.project
    yield "opsdecl.environment", subject.environment_name
    yield "opsdecl.document", f"{document.address.kind}.{first_name(subject)}"
    yield from _model(document.effective)
    for adapter in subject.adapters:
        yield f"opsdecl.adapter.{adapter.name}", _pinned(document.effective[adapter.root])
        yield from _made(f"opsdecl.adapter.{adapter.name}.", adapter.trained)


def _only_name(subject: Subject, spec: LLMSpec) -> Iterator[tuple[str, Any]]:
    """Of a pod it is known only where requests have no choice."""
    names = spec.served_names or (subject.metadata.name,)
    if len(names) == 1 and not subject.adapters:
        yield "gen_ai.request.model", names[0]


def _model(effective: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    facts, trained = effective.get("model") or {}, effective.get("training") or {}
    if not trained:
        yield "opsdecl.model.uri", facts.get("uri")
        yield "opsdecl.model.revision", facts.get("revision")
    yield from _made("opsdecl.", trained)
    template = effective.get("chatTemplate") or (effective["spec"].get("chatTemplate") or {}).get("text")
    if isinstance(template, str):
        yield "opsdecl.chat_template.digest", digest_of_bytes(template.encode())


def _made(prefix: str, trained: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The run that made it, and each dataset as it was prepared for that."""
    if trained:
        yield f"{prefix}training.run", f"{trained['name']}-{trained['run']}"
    for name, data in (trained.get("datasets") or {}).items():
        yield f"{prefix}data.{name}", data.get("content")


def _pinned(adapter: Mapping[str, Any]) -> str:
    source = adapter["source"]
    address = source.get("uri") or source.get("image") or ""
    if source["type"] == "pvc":
        address = f"pvc://{source['claim']}/{source.get('path', '').strip('/')}"
    revision = source.get("revision")
    return f"{address}@{revision}" if revision else str(address)
