"""The example's prod environment through Pulumi, from the first plan to a program of its own, as a person runs it:
the real engine, a real control plane, Pulumi's own command line."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cluster import ControlPlane
from tests.support.git import commit, repository
from tests.support.plain_pulumi import PlainPulumi
from tests.support.project import Ran, built, example_files, example_tree, opsdecl, write_files
from tests.support.pulumi_places import PASSPHRASE, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]

PROD = "environments/prod/environment.yaml"
GIT_TARGET = 'main: {type: git, remote: ".", branch: rendered/prod, prune: {budget: 10}}'
RISK = "environments/prod/risk.yaml"
CANARY = "  rollout:\n    strategy: canary\n    steps: [{weight: 10, pause: 10m}, {weight: 50, hold: true}]\n"


def without_canary() -> dict[str, str]:
    """Files of the example. Nobody runs Argo Rollouts behind the control plane, and an apply would wait for it."""
    files = dict(example_files())
    for file, old in ((PROD, ", rollouts: argo-rollouts"), (RISK, CANARY)):
        assert old in files[file]
        files[file] = files[file].replace(old, "")
    return files


@pytest.fixture
def project(cluster: ControlPlane, example_namespaces: tuple[str, ...], pulumi: Path) -> Path:
    """The example, with prod on the control plane through a stack of a folder."""
    folder = write_files(pulumi / "project", without_canary())
    text = (folder / PROD).read_text()
    assert GIT_TARGET in text
    settings = f"type: pulumi, backend: file://{pulumi}/backend, kubeContext: {cluster.context}, waitAtMost: 120s"
    (folder / PROD).write_text(text.replace(GIT_TARGET, f"main: {{{settings}}}"))
    return repository(folder)


class Commands:
    """`opsdecl … --env prod` in the project; what was shown is kept."""

    def __init__(self, project: Path, env: Mapping[str, str]) -> None:
        self.project = project
        self.env = env
        self.shown: list[str] = []

    def __call__(self, *arguments: str, code: int = 0) -> Ran:
        done = opsdecl(self.project, *arguments, "--env=prod", env=self.env)
        self.shown.append(f"$ opsdecl {' '.join(arguments)} --env prod\n{done.all}[exit {done.code}]\n")
        assert done.code == code, done.all
        return done


def test_prod_through_pulumi_and_out_again(cluster: ControlPlane, project: Path, pulumi: Path) -> None:
    env = {"KUBECONFIG": str(cluster.kubeconfig)}
    opsdecl = Commands(project, env)
    plan = opsdecl("plan", "--live")
    number = len(built(example_tree(without_canary()), "prod").manifests.manifests)
    assert f"{number} created, 0 deleted" in plan.out
    applied = opsdecl("apply", "--yes")
    assert f"{number} created" in applied.all
    assert "● LLM assistant" in opsdecl("status", "--exit-code").out
    assert "prod is up to date" in opsdecl("plan", "--live", "--exit-code").out
    opsdecl("eject", "pulumi", "../program")

    plain = PlainPulumi(pulumi / "program", {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE, **env})
    exported = plain("stack", "export", "--stack=prod")
    assert exported.code == 0, exported.all
    rows = json.loads(exported.out)["deployment"]["resources"]
    assert sum(row["type"].startswith("kubernetes:") for row in rows) == number
    preview = plain("preview", "--stack=prod", "--expect-no-changes")
    assert preview.code == 0, preview.all
    assert f"{len(rows)} unchanged" in preview.out
    (pulumi / "shown.txt").write_text("".join([*opsdecl.shown, f"$ pulumi preview --stack prod\n{preview.all}"]))


def test_a_saved_plan_after_somebody_elses_update_is_stale(cluster: ControlPlane, project: Path, pulumi: Path) -> None:
    env = {"KUBECONFIG": str(cluster.kubeconfig)}
    opsdecl = Commands(project, env)
    opsdecl("apply", "--yes")
    opsdecl("eject", "pulumi", "../program")
    models = project / "environments/prod/assistant.yaml"
    models.write_text(models.read_text().replace("maxModelLen: 32768", "maxModelLen: 16384"))
    commit(project, "shorter contexts")
    opsdecl("plan", "--live", "--out=../plan.json")

    module = pulumi / "program/documents/llm_summarise.py"
    text = module.read_text()
    assert '"revision_history_limit": 3' in text
    write_files(
        module.parent, {module.name: text.replace('"revision_history_limit": 3', '"revision_history_limit": 7')}
    )
    plain = PlainPulumi(pulumi / "program", {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE, **env})
    update = plain("up", "--stack=prod", "--yes", "--skip-preview")
    assert update.code == 0, update.all
    assert "1 updated" in update.out

    refused = opsdecl("apply", "--plan=../plan.json", "--yes", code=4)
    assert "LLM.summarise/main/deployment" in refused.all
    assert "Traceback" not in refused.all
    pod = cluster.get("deployment", "assistant", "assist")["spec"]["template"]["spec"]
    assert "--max-model-len=32768" in pod["containers"][0]["args"]
    (pulumi / "shown.txt").write_text("".join(opsdecl.shown[-1:]))
