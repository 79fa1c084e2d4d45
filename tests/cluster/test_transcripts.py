"""Shell sessions on a real control plane, byte for byte what people see."""

import os
from pathlib import Path

import pytest

from tests.support.cluster import ControlPlane
from tests.support.golden import expect_file
from tests.support.transcript import TRANSCRIPTS, Transcript, play

CONTEXT = "staging"


@pytest.fixture
def kubeconfig(cluster: ControlPlane, tmp_path: Path) -> Path:
    """The administrator's, with a name that is the same in every run."""
    path = tmp_path / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(cluster.kubeconfig.read_text("utf-8"), "utf-8")
    cluster.kubectl("config", "rename-context", cluster.context, CONTEXT, kubeconfig=path)
    return path


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("example_namespaces")
def test_staging_of_the_example(cluster: ControlPlane, kubeconfig: Path, tmp_path: Path) -> None:
    transcript = Transcript("staging", TRANSCRIPTS / "cluster" / "staging")
    tools = f"{cluster.tools / 'k8s'}{os.pathsep}{os.environ['PATH']}"
    shown = play(transcript, tmp_path / "here", {"KUBECONFIG": str(kubeconfig), "PATH": tools})
    expect_file(shown, transcript.output)
