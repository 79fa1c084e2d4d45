"""The InferencePool of a language model: its pods, and the endpoint picker that chooses among them."""

from collections.abc import Mapping
from typing import Any

from opsdecl.compile.lower.labels import selector_of_all
from opsdecl.compile.lower.names import shorten
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.routing.backends import POOL, POOL_API, POOL_KIND
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.routed import POOLED_ENGINES
from opsdecl.compile.types import Resource


def inference_pool(
    subject: Subject, ports: Mapping[str, Any], labels: Mapping[str, str] | None = None
) -> Resource | None:
    """None where requests are not routed by the inference extension, or no picker could read the engine's load.
    `labels`: of the pods that answer, where not all do."""
    engine = subject.runtime.engine if subject.runtime else "custom"
    if subject.environment.platform.routing != "inference-extension" or engine not in POOLED_ENGINES:
        return None
    picker = subject.environment.endpoint_picker
    spec = {
        "selector": {"matchLabels": labels or selector_of_all(subject)},
        "targetPorts": [{"number": ports["http"]}],
        # Releases before 1.6 require it, and all of them fill in what is not said of it.
        "endpointPickerRef": {
            "group": "",
            "kind": "Service",
            "name": shorten(f"{subject.base}{picker.suffix}"),
            "port": {"number": picker.port},
            "failureMode": picker.failure_mode,
        },
    }
    return make_resource(subject, POOL, POOL_API, POOL_KIND, {"spec": spec})
