"""What stands before an engine that decodes: it has a prompt worked out by the prefill pod that a request names, and
then lets its own engine answer."""

from typing import Any

from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.security import container_security
from opsdecl.compile.lower.subject import Subject

NAME = "routing-sidecar"
PROTOCOL = "nixlv2"
"""What the sidecar calls the exchange that NixlConnector speaks."""


def sidecar_parts(subject: Subject, port: Any, engine_port: int) -> PodParts:
    """It starts before the engine and stops after it, as containers of this form do since Kubernetes 1.29."""
    container = {
        "name": NAME,
        "image": subject.image(subject.environment.endpoint_picker.sidecar),
        "restartPolicy": "Always",
        "args": [
            f"--port={port}",
            f"--vllm-port={engine_port}",
            f"--kv-connector={PROTOCOL}",
            "--secure-proxy=false",
        ],
        "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}],
        "readinessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 5, "failureThreshold": 3},
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": container_security(read_only_root=True),
    }
    return PodParts(init_containers=(container,))
