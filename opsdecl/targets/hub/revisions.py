"""The newest commit of a repository of the hub, through its own client. Nothing else of it is read."""

from typing import Literal

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.maintenance import NOT_ASKED
from opsdecl.targets.hub.repository import TIMEOUT_S


def newest_revision(kind: Literal["model", "dataset"], name: str, branch: str) -> Checked[str]:
    """`name` is `organisation/name`; the client takes its own token. OD873 where the hub names no commit."""
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        api = HfApi()
        ask = api.model_info if kind == "model" else api.dataset_info
        found = ask(name, revision=branch, timeout=TIMEOUT_S).sha or ""
    except (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, HTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Checked(None, (_not_asked(name, branch, reason[:200]),))
    return Checked(found) if found else Checked(None, (_not_asked(name, branch, "it names no commit"),))


def _not_asked(name: str, branch: str, reason: str) -> Diagnostic:
    said = f"the hub did not say which commit `{branch}` of `{name}` is: {reason}"
    return Diagnostic(NOT_ASKED, said, hint="check name, branch and HF_TOKEN, then try again")
