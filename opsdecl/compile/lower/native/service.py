"""The Service that callers use."""

from typing import Any

from opsdecl.compile.lower.labels import selector
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource
from opsdecl.diag import SpecPath

ROLE = "service"
HTTP = 80
"""Callers need no port in the address: http://chat.assist."""


def service(
    subject: Subject,
    ports: dict[str, Any],
    labels: dict[str, str] | None = None,
    *,
    role: str = ROLE,
    name: str = "",
    moved: tuple[SpecPath, ...] = (),
) -> Resource:
    """`ports`: the container's ports by name. `http` is offered on port 80, others on their own number. `labels`: of
    the pods that answer, where not all do. `moved`: fields that a controller sets."""
    offered = [
        {"name": name, "port": HTTP if name == "http" else number, "targetPort": name, "protocol": "TCP"}
        for name, number in ports.items()
    ]
    inputs = {"spec": {"type": "ClusterIP", "selector": labels or selector(subject), "ports": offered}}
    return make_resource(subject, role, "v1", "Service", inputs, name=name, ignore_changes=moved)
