"""Login plugins of a kubeconfig (client-go's exec credentials): tokens and client certificates that a program gives."""

import asyncio
import json
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.login import Pass

if TYPE_CHECKING:
    from lightkube.config.models import UserExec

_TIMEOUT_S = 60.0


class PluginLogin:
    """Asked again when the server says 401. `trust` is what connections are made with: certificates go in there."""

    def __init__(self, plugin: "UserExec", trust: ssl.SSLContext) -> None:
        self._plugin, self._trust = plugin, trust
        self._now: Pass | None = None
        self._asking = asyncio.Lock()

    async def present(self, refused: Pass | None = None) -> Pass:
        if self._now is not None and refused != self._now:
            return self._now
        # Of the requests that meet an expired token at once, one asks for all.
        async with self._asking:
            if self._now is None or refused == self._now:
                self._now = await ask(self._plugin)
                self._carry(self._now.certificate)
            return self._now

    def _carry(self, certificate: str) -> None:
        """Python reads certificates from files only."""
        if not certificate:
            return
        try:
            with TemporaryDirectory() as folder:
                path = Path(folder, "login.pem")
                path.touch(mode=0o600)
                path.write_text(certificate)
                self._trust.load_cert_chain(path)
        except (OSError, ValueError) as error:
            raise _failed(self._plugin, f"its certificate cannot be used: {error}") from None


async def ask(plugin: "UserExec") -> Pass:
    """Runs the plugin as kubectl does, never interactively. Raises ClusterError where it gives nothing to log in by."""
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *(plugin.args or ()),
            env=_environment(plugin),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, said = await asyncio.wait_for(process.communicate(), _TIMEOUT_S)
    except OSError as error:
        raise _failed(plugin, str(error)) from None
    except TimeoutError:
        process.kill()
        raise _failed(plugin, f"no answer within {_TIMEOUT_S:g} s") from None
    if process.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise _failed(plugin, lines[-1][:300] if lines else f"exit {process.returncode}")
    return _pass(plugin, out)


def _environment(plugin: "UserExec") -> Mapping[str, str]:
    info = {"apiVersion": plugin.apiVersion, "kind": "ExecCredential", "spec": {"interactive": False}}
    return {
        **os.environ,
        **{v.name: v.value for v in plugin.env or ()},
        "KUBERNETES_EXEC_INFO": json.dumps(info),
    }


def _pass(plugin: "UserExec", answer: bytes) -> Pass:
    try:
        status: Mapping[str, Any] = json.loads(answer)["status"]
        token, *pair = (str(status.get(n) or "") for n in ("token", "clientCertificateData", "clientKeyData"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _failed(plugin, "its answer holds no credentials") from None
    if any(pair) and not all(pair):
        raise _failed(plugin, "its answer holds a certificate without a key, or a key alone")
    if not token and not any(pair):
        raise _failed(plugin, "its answer holds neither a token nor a certificate")
    return Pass(f"Bearer {token}" if token else "", "\n".join(pair) if any(pair) else "")


def _failed(plugin: "UserExec", reason: str) -> ClusterError:
    said = f"the login plugin `{plugin.command}` of the kubeconfig failed: {reason}"
    return ClusterError(Diagnostic(codes.CLUSTER_UNAUTHORISED, said, hint=plugin.installHint or "log in again"))
