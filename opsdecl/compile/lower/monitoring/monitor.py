"""A Monitor -> rules, monitors and a dashboard for the Prometheus Operator, or the same as files in ConfigMaps."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import json as formatting

from opsdecl.compile.costs import currency_of, price_of
from opsdecl.compile.lower.monitoring.dashboard import dashboard
from opsdecl.compile.lower.monitoring.measures import measuring
from opsdecl.compile.lower.monitoring.rules import rule_groups
from opsdecl.compile.lower.monitoring.scraping import pod_monitor, scrape_config, service_monitor
from opsdecl.compile.lower.monitoring.series import Watched
from opsdecl.compile.lower.names import object_name, text_hash
from opsdecl.compile.lower.native.guardrails import ENGINE
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import CompiledDocument, Resource, Traced
from opsdecl.compile.watched import engine_of, signals_of
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import render as codes
from opsdecl.spec.kinds.monitor import MonitorSpec

API = "monitoring.coreos.com/v1"
MONITORS = {"pod": (pod_monitor, "PodMonitor"), "service": (service_monitor, "ServiceMonitor")}
"""By `scrape.by`."""
SIDECAR = {"grafana_dashboard": "1"}
"""The label by which the sidecar of Grafana's chart finds dashboards."""
FOLDER = "grafana_folder"
LARGEST_BYTES = 1024 * 1024
"""What Kubernetes takes as the data of a ConfigMap; the store below it takes little more of any object."""


def lower_monitor(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: an object that would be too large."""
    spec: MonitorSpec = subject.document.model.spec
    watched = tuple(_watched(subject, document) for document in subject.watched)
    groups = rule_groups(subject, spec, watched)
    operated = subject.environment.platform.monitoring == "prometheus-operator"
    make = _operated if operated else _files
    resources = [*make(subject, spec, watched, groups), *_dashboard(subject, spec, watched), *measuring(subject, spec)]
    return Checked(tuple(resources), tuple(_too_large(subject, resources)))


def _watched(subject: Subject, document: CompiledDocument) -> Watched:
    root = next(root for root, address in subject.document.references.items() if address == document.address)
    accelerator = document.effective["spec"].get("accelerator")
    budget = subject.environment.budget
    settings: Mapping[str, Any] = {
        "budget": {"currency": budget.currency} if budget else None,
        "capacity": {"pools": subject.pools},
    }
    price = price_of(accelerator, settings, subject.catalog) if accelerator else None
    return Watched(
        document=document,
        root=root,
        environment=subject.environment_name,
        signals=signals_of(*engine_of(document)),
        hourly=price.amount * accelerator["count"] if price is not None and accelerator else None,
        currency=currency_of(settings),
    )


def _operated(
    subject: Subject, spec: MonitorSpec, watched: Sequence[Watched], groups: list[dict[str, Any]]
) -> Iterator[Resource]:
    if groups:
        yield make_resource(subject, "rules", API, "PrometheusRule", {"spec": {"groups": groups}})
    for each in _scraped(spec, watched):
        make, kind = MONITORS[spec.scrape.by]
        inputs = {"spec": make(each, spec.scrape, _port(each))}
        role = f"scrape-{each.document.address.kind.lower()}-{each.base}"
        yield make_resource(subject, role, API, kind, inputs, name=object_name(subject.base, role))


def _files(
    subject: Subject, spec: MonitorSpec, watched: Sequence[Watched], groups: list[dict[str, Any]]
) -> Iterator[Resource]:
    """The files of a Prometheus that nobody operates: `rule_files` and `scrape_config_files` name them."""
    data = {"rules.yaml": _text({"groups": groups})} if groups else {}
    configs = [scrape_config(each, spec.scrape, _port(each)) for each in _scraped(spec, watched)]
    if configs:
        data["scrape.yaml"] = _text({"scrape_configs": configs})
    if data:
        traced = {name: Traced(text, ("spec",)) for name, text in data.items()}
        name = object_name(subject.base, "prometheus")
        yield make_resource(subject, "rules", "v1", "ConfigMap", {"data": traced}, name=name)


def _scraped(spec: MonitorSpec, watched: Sequence[Watched]) -> tuple[Watched, ...]:
    return tuple(each for each in watched if each.signals is not None) if spec.scrape.enabled else ()


def _port(watched: Watched) -> str:
    """Checks before a model have taken its `http`."""
    if watched.document.effective["spec"].get("guardrails"):
        return ENGINE
    return watched.signals.port if watched.signals is not None else "http"


def _dashboard(subject: Subject, spec: MonitorSpec, watched: Sequence[Watched]) -> Iterator[Resource]:
    if not spec.dashboard.enabled:
        return
    title = f"{subject.metadata.name} ({subject.environment_name})"
    address = f"{subject.project}/{subject.environment_name}/{subject.namespace}/{subject.base}"
    picture = dashboard(title, f"opsdecl-{text_hash(address)}", spec, watched, str(subject.document.address))
    folder = {FOLDER: Traced(spec.dashboard.folder, ("spec", "dashboard", "folder"))} if spec.dashboard.folder else {}
    text = formatting.format(json.dumps(picture, ensure_ascii=False), indent=1) + "\n"
    made = make_resource(
        subject,
        "dashboard",
        "v1",
        "ConfigMap",
        {"data": {f"{subject.base}.json": Traced(text, ("spec",))}},
        name=object_name(subject.base, "dashboard"),
        annotations=folder,
        labels=SIDECAR,
    )
    yield made


def _text(value: Any) -> str:
    """YAML that PyYAML, Go and people read alike; long expressions stay on one line."""
    from yaml import CSafeDumper, dump

    written: str = dump(plain(value), Dumper=CSafeDumper, sort_keys=False, width=10_000, allow_unicode=True)
    return written


def plain(value: Any) -> Any:
    """Without origins, and without what is None."""
    if isinstance(value, Traced):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items() if item is not None}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _too_large(subject: Subject, resources: Sequence[Resource]) -> Iterator[Diagnostic]:
    for resource in resources:
        size = len(json.dumps(plain(resource.inputs), ensure_ascii=False).encode())
        if size > LARGEST_BYTES:
            yield Diagnostic(
                codes.OBJECT_TOO_LARGE,
                f"{resource.key} would have {size / 1024:,.0f} KiB, and Kubernetes takes {LARGEST_BYTES // 1024:,}",
                at=subject.place(("spec", "watch")),
                hint=f"{len(subject.watched)} models are watched: divide them among several Monitors",
                subject=str(subject.document.address),
            )
