"""Documents, fields that may be asked for in them, and environments by what is installed there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import yaml

from opsdecl.flows.build import build
from opsdecl.flows.project import open_project
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT

Value = dict[str, Any]
_DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8,16}")

_ENVIRONMENT = yaml.safe_load("""
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: dev, owner: platform}
spec:
  extends: [base]
  targets: {main: {type: cluster, context: live}}
  namespaces: [assist]
  gateways: {public: {namespace: gateways, listeners: [https]}}
  capacity:
    pools:
      h100: {gpu: h100-80gb, nodes: 16, gpusPerNode: 8, reserve: 32, labels: {pool: h100}}
""")
_RUNTIMES = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: next}
spec: {engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: mlserver}
spec: {engine: mlserver, version: "1.7.1", image: "seldonio/mlserver:1.7.1"}
"""


class Answer(NamedTuple):
    """What is rendered, without names that follow from a digest of what was asked, and what is found."""

    objects: Mapping[str, Any]
    findings: frozenset[str]


class Asked(NamedTuple):
    """A field, and a value for it that is not the one it has."""

    path: str
    value: Any

    def __str__(self) -> str:
        return f"{self.path}: {yaml.safe_dump(self.value, default_flow_style=True).strip()}".removesuffix("\n...")


def asked(text: str) -> list[Asked]:
    """A line for each, `path: value` in YAML."""
    rows = (yaml.safe_load(line) for line in text.splitlines() if line.strip())
    return [Asked(path, value) for row in rows for path, value in row.items()]


def with_field(document: Value, field: Asked) -> Value:
    changed = deepcopy(document)
    *parents, last = ("spec", *field.path.split("."))
    inside = changed
    for name in parents:
        inside = inside.setdefault(name, {})
    inside[last] = field.value
    return changed


def answer(documents: Sequence[Value], platform: Mapping[str, str]) -> Answer:
    """Of one environment with that `platform`, and what it was told."""
    place = with_field(_ENVIRONMENT, Asked("platform", dict(platform)))
    files = {
        **MINIMAL_PROJECT,
        "environments/base/runtimes.yaml": _RUNTIMES,
        "environments/dev/environment.yaml": yaml.safe_dump(place),
        "environments/dev/documents.yaml": yaml.safe_dump_all(documents),
    }
    opened = open_project(MemoryTree(files))
    assert opened.value is not None, opened.diagnostics
    done = build(opened.value, "dev")
    found = opened.diagnostics + done.diagnostics
    assert done.value is not None, found
    objects = dict(_sealed(done.value.manifests.manifests))
    return Answer(objects, frozenset(f"{f.severity.word}[{f.code.id}] {f.message}" for f in found))


def _sealed(manifests: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """A run is named after what it does, so that it would look changed by any field."""
    for manifest in manifests:
        yield _DIGEST.sub("", str(manifest.key)), _without_digests(manifest.data)


def _without_digests(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_digests(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_digests(each) for each in value]
    return _DIGEST.sub("", value) if isinstance(value, str) else value
