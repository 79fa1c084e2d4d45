"""Objects carry the stamp of the apply that made them: what one makes after it has lost its lock is known by that."""

import os
import signal
from typing import Any

import pytest

from opsdecl.apply.types import Event, Started
from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster.store import EPOCH
from tests.contracts.builders import apply, chat, manifest, plan_of, record, release
from tests.support.cluster import ControlPlane, as_stream
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.crashes import start_to_freeze

__all__ = ["assist"]
LEASE_S = 2
LOOK_BEFORE_THE_CREATE = 3
"""The first two are before the records."""


def with_config(value: Any, of: ManifestSet) -> ManifestSet:
    return release(*of.manifests, manifest("LLM.chat/main/config", "ConfigMap", "chat-config", value))


def stamp(cluster: ControlPlane, kind: str, name: str) -> str | None:
    found = cluster.get(kind, name, NAMESPACE)["metadata"].get("annotations", {}).get(EPOCH)
    return str(found) if found is not None else None


def frozen_before_its_create(cluster: ControlPlane) -> tuple[Any, Any]:
    """A process that is stopped right before it makes a ConfigMap, the first of the release."""
    target = cluster_target(cluster, lease_s=LEASE_S)
    process, answers = start_to_freeze(target, with_config(1, chat()), LOOK_BEFORE_THE_CREATE)
    stopped = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert stopped is not None
    assert stopped.si_code == os.CLD_STOPPED
    return process, answers


def thaw(process: Any, answers: Any) -> list[str]:
    """What it found when it went on."""
    os.kill(process.pid, signal.SIGCONT)
    said: list[str] = answers.get(timeout=60)
    process.join(60)
    return said


def test_the_stamp_is_no_difference_and_goes_with_the_first_change(cluster: ControlPlane, assist: str) -> None:
    assert apply(cluster_target(cluster), chat()).diagnostics == ()
    made = stamp(cluster, "service", "chat")
    assert made == "1"
    read = cluster_target(cluster, chat()).read()
    assert read.value is not None
    assert (read.diagnostics, plan_of(read.value, chat()).changes) == ((), ())
    rendered = as_stream([m.data for m in chat().manifests])
    cluster.kubectl("diff", "--server-side", "--force-conflicts", "-f", "-", stdin=rendered)
    assert apply(cluster_target(cluster), chat(2)).value.counts == {"update": 1}
    assert (stamp(cluster, "deployment", "chat"), stamp(cluster, "service", "chat")) == (None, made)


@pytest.mark.slow
def test_a_late_create_that_nobody_wants_is_named_by_the_next_plan(cluster: ControlPlane, assist: str) -> None:
    assert apply(cluster_target(cluster), chat()).diagnostics == ()
    loser = frozen_before_its_create(cluster)
    # The winner has no ConfigMap, so that it would not look where they are but for what the loser intended.
    assert apply(cluster_target(cluster, lease_s=LEASE_S), chat(2)).diagnostics == ()
    assert cluster_target(cluster, chat(2)).read().diagnostics == ()
    assert thaw(*loser) == ["OD611"]
    found = cluster_target(cluster, chat(2)).read()
    assert [d.code.id for d in found.diagnostics] == ["OD625"]
    assert "ConfigMap assist/chat-config was made at " in found.diagnostics[0].message
    assert "(hold 2 of the release, where 3 had written since)" in found.diagnostics[0].message
    assert found.diagnostics[0].hint.endswith("kubectl delete configmap chat-config -n assist")
    cluster.kubectl("delete", "configmap", "chat-config", "-n", NAMESPACE)
    assert cluster_target(cluster, chat(2)).read().diagnostics == ()


@pytest.mark.slow
def test_a_late_create_is_not_taken_for_the_winners_own(cluster: ControlPlane, assist: str) -> None:
    assert apply(cluster_target(cluster), chat()).diagnostics == ()
    loser = frozen_before_its_create(cluster)
    wanted = with_config(2, chat())
    target = cluster_target(cluster, wanted)
    state = target.read().value
    assert state is not None

    def thaw_in_between(event: Event) -> None:
        if isinstance(event, Started):
            assert thaw(*loser) == ["OD611"]

    done = target.write(wanted, plan_of(state, wanted), record(), expected=state.identity, emit=thaw_in_between)
    assert [d.code.id for d in done.diagnostics] == ["OD510"]
    found = target.read()
    assert [(d.code.id, d.subject) for d in found.diagnostics] == [("OD625", "LLM.chat")]
    assert apply(target, wanted).value.counts == {"adopt": 1}
    assert cluster.get("configmap", "chat-config", NAMESPACE)["data"] == {"value": "2"}
    assert target.read().diagnostics == ()
