"""The identity of pods: an account of their own without rights, unless an existing one is named."""

from typing import Any

from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.spec.kinds.serving import ServiceAccount

ROLE = "service-account"


def account_name(subject: Subject, account: ServiceAccount | None) -> Any:
    if account is not None and account.name:
        return traced(account.name, "spec", "serviceAccount", "name")
    return subject.base


def service_account(subject: Subject, account: ServiceAccount | None) -> Resource | None:
    """None where an existing account is used. No token is mounted: model servers do not call the API server."""
    if account is not None and account.name:
        return None
    annotations = {
        key: traced(value, "spec", "serviceAccount", "annotations", key)
        for key, value in (account.annotations.items() if account else ())
    }
    inputs = {"automountServiceAccountToken": False}
    return make_resource(subject, ROLE, "v1", "ServiceAccount", inputs, annotations=annotations)
