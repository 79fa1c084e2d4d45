"""Where Pulumi is on this machine: its command line, its home, and the provider's plugin. Nothing is run here."""

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.targets.pulumi.failures import PulumiError

MINIMUM = (3, 200)
_PROGRAM = Path("bin") / "pulumi"
HOME_VARIABLE = "PULUMI_HOME"
BACKEND_VARIABLE = "PULUMI_BACKEND_URL"


class Installation(Struct, frozen=True):
    """`root` holds `bin/pulumi`, None where the PATH knows it by itself. `home` is where Pulumi keeps plugins and
    credentials."""

    root: Path | None
    home: Path

    @property
    def program(self) -> Path:
        """The command line itself."""
        return self.root / _PROGRAM if self.root is not None else Path(shutil.which("pulumi") or "pulumi")


def find_pulumi() -> Installation:
    """Raises PulumiError where there is none."""
    root = _root()
    if root is None and shutil.which("pulumi") is None:
        said = f"there is no `pulumi` on the PATH, nor in {_tools() / 'bin'}"
        hint = "install it: opsdecl doctor --install-pulumi, or `make tools` in a clone of opsdecl"
        raise PulumiError(Diagnostic(codes.PULUMI_MISSING, said, hint=hint))
    return Installation(root, _home())


def check_version(found: str) -> None:
    """Raises PulumiError for a version such as `3.100.0` that is too old."""
    numbers = tuple(int(part) for part in found.removeprefix("v").split("-")[0].split(".")[:2] if part.isdigit())
    if numbers < MINIMUM:
        wanted = ".".join(map(str, MINIMUM))
        said = f"Pulumi {found} was found, and at least {wanted} is needed"
        raise PulumiError(Diagnostic(codes.PULUMI_TOO_OLD, said, hint="update it, or put a newer one on the PATH"))


def usual_backend() -> str:
    """Where stacks are kept whose target does not say so; empty for whatever Pulumi is logged in to."""
    return os.environ.get(BACKEND_VARIABLE, "")


def is_self_managed(backend: str, home: Path) -> bool:
    """Whether the state is a file of a folder or a bucket, which the engine writes whole. `backend` is empty for
    whatever Pulumi is logged in to, as its home says; where nothing says so, it is Pulumi Cloud."""
    scheme, found, _ = used_backend(backend, home).partition("://")
    return bool(found) and scheme not in ("http", "https")


def used_backend(named: str, home: Path) -> str:
    """The one that a target names, or the usual one, or what Pulumi is logged in to; empty where nothing says so."""
    return named or usual_backend() or _logged_in(home)


def _logged_in(home: Path) -> str:
    try:
        return str(json.loads((home / "credentials.json").read_text("utf-8")).get("current") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _root() -> Path | None:
    """What the PATH has comes first; then what the SDK's installer or `make tools` made."""
    if shutil.which("pulumi") is not None:
        return None
    places = (own_home(), _tools())
    return next((place for place in places if os.access(place / _PROGRAM, os.X_OK)), None)


def own_home() -> Path:
    """Where Pulumi itself keeps what it installs."""
    return Path(os.environ.get(HOME_VARIABLE) or Path.home() / ".pulumi")


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opsdecl"


def _tools() -> Path:
    """The same rule as in tools/folders.sh."""
    named = os.environ.get("OPSDECL_TOOLS") or os.environ.get("TOOLS")
    return Path(named).resolve() if named else _cache() / "tools"


def _home() -> Path:
    """Pulumi's usual one, unless only the tools have the plugin: then one of ours, which leads to theirs."""
    plugin = Path("plugins") / f"resource-kubernetes-v{version('pulumi-kubernetes')}"
    usual = own_home()
    if HOME_VARIABLE in os.environ or (usual / plugin).is_dir() or not (_tools() / plugin).is_dir():
        return usual
    ours = _cache() / "pulumi"
    ours.mkdir(parents=True, exist_ok=True)
    if not (ours / "plugins").exists():
        (ours / "plugins").symlink_to(_tools() / "plugins")
    return ours
