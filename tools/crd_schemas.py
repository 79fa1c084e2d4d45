"""CustomResourceDefinitions of operators -> the schemas that rendered objects are checked with offline.

`python -m tools.crd_schemas FOLDER` reads what `tools/crds.sh fetch` brought to FOLDER (modules and sums: crds.tsv) and
writes `opsdecl/render/data/custom/`. Only what decides is kept: types, fields, required ones, choices, bounds,
rules in CEL and, where a kind has such rules, the defaults that they see.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from yaml import CSafeLoader, load

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "opsdecl" / "render" / "data" / "custom"
TABLE = ROOT / "tools" / "crds.tsv"

KINDS: Mapping[str, tuple[str, ...]] = {
    "argo-rollouts": ("AnalysisTemplate", "Rollout"),
    "envoy-gateway": ("EnvoyExtensionPolicy",),
    "external-secrets": ("ExternalSecret",),
    "keda": ("ScaledObject",),
    "gateway-api": ("HTTPRoute",),
    "gateway-api-inference-extension": ("InferencePool", "InferenceObjective", "InferenceModelRewrite"),
    "jobset": ("JobSet",),
    "kserve": ("InferenceService", "LLMInferenceService", "LLMInferenceServiceConfig"),
    "kueue": ("ClusterQueue", "LocalQueue", "ResourceFlavor"),
    "katib": ("Experiment",),
    "kubeflow-trainer": ("TrainJob",),
    "kuberay": ("RayJob",),
    "lws": ("LeaderWorkerSet",),
    "prometheus-operator": ("PodMonitor", "PrometheusRule", "ServiceMonitor"),
}
"""Kinds that opsdecl renders, by the row of the table that brings them."""

_MAY_BE_EMPTY = frozenset(("ResourceFlavor",))
"""Kinds that say enough by their name."""

_NAMES_ALONE = frozenset(("LLMInferenceServiceConfig",))
"""Kinds that are rendered without a spec; theirs is large."""

Schema = dict[str, Any]

_BOUNDS = ("pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")
_DECIDING = ("type", "format", "required", "enum", *_BOUNDS, "x-kubernetes-list-map-keys")
_RULES = "x-kubernetes-validations"
_TRANSITION = re.compile(r"\boldSelf\b")
_RULE_WORDS = frozenset(("rule", "message", "reason"))
_INLINE_FLAGS = re.compile(r"^\^(\(\?[ims]+\))")


def source_of(row: str) -> str:
    """`sigs.k8s.io/lws@v0.9.0`."""
    lines = (line.split("\t") for line in TABLE.read_text().splitlines())
    return next(cells[1] for cells in lines if cells[0] == row)


def generated(folder: Path) -> Iterator[tuple[str, str]]:
    """File names and contents, one for each kind, of the version that servers store."""
    for row, kinds in KINDS.items():
        for file in sorted((folder / row).glob("*.yaml")):
            for text in re.split(r"^---", file.read_text(), flags=re.MULTILINE):
                # Others need not be read, and one has a plain `=`, for which PyYAML's loaders have no constructor.
                if not any(f"kind: {kind}\n" in text for kind in kinds):
                    continue
                definition = load(text, CSafeLoader)
                if definition["spec"]["names"]["kind"] in kinds:
                    yield from _versions(definition["spec"], source_of(row))


def _versions(spec: Schema, source: str) -> Iterator[tuple[str, str]]:
    group, kind = spec["group"], spec["names"]["kind"]
    for version in spec["versions"]:
        if version["storage"]:
            schema = _whole(version["schema"]["openAPIV3Schema"], group, version["name"], kind)
            table = {"source": source, "schema": schema if _has_rules(schema) else _without_defaults(schema)}
            name = f"{kind.lower()}-{group}-{version['name']}.json"
            yield name, json.dumps(table, separators=(",", ":"), sort_keys=True) + "\n"


def _whole(schema: Schema, group: str, version: str, kind: str) -> Schema:
    """An object: its identity is fixed, its metadata is as Kubernetes has it, its status belongs to the operator."""
    listed = schema.get("properties", {})
    if kind in _NAMES_ALONE:
        listed = {name: child for name, child in listed.items() if name != "spec"}
    properties = {name: shortened(child) for name, child in listed.items() if name != "status"}
    properties["apiVersion"] = {"type": "string", "enum": [f"{group}/{version}"]}
    properties["kind"] = {"type": "string", "enum": [kind]}
    properties["metadata"] = {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    if not listed:
        # The definition takes whatever the operator's own admission takes.
        properties["spec"] = {"type": "object"}
        return {"type": "object", "properties": properties, "required": ["spec"], "additionalProperties": False}
    demanded = set() if kind in _MAY_BE_EMPTY | _NAMES_ALONE else {"spec"}
    required = sorted({*demanded, *schema.get("required", ())} & properties.keys())
    whole = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return whole | _rules(schema)


def shortened(schema: Schema) -> Schema:
    """Without texts. What a structural schema does not list is dropped by the API server, so it
    is refused here."""
    seen_by_rules = _rules(schema) | ({"default": schema["default"]} if "default" in schema else {})
    if schema.get("x-kubernetes-int-or-string"):
        return {"oneOf": [{"type": "integer"}, {"type": "string"}], **seen_by_rules}
    found: Schema = {name: schema[name] for name in _DECIDING if name in schema} | seen_by_rules
    if "pattern" in found:
        # Go takes flags after the anchor, Python only at the very start.
        found["pattern"] = _INLINE_FLAGS.sub(r"\1^", found["pattern"])
    if "items" in schema:
        found["items"] = shortened(schema["items"])
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict):
        found["additionalProperties"] = shortened(rest)
    if "properties" in schema:
        found["properties"] = {name: shortened(child) for name, child in schema["properties"].items()}
        if rest is None and not schema.get("x-kubernetes-preserve-unknown-fields"):
            found["additionalProperties"] = False
    return found


def _rules(schema: Schema) -> Schema:
    """Rules that an object alone is judged by: those that compare with an earlier state see nothing offline.

    Raises ValueError for a rule that says more than the offline check understands.
    """
    kept = []
    for rule in schema.get(_RULES, ()):
        if _TRANSITION.search(rule["rule"]):
            continue
        if unknown := rule.keys() - _RULE_WORDS:
            raise ValueError(f"`{', '.join(sorted(unknown))}` of the rule `{rule['rule']}` is not understood")
        kept.append({"rule": rule["rule"].strip(), "message": rule["message"]})
    return {_RULES: kept} if kept else {}


def _children(schema: Schema) -> Iterator[Schema]:
    yield from schema.get("properties", {}).values()
    yield from (schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict))


def _has_rules(schema: Schema) -> bool:
    return _RULES in schema or any(_has_rules(child) for child in _children(schema))


def _without_defaults(schema: Schema) -> Schema:
    for child in _children(schema):
        _without_defaults(child)
    schema.pop("default", None)
    return schema


def main(folder: Path) -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name, text in generated(folder):
        (OUTPUT / name).write_text(text)
        print(f"{name}: {len(text)} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
