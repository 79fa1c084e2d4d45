"""The real engines of `make tools`: where they are, and tests that need them."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tools"
REQUIRED_VARIABLE = "OPSDECL_TOOLS_REQUIRED"
CONTROL_PLANE = tuple(
    f"k8s/{program}"
    for program in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "kwokctl")
)
PULUMI = ("bin/pulumi",)


def tools_folder() -> Path:
    """The folder that `make tools` fills; the same rule as in tools/folders.sh."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    named = os.environ.get("OPSDECL_TOOLS") or os.environ.get("TOOLS")
    return Path(named or Path(cache) / "opsdecl" / "tools").resolve()


def require(*programs: str) -> Path:
    """The tools' folder; where a program is missing, the test is skipped, or fails when tools are required."""
    folder = tools_folder()
    missing = [Path(program).name for program in programs if not os.access(folder / program, os.X_OK)]
    if not missing:
        return folder
    reason = f"no {', '.join(missing)} in {folder}: run `make tools`"
    if os.environ.get(REQUIRED_VARIABLE):
        pytest.fail(f"{REQUIRED_VARIABLE} is set: {reason}", pytrace=False)
    pytest.skip(reason)
