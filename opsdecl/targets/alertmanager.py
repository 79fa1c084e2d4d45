"""Alerts that an Alertmanager has raised now: one request of its API, version 2."""

import json
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.maintenance import NOT_ASKED

TIMEOUT_S = 20.0
_MOST_BYTES = 16 << 20


def raised_alerts(url: str) -> Checked[frozenset[str]]:
    """Names of alerts that are active, and neither silenced nor inhibited. OD873 where there is no answer."""
    asked = urlencode({"active": "true", "silenced": "false", "inhibited": "false"})
    request = Request(f"{url.rstrip('/')}/api/v2/alerts?{asked}", headers={"Accept": "application/json"})
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:
            rows = json.loads(answer.read(_MOST_BYTES))
        return Checked(frozenset(str(row["labels"]["alertname"]) for row in rows))
    except (URLError, OSError, ValueError, KeyError, TypeError) as error:
        said = f"{url} did not say which alerts are raised: {str(error)[:200] or type(error).__name__}"
        hint = "check the address and the network, then try again"
        return Checked(None, (Diagnostic(NOT_ASKED, said, hint=hint),))
