"""Pulumi targets over the real engine, its real provider and a file backend."""

from pathlib import Path
from typing import Any

import pytest

from opsdecl.addr import Release
from opsdecl.render.types import ManifestSet
from opsdecl.targets.pulumi.settings import PulumiSettings
from opsdecl.targets.pulumi.target import PulumiTarget
from tests.contracts.builders import RELEASE
from tests.contracts.places import Place
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE
from tests.support.toolchain import PULUMI, require

PASSPHRASE = "correct horse"


@pytest.fixture
def pulumi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with an empty backend; whoever runs the tests may have no Pulumi of their own on the PATH."""
    require(*PULUMI)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "backend").mkdir()
    return tmp_path


def folder_target(
    folder: Path, wanted: ManifestSet | None = None, release: Release = RELEASE, **more: Any
) -> PulumiTarget:
    """A stack whose provider renders to `folder`/rendered. Other words are settings."""
    settings = {"backend": f"file://{folder}/backend", "directory": folder / "rendered", **more}
    return PulumiTarget(PulumiSettings("prod", **settings), release, wanted)


def folder_place(folder: Path) -> Place:
    return Place(lambda user: folder_target(folder))


def cluster_stack(
    cluster: ControlPlane, folder: Path, wanted: ManifestSet | None = None, release: Release = RELEASE, **more: Any
) -> PulumiTarget:
    """A stack whose provider speaks to the control plane. Other words are settings."""
    settings = {
        "backend": f"file://{folder}/backend",
        "context": cluster.context,
        "kubeconfig": str(cluster.kubeconfig),
        "namespace": NAMESPACE,
        **more,
    }
    return PulumiTarget(PulumiSettings("prod", **settings), release, wanted)
