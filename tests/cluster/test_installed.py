"""The worked example on a real API server with the definitions of all that may be installed: it is taken as it is,
and the second plan is empty. No operator runs behind them, so nothing is waited for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import ControlPlane
from tests.support.git import repository
from tests.support.installed import ALL, Installed, staging_on
from tests.support.operators import let_go
from tests.support.project import opsdecl_here, write_files

FINALIZED = ("externalsecrets.external-secrets.io", "scaledobjects.keda.sh")


@pytest.fixture
def definitions(cluster: ControlPlane, example_namespaces: tuple[str, ...]) -> Iterator[ControlPlane]:
    for installed in ALL:
        for row, plurals in installed.definitions.items():
            if plurals:
                cluster.install_definitions(row, *plurals)
            else:
                cluster.install_crds(row)
    yield cluster
    for kind in FINALIZED:
        for name in example_namespaces:
            let_go(cluster, kind, name)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("installed", ALL, ids=lambda one: one.name)
def test_the_second_plan_is_empty(definitions: ControlPlane, installed: Installed, tmp_path: Path) -> None:
    cluster = definitions
    target = f"main: {{type: cluster, context: {cluster.context}}}"
    project = repository(write_files(tmp_path / "project", staging_on(installed, target)))

    def opsdecl(*arguments: str, code: int = 0) -> str:
        told = {"KUBECONFIG": str(cluster.kubeconfig)}
        done = opsdecl_here(project, *arguments, "--env", installed.name, env=told)
        assert done.code == code, done.all
        return done.out

    planned = opsdecl("plan", "--live", "--exit-code", code=2)
    applied = opsdecl("apply", "--yes", "--no-wait")
    again = opsdecl("plan", "--live", "--exit-code")
    assert again.startswith(f"{installed.name} is up to date\n")
    shown = (planned.rstrip().splitlines()[-1], applied.rstrip().splitlines()[-1], again)
    (tmp_path / "shown.txt").write_text("\n".join(shown))
