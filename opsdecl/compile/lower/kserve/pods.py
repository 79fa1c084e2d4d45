"""Pods as KServe is given them: the same as everywhere, in the fields and names that KServe expects."""

from collections.abc import Mapping
from typing import Any

from opsdecl.compile.lower.labels import PREFIX
from opsdecl.compile.lower.names import shorten
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Traced

NAME = 48
"""Longest name of a service: KServe puts it into labels, `isvc.<name>-predictor`."""


def service_name(subject: Subject) -> str:
    return shorten(subject.base, NAME)


def own_labels(subject: Subject) -> dict[str, Any]:
    """What ties pods to their document. `app.kubernetes.io/…` are KServe's own there, and part of its selectors."""
    return {key: value for key, value in subject.pod_labels.items() if key.startswith(f"{PREFIX}/")}


def as_container(pod: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The pod with its server's container under the name that KServe looks for."""
    first, *rest = pod["containers"]
    return {**pod, "containers": [{**first, "name": name}, *rest]}


def over_preset(pod: Mapping[str, Any], cache: str) -> dict[str, Any]:
    """KServe merges the pod over one of its own, field by field: what that one has and ours leaves open is said.

    Its probes may ask over TLS, its hub's cache lies elsewhere, and its pause before the signal is a command.
    """
    first, *rest = pod["containers"]
    env = [*(first["env"] or ()), {"name": "HF_HUB_CACHE", "value": cache}]
    probes = {
        name: _plain(first[name]) for name in ("startupProbe", "readinessProbe", "livenessProbe") if name in first
    }
    own = {**first, **probes, "env": env, "lifecycle": _command(first["lifecycle"])}
    return {**pod, "containers": [own, *rest]}


def _plain(probe: Mapping[str, Any]) -> dict[str, Any]:
    return {**probe, "httpGet": {**probe["httpGet"], "scheme": "HTTP"}}


def _command(lifecycle: Mapping[str, Any]) -> dict[str, Any]:
    """`sleep` beside the preset's command would be two handlers, which Kubernetes refuses."""
    seconds = lifecycle["preStop"]["sleep"]["seconds"]
    pause = Traced(str(seconds.value), seconds.path) if isinstance(seconds, Traced) else str(seconds)
    return {"preStop": {"exec": {"command": ["/bin/sleep", pause]}}}
