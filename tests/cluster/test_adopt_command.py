"""`opsdecl adopt`, as a person runs it."""

import json
from pathlib import Path

import pytest

from tests.cluster.test_commands import project
from tests.support.cluster import ControlPlane
from tests.support.project import Ran, opsdecl_here

__all__ = ["project"]


@pytest.mark.slow
def test_adopt_as_a_person_runs_it(cluster: ControlPlane, project: Path) -> None:
    def opsdecl(*arguments: str, env: str = "staging") -> Ran:
        return opsdecl_here(project, *arguments, "--env", env, env={"KUBECONFIG": str(cluster.kubeconfig)})

    elsewhere = opsdecl("adopt", env="dev")
    assert (elsewhere.code, "OD632" in elsewhere.err) == (1, True)
    rendered = opsdecl("render").out
    cluster.kubectl("apply", "-f", "-", stdin=rendered)
    cluster.kubectl("scale", "deployment/fraud", "-n", "risk", "--replicas=0")
    cluster.kubectl("set", "image", "deployment/fraud", "-n", "risk", "server=example.com/other:1")

    shown = opsdecl("adopt", "Model.fraud", "--dry-run")
    assert shown.code == 0, shown.all
    assert "joins the release, takes all that kubectl-client-side-apply set" in shown.out
    assert "kubectl-set since 20" in shown.out
    assert opsdecl("adopt", "Model.fraud", "--yes", "--expect", "sha256:0").code == 4
    digest = shown.out.rpartition("digest ")[2].strip()
    done = opsdecl("adopt", "Model.fraud", "--yes", "--expect", digest, "--format", "json")
    assert done.code == 0, done.all
    first, *_, last = [json.loads(line) for line in done.out.splitlines()]
    assert (first["event"], first["digest"], last["event"]) == ("adoption", digest, "outcome")
    live = cluster.get("deployment", "fraud", "risk")
    assert "last-applied" not in str(live["metadata"].get("annotations"))
    assert opsdecl("adopt", "--yes").code == 0
    nothing = opsdecl("adopt", "--yes")
    assert (nothing.code, "OD631" in nothing.err) == (0, True)
    after = opsdecl("plan", "--live", "--exit-code")
    assert after.code == 0, after.all
    # kubectl takes `1` GPU and the server's `"1"` for two values, and so for a conflict.
    compared = cluster.attempt("diff", "--server-side", "--force-conflicts", "-f", "-", stdin=rendered)
    assert (compared.returncode, compared.stdout) == (0, "")
    assert "adopt staging: " in opsdecl("history").out
