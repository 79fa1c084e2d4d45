"""Hermetic runs: no network, no colour, no settings of the machine's user; `--update-golden` rewrites golden files.

The fixtures `cluster` and `namespace` come from tests/support/cluster_fixtures.py.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support import cluster_fixtures, fault_table, skips
from tests.support.git import repository
from tests.support.golden import UPDATE_VARIABLE
from tests.support.project import copy_example, opsdecl_here

# The same cases on every run, so that main is red only for a reason; `HYPOTHESIS_PROFILE=searching` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

_LOCAL_HOSTS = frozenset(("127.0.0.1", "::1", "localhost", ""))
_SETTINGS = {
    "NO_COLOR": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
_REMOVED = (
    # Commands that tests start would compile every module of ours again, each time.
    "PYTHONDONTWRITEBYTECODE",
    "CI",
    "GITHUB_ACTIONS",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "KUBECONFIG",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; read the git diff afterwards")


def pytest_configure(config: pytest.Config) -> None:
    # The environment reaches xdist workers and the commands that tests start.
    os.environ.update(_SETTINGS)
    for name in _REMOVED:
        os.environ.pop(name, None)
    if config.getoption("--update-golden"):
        os.environ[UPDATE_VARIABLE] = "1"
    for plugin in (cluster_fixtures, skips, fault_table):
        config.pluginmanager.register(plugin)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow to import is imported in one worker."""
    for item in items:
        if isinstance(item, pytest.Function) and "jsonschema" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("jsonschema"))


@pytest.fixture(scope="session")
def jsonschema() -> Any:
    """The package, imported for those who ask for it: it builds some forty grammars for checks of addresses."""
    import jsonschema

    return jsonschema


@pytest.fixture(scope="session")
def kept_example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked example as a repository, with what one `validate` keeps of it. Tests copy it where they are not about
    a first run, so that they do not compile all of it again."""
    folder = repository(copy_example(tmp_path_factory.mktemp("example") / "project"))
    assert opsdecl_here(folder, "validate").code == 0
    return folder


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Any connection that would leave the machine fails, and names the address."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOCAL_HOSTS:
            raise OSError(f"tests must not reach the network: {address!r}")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()
