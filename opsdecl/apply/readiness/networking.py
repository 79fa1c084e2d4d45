"""Services, and what gateways say of policies that are attached to routes."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.readiness.conditions import told
from opsdecl.apply.types import Readiness


def service(live: Mapping[str, Any]) -> Readiness:
    spec = live.get("spec", {})
    if spec.get("type") == "LoadBalancer" and not live.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return Readiness("InProgress", "no load balancer has been given an address yet")
    if spec.get("type") != "ExternalName" and not spec.get("clusterIP"):
        return Readiness("InProgress", "it has no address yet")
    return Readiness("Current")


def attached_policy(live: Mapping[str, Any]) -> Readiness:
    """As the Gateway API has it: each gateway that knows the target says whether it took the policy. Where one did
    not, requests by it go unchecked, or fail."""
    ancestors = live.get("status", {}).get("ancestors") or ()
    rows = [row for each in ancestors for row in each.get("conditions") or () if row.get("type") == "Accepted"]
    refused = next((row for row in rows if row.get("status") == "False"), None)
    if refused is not None:
        return Readiness("Failed", told(refused))
    if not rows or any(row.get("status") != "True" for row in rows):
        return Readiness("InProgress", "no gateway has taken it yet")
    return Readiness("Current")
