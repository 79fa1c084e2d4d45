"""Applies through Pulumi that are killed with everything that they started, and what the next one makes of it."""

import os
import signal
import time
from pathlib import Path

import pytest

from opsdecl.render.types import ManifestSet
from tests.contracts.builders import actions, apply, manifest, plan_of, release
from tests.pulumi.test_failures import children
from tests.support.crashes import FORK
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


def fleet(version: int, objects: int = 150) -> ManifestSet:
    """Two thirds of the objects are in the version before as well, with another value."""
    first = objects // 3 * version
    made = (manifest(f"LLM.m{n}/main/c", "ConfigMap", f"m{n}", version) for n in range(first, first + objects))
    return release(*made)


def _apply_and_exit(folder: Path, desired: ManifestSet) -> None:
    done = apply(folder_target(folder), desired)
    os._exit(0 if done.value is not None else 1)


def apply_and_kill(folder: Path, desired: ManifestSet, after_files: int) -> int | None:
    """Kills an apply and all its children, once it has written so many files more or less than there were."""
    rendered = folder / "rendered/1-manifest"
    before = set(rendered.iterdir()) if rendered.exists() else set()
    process = FORK.Process(target=_apply_and_exit, args=(folder, desired))
    process.start()
    assert process.pid is not None
    while process.is_alive():
        now = set(rendered.iterdir()) if rendered.exists() else set()
        if len(now ^ before) >= after_files:
            break
        time.sleep(0.005)
    for child in (process.pid, *children("pulumi", process.pid)):
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.join(60)
    return process.exitcode


@pytest.mark.parametrize("after_files", [1, 20, 60])
def test_killed_with_all_its_children_apply_again_converges(pulumi: Path, after_files: int) -> None:
    apply(folder_target(pulumi), fleet(1))
    assert apply_and_kill(pulumi, fleet(2), after_files) == -signal.SIGKILL
    again = apply(folder_target(pulumi), fleet(3))
    assert again.value is not None, again.diagnostics
    assert {finding.code.id for finding in again.diagnostics} <= {"OD684", "OD687"}
    assert "OD684" in {finding.code.id for finding in again.diagnostics}
    after = folder_target(pulumi).read().value
    assert after is not None
    assert actions(plan_of(after, fleet(3))) == {}
    assert {o.key for o in after.objects} == {m.key for m in fleet(3).manifests}
    assert len(list((pulumi / "rendered/1-manifest").iterdir())) == len(fleet(3).manifests)
    once_more = apply(folder_target(pulumi), fleet(3))
    assert (once_more.value.counts, once_more.diagnostics) == ({}, ())
