"""Services."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.types import Readiness


def service(live: Mapping[str, Any]) -> Readiness:
    spec = live.get("spec", {})
    if spec.get("type") == "LoadBalancer" and not live.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return Readiness("InProgress", "no load balancer has been given an address yet")
    if spec.get("type") != "ExternalName" and not spec.get("clusterIP"):
        return Readiness("InProgress", "it has no address yet")
    return Readiness("Current")
