"""What pods of a language model may reach where a policy names the way out: all that their document names. What has no
address that a policy can name is found."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from opsdecl.addr import format_path
from opsdecl.compile.judged import ROOT as JUDGE
from opsdecl.compile.lower.labels import PREFIX, selector_of_all
from opsdecl.compile.lower.native.network import NAMESPACE_NAME, peer_of
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Traced
from opsdecl.diag import Diagnostic, Severity, SpecPath
from opsdecl.diag.codes import tracing as codes
from opsdecl.spec.kinds.adapter import HubAdapter
from opsdecl.spec.kinds.environment import EgressPeer
from opsdecl.spec.kinds.llm import LLMSpec
from opsdecl.spec.kinds.weights import HubSource, S3Source
from opsdecl.spec.types import Json

HUB = "huggingface.co"
OPENING = "networkPolicy: {egress: [{cidr: 0.0.0.0/0, ports: [443]}]}"
_NAMES = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}
"""Whoever answers: a node may have a cache of its own, outside the network of pods."""
_SOURCE: SpecPath = ("spec", "weights", "source")
_WRITTEN: tuple[SpecPath, ...] = (
    ("spec", "engine", "env"),
    ("spec", "engine", "args"),
    ("spec", "prefill", "engine", "env"),
    ("spec", "prefill", "engine", "args"),
    ("spec", "guardrails", "env"),
    ("spec", "guardrails", "config", "text"),
    ("guardrails", "config"),
    ("runtime", "env"),
    ("runtime", "args"),
)
"""Where people write addresses that opsdecl knows nothing of."""
_URL = re.compile(r"https?://([^\s/:\"',}\])]+|\[[0-9a-f:]+\])(?::\d+)?")
_HERE = frozenset(("localhost", "127.0.0.1", "0.0.0.0", "[::1]"))


class Unnamed(NamedTuple):
    """Something that is needed from an address that no policy can name."""

    path: SpecPath
    said: str
    severity: Severity | None = None


def ways_out(subject: Subject, spec: LLMSpec, collector: Mapping[str, Any]) -> list[Any]:
    """Rules of egress; `collector` is the one to where traces go."""
    rules: list[Any] = [_NAMES, dict(collector)]
    if subject.is_split or (spec.accelerator is not None and spec.accelerator.spans > 1):
        rules.append({"to": [{"podSelector": {"matchLabels": selector_of_all(subject)}}]})
    judge = subject.document.effective.get(JUDGE)
    if isinstance(judge, Mapping):
        rules.append(Traced(_judge(str(judge["address"])), ("spec", "guardrails", "judge")))
    opened = subject.environment.network_policy.egress
    return [*rules, *(_opened(peer) for peer in opened)]


def kept_in(subject: Subject, spec: LLMSpec) -> Iterator[Diagnostic]:
    """Errors: weights, adapters, the API server. Warnings: addresses in variables, flags and configuration."""
    if subject.environment.network_policy.egress:
        return
    name, where = str(subject.document.address), subject.environment_name
    for found in (*_fetched(subject, spec), *_asked(subject), *_written(subject)):
        yield Diagnostic(
            codes.KEPT_IN,
            f"`tracing.egress` of {where} keeps pods of {name} in, and {found.said}",
            at=subject.place(found.path),
            hint=f"say in the Environment what they may reach, such as `{OPENING}`, or remove `tracing.egress`",
            severity_override=found.severity,
            subject=name,
        )


def _judge(address: str) -> dict[str, Any]:
    """Of the address `http://shield.safety/v1`: the judge's pods, at the port that its Service asks."""
    base, _, namespace = str(urlsplit(address).hostname).partition(".")
    peer = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: namespace}},
        "podSelector": {"matchLabels": {f"{PREFIX}/kind": "LLM", f"{PREFIX}/base": base}},
    }
    return {"to": [peer], "ports": [{"protocol": "TCP", "port": "http"}]}


def _opened(peer: EgressPeer) -> dict[str, Any]:
    to = {"ipBlock": {"cidr": peer.cidr}} if peer.cidr else peer_of(peer)
    return {"to": [to], "ports": [{"protocol": "TCP", "port": port} for port in peer.ports]}


def _fetched(subject: Subject, spec: LLMSpec) -> Iterator[Unnamed]:
    """Volumes and images come by the node, which no policy of pods holds."""
    source = spec.weights.source
    if isinstance(source, HubSource) and not spec.weights.offline:
        yield Unnamed(_SOURCE if source.endpoint else ("spec", "model"), f"its weights come from {_host(source)}")
    if isinstance(source, S3Source):
        yield Unnamed((*_SOURCE, "uri"), f"its weights come from {_host(source) if source.endpoint else source.uri}")
    hub = source if isinstance(source, HubSource) else None
    for index, adapter in enumerate(subject.adapters):
        if isinstance(adapter.spec.source, HubAdapter):
            yield Unnamed(("spec", "adapters", index), f"adapter `{adapter.name}` comes from {_host(hub)}")


def _host(source: HubSource | S3Source | None) -> str:
    return urlsplit(source.endpoint).hostname or source.endpoint if source and source.endpoint else HUB


def _asked(subject: Subject) -> Iterator[Unnamed]:
    if subject.is_split and subject.environment.platform.serving == "kserve":
        yield Unnamed(("spec", "prefill"), "KServe's sidecar asks the API server which pods may work prompts out")


def _written(subject: Subject) -> Iterator[Unnamed]:
    effective = (subject.whole or subject.document).effective
    for root in _WRITTEN:
        for path, url in _urls(_at(effective, root), root):
            said, runtime = format_path(path[1:] if path[0] == "spec" else path), path[0] == "runtime"
            at: SpecPath = ("spec", "runtime") if runtime else path
            yield Unnamed(at, f"`{said}` names {url}", Severity.WARNING)


def _at(value: Json, path: SpecPath) -> Json:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _urls(value: Json, path: SpecPath) -> Iterator[tuple[SpecPath, str]]:
    """Addresses of other pods and hosts, each with its path."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _urls(inner, (*path, name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _urls(inner, (*path, index))
    elif isinstance(value, str):
        yield from ((path, found[0]) for found in _URL.finditer(value) if found[1] not in _HERE)
