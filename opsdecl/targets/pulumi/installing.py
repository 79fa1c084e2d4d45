"""Pulumi's command line and its Kubernetes provider, brought by the installer of Pulumi's own SDK."""

import subprocess
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.pulumi import INSTALL_FAILED
from opsdecl.targets.pulumi.installation import HOME_VARIABLE, own_home

_LONGEST = 400


class Installed(Struct, frozen=True):
    """`program` is the command line, `plugin` the version of the provider that was asked for."""

    program: Path
    version: str
    plugin: str


def install_pulumi() -> Checked[Installed]:
    """The version that goes with the Python package, in `PULUMI_HOME` or `~/.pulumi`, where it is looked for. What is
    there already, and new enough, stays."""
    from pulumi import automation
    from pulumi.automation.errors import CommandError, InvalidVersionError

    root, plugin = own_home(), version("pulumi-kubernetes")
    try:
        command = automation.PulumiCommand.install(root=str(root))
        with TemporaryDirectory(prefix="opsdecl-pulumi-") as folder:
            command.run(
                ["plugin", "install", "resource", "kubernetes", f"v{plugin}"], folder, {HOME_VARIABLE: str(root)}
            )
    except subprocess.CalledProcessError as error:
        return Checked(
            None, (_failed(root, _last_line(error.output) or f"the installer ended with {error.returncode}"),)
        )
    except CommandError as error:
        return Checked(None, (_failed(root, f"the provider's plugin {plugin}: {_last_line(str(error).encode())}"),))
    except (OSError, InvalidVersionError) as error:
        return Checked(None, (_failed(root, str(error)),))
    return Checked(Installed(root / "bin" / "pulumi", str(command.version), plugin))


def _last_line(output: bytes | None) -> str:
    lines = [line.strip() for line in (output or b"").decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _failed(root: Path, said: str) -> Diagnostic:
    hint = "let this machine reach https://get.pulumi.com, or put a Pulumi that you installed by hand on the PATH"
    return Diagnostic(INSTALL_FAILED, f"Pulumi could not be installed in {root}: {said[:_LONGEST]}", hint=hint)
