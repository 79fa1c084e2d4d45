"""What an apply refuses until somebody says that it is meant: many deletions, protected kinds, objects made anew."""

import json
from pathlib import Path

import pytest

from tests.cluster.test_commands import edit
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist
from tests.support.git import commit, repository
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import Ran, opsdecl_here, write_files

__all__ = ["assist"]
DEV, MODELS = "environments/dev/environment.yaml", "environments/dev/models.yaml"
GIT = 'main: {type: git, remote: ".", branch: rendered/dev}'
ETA = """\
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: eta, owner: team-b}
spec: {format: lightgbm, runtime: mlserver, source: {uri: s3://models/eta/1}}
"""
FILES = {
    **MINIMAL_PROJECT,
    "environments/base/runtimes.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: mlserver}
spec: {engine: mlserver, version: 1.7.1, image: seldonio/mlserver:1.7.1}
""",
    MODELS: """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: fraud, owner: team-b}
spec:
  format: xgboost
  runtime: mlserver
  source: {uri: s3://models/fraud/1}
"""
    + ETA,
}
HEADLESS = """\
  patches:
    - {target: service, path: spec.clusterIP, value: None, reason: clients balance by themselves}
"""
KINDS = "deployments,services,serviceaccounts,networkpolicies,poddisruptionbudgets"


def versions(cluster: ControlPlane) -> dict[str, str]:
    """`Kind/name` -> uid, of all that the release could have touched."""
    items = json.loads(cluster.kubectl("get", KINDS, "-n", NAMESPACE, "-o", "json"))["items"]
    return {f"{item['kind']}/{item['metadata']['name']}": item["metadata"]["uid"] for item in items}


@pytest.mark.slow
def test_what_goes_away_is_said_or_refused(cluster: ControlPlane, assist: str, tmp_path: Path) -> None:
    project = repository(write_files(tmp_path / "project", FILES))

    def target(prune: str) -> str:
        return f"main: {{type: cluster, context: {cluster.context}, prune: {prune}}}"

    def change(file: str, old: str, new: str) -> None:
        edit(project, file, old, new)
        commit(project, "a change")

    def apply(*arguments: str) -> Ran:
        arguments = ("apply", "--env", "dev", "--yes", "--no-wait", *arguments)
        return opsdecl_here(project, *arguments, env={"KUBECONFIG": str(cluster.kubeconfig)})

    protecting, narrow, wide = target("{protect: [Service]}"), target("{budget: 1}"), target("{budget: 9}")
    shielded = target("{protectNamespaces: [assist]}")
    change(DEV, GIT, protecting)
    assert apply().code == 0
    before = versions(cluster)
    assert {"Service/fraud", "Service/eta"} <= before.keys()

    change(MODELS, ETA, "")
    refused = apply()
    assert refused.code == 3, refused.all
    assert f"{DEV}:7:" in refused.all
    assert "error[OD521]" in refused.all
    assert "this deletes Service `assist/eta`" in refused.all
    assert versions(cluster) == before

    change(DEV, protecting, shielded)
    refused = apply()
    assert refused.code == 3, refused.all
    assert "error[OD521] this deletes Deployment `assist/eta`" in refused.all
    assert versions(cluster) == before

    change(DEV, shielded, narrow)
    refused = apply()
    assert refused.code == 3, refused.all
    assert "error[OD520]" in refused.all
    assert "whose budget is 1" in refused.all
    assert versions(cluster) == before

    change(DEV, narrow, wide)
    assert apply().code == 0
    after = versions(cluster)
    assert "Service/eta" not in after
    assert after.items() < before.items()

    change(MODELS, "  source: {uri: s3://models/fraud/1}\n", "  source: {uri: s3://models/fraud/1}\n" + HEADLESS)
    refused = apply()
    assert refused.code == 3, refused.all
    assert f"{MODELS}:9:" in refused.all
    assert "error[OD627]" in refused.all
    assert "this deletes Service `assist/fraud` (`Model.fraud/main/service`) and makes another" in refused.all
    assert "--replace Model.fraud/main/service" in refused.all
    assert versions(cluster) == after

    assert apply("--replace", "Model.fraud/main/service").code == 0
    now = versions(cluster)
    assert {name for name in now if now[name] != after.get(name)} == {"Service/fraud"}
    assert cluster.get("service", "fraud", NAMESPACE)["spec"]["clusterIP"] == "None"
    assert apply().all == "dev is up to date\n"
