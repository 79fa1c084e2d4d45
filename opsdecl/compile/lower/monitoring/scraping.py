"""Who is scraped, and how: by an object of the Prometheus Operator, or as part of a configuration of Prometheus."""

from typing import Any

from opsdecl.compile.lower.labels import PREFIX, VARIANT
from opsdecl.compile.lower.monitoring.series import DOCUMENT, ENVIRONMENT, ROLE, Watched, duration
from opsdecl.compile.lower.native.explainer import EXPLAIN
from opsdecl.compile.lower.native.transformer import TRANSFORM, behind_name
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.monitor import Scrape

PATH = "/metrics"
_VARIANT = "__meta_kubernetes_pod_label_opsdecl_dev_variant"
_ROLE_OF_POD = "__meta_kubernetes_pod_label_llm_d_ai_role"


def pod_monitor(watched: Watched, scrape: Scrape, port: str) -> dict[str, Any]:
    """The `spec` of a PodMonitor. Pods rather than the Service: they are found whatever makes them."""
    return {**_found(watched), "podMetricsEndpoints": [_endpoint(watched, scrape, port)]}


def service_monitor(watched: Watched, scrape: Scrape, port: str) -> dict[str, Any]:
    """The `spec` of a ServiceMonitor. The operator looks up the pods behind the Service, those that are not ready
    included, and gives each series its pod. Operators copy labels to Services of their own, so the name decides."""
    name = behind_name(watched.base) if TRANSFORM in _others(watched) else watched.base
    own = {"action": "keep", "sourceLabels": ["__meta_kubernetes_service_name"], "regex": name}
    endpoint = _endpoint(watched, scrape, port)
    return {**_found(watched), "endpoints": [{**endpoint, "relabelings": [own, *endpoint["relabelings"]]}]}


def _found(watched: Watched) -> dict[str, Any]:
    return {
        "selector": {"matchLabels": _labels(watched), **_but_others(watched)},
        "namespaceSelector": {"matchNames": [_namespace(watched)]},
    }


def _endpoint(watched: Watched, scrape: Scrape, port: str) -> dict[str, Any]:
    return {
        "port": port,
        "path": PATH,
        "interval": Traced(duration(scrape.interval.seconds), ("spec", "scrape", "interval")),
        "relabelings": [
            {"action": "replace", "targetLabel": DOCUMENT, "replacement": watched.name},
            {"action": "replace", "targetLabel": ENVIRONMENT, "replacement": watched.environment},
            *([{"action": "replace", "targetLabel": ROLE, "sourceLabels": [_ROLE_OF_POD]}] if watched.is_split else []),
        ],
    }


def scrape_config(watched: Watched, scrape: Scrape, port: str) -> dict[str, Any]:
    """One entry of `scrape_configs`, for a Prometheus that nobody operates."""
    labels = _labels(watched)
    found = [f"__meta_kubernetes_pod_label_{_as_label(name)}" for name in labels]
    return {
        "job_name": f"{_namespace(watched)}/{watched.name}",
        "metrics_path": PATH,
        "scrape_interval": duration(scrape.interval.seconds),
        "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [_namespace(watched)]}}],
        "relabel_configs": [
            {"source_labels": found, "regex": ";".join(labels.values()), "action": "keep"},
            *({"source_labels": [_VARIANT], "regex": each, "action": "drop"} for each in _others(watched)),
            {"source_labels": ["__meta_kubernetes_pod_container_port_name"], "regex": port, "action": "keep"},
            {"target_label": DOCUMENT, "replacement": watched.name},
            {"target_label": ENVIRONMENT, "replacement": watched.environment},
            *([{"target_label": ROLE, "source_labels": [_ROLE_OF_POD]}] if watched.is_split else []),
            {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
            {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
        ],
    }


def _labels(watched: Watched) -> dict[str, str]:
    """Of all pods of the model, whichever variant."""
    return {f"{PREFIX}/kind": watched.document.address.kind, f"{PREFIX}/base": watched.base}


def _but_others(watched: Watched) -> dict[str, Any]:
    others = _others(watched)
    return {"matchExpressions": [{"key": VARIANT, "operator": "NotIn", "values": others}]} if others else {}


def _others(watched: Watched) -> list[str]:
    """Variants of pods that carry the model's labels and are not its server: explainers, transformers."""
    spec = watched.document.effective["spec"]
    explained = bool((spec.get("explain") or {}).get("explainer"))
    return [*([EXPLAIN] if explained else []), *([TRANSFORM] if spec.get("transformer") else [])]


def _namespace(watched: Watched) -> str:
    return str(watched.document.effective["metadata"]["namespace"])


def _as_label(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)
