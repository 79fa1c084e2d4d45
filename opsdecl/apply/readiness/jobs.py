"""Work that ends. Unlike in kstatus, a Job is Current once it is complete: what waits for it needs what it makes."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.readiness.conditions import condition, is_true, told
from opsdecl.apply.types import Readiness


def job(live: Mapping[str, Any]) -> Readiness:
    status, spec = live.get("status", {}), live.get("spec", {})
    wanted = spec.get("completions") or spec.get("parallelism") or 1
    done = int(status.get("succeeded") or 0)
    if is_true(live, "Failed"):
        return Readiness("Failed", told(condition(live, "Failed")), done, wanted)
    if is_true(live, "Complete"):
        return Readiness("Current", "", done, wanted)
    if spec.get("suspend"):
        return Readiness("InProgress", "it is suspended: something must let it start", done, wanted)
    failed = int(status.get("failed") or 0)
    tried = f", {failed} pods failed before" if failed else ""
    return Readiness("InProgress", f"{done} of {wanted} pods are done{tried}", done, wanted)


def cron_job(live: Mapping[str, Any]) -> Readiness:
    """Its Jobs come later, and tell for themselves."""
    return Readiness("Current", "it is suspended" if live.get("spec", {}).get("suspend") else "")
