"""An answer is lost, and what is heard next is no verdict about the object: what the server did is still ours."""

from collections.abc import Sequence
from typing import Any

import pytest

from opsdecl.apply.types import Event, Started
from opsdecl.cli.exits import Exit
from opsdecl.cli.verdict import exit_for
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.client import Client
from tests.cluster.test_overtaken import with_cpu
from tests.contracts.builders import apply, chat, manifest, nothing, plan_of, record, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.crashes import live
from tests.support.fault_proxy import Decide, Fault, Request, in_front_of
from tests.support.interference import path_of

__all__ = ["assist"]
CONFIG = manifest("LLM.chat/main/config", "ConfigMap", "chat")


def from_the_first_write(one: Manifest, *faults: Fault | None) -> Decide:
    """What the requests about the object meet, one after the other; all others pass."""
    left = list(faults)

    def decide(request: Request) -> Fault | None:
        begun = len(left) < len(faults) or request.method in ("PATCH", "DELETE")
        here = begun and request.target.partition("?")[0] == path_of(one)
        return left.pop(0) if here and left else None

    return decide


@pytest.mark.parametrize(
    "heard",
    [
        pytest.param((Fault.AFTER_RESET, Fault.UNAUTHORIZED), id="of the write, sent again"),
        pytest.param((Fault.HALF, None, Fault.UNAUTHORIZED), id="of the look at what is there"),
    ],
)
def test_what_was_made_before_a_refusal_that_came_later_is_not_forgotten(
    cluster: ControlPlane, assist: str, heard: Sequence[Fault | None]
) -> None:
    wanted = release(CONFIG)
    with in_front_of(cluster, from_the_first_write(CONFIG, *heard)) as (_, kubeconfig):
        done = apply(cluster_target(cluster, kubeconfig=str(kubeconfig)), wanted)
    assert [d.code.id for d in done.diagnostics] == ["OD604"]
    made = live(cluster)
    again = apply(cluster_target(cluster), wanted)
    assert again.diagnostics == ()
    assert live(cluster) == made
    assert apply(cluster_target(cluster), nothing()).value.counts == {"delete": 1}
    assert live(cluster) == {}


def test_a_login_that_ends_before_a_deletion_is_named_as_that(cluster: ControlPlane, assist: str) -> None:
    assert apply(cluster_target(cluster), release(CONFIG)).diagnostics == ()
    with in_front_of(cluster, from_the_first_write(CONFIG, Fault.AFTER_RESET, Fault.UNAUTHORIZED)) as (_, kubeconfig):
        done = apply(cluster_target(cluster, kubeconfig=str(kubeconfig)), nothing())
    assert [d.code.id for d in done.diagnostics] == ["OD604"]
    assert live(cluster) == {}
    assert apply(cluster_target(cluster), nothing()).diagnostics == ()


@pytest.mark.parametrize("one", [CONFIG, with_cpu("1000m")], ids=["as sent", "spelled otherwise by the server"])
def test_what_arrives_after_its_apply_is_no_strangers(cluster: ControlPlane, assist: str, one: Manifest) -> None:
    wanted, target = release(one), cluster_target(cluster)
    with in_front_of(cluster, from_the_first_write(one, Fault.LATE, Fault.UNAUTHORIZED)) as (proxy, kubeconfig):
        proxy.late_s = 600
        done = apply(cluster_target(cluster, kubeconfig=str(kubeconfig)), wanted)
        assert [d.code.id for d in done.diagnostics] == ["OD604"]
        state = target.read().value
        assert state is not None
        assert (state.objects, live(cluster)) == ((), {})

        def let_it_arrive(event: Event) -> None:
            if isinstance(event, Started):
                proxy.late_s = 0
                proxy.wait_until_quiet()
                assert live(cluster) != {}

        again = target.write(wanted, plan_of(state, wanted), record(), expected=state.identity, emit=let_it_arrive)
    assert again.diagnostics == ()
    assert again.value is not None
    assert again.value.counts == {"create": 1}
    assert apply(target, wanted).value.counts == {}


def test_records_that_somebody_else_has_written_are_a_lost_lock(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(cluster_target(cluster), chat(1))
    before = cluster.get("deployment", "chat", NAMESPACE)["metadata"]["resourceVersion"]
    once = Client._once
    touched: list[str] = []

    async def late(self: Client, method: str, path: str, *rest: Any) -> Any:
        if method == "PUT" and "/configmaps/opsdecl-" in path and not touched:
            touched.append(path)
            cluster.kubectl("annotate", "configmap", path.rpartition("/")[2], "-n", NAMESPACE, "by=another")
        return await once(self, method, path, *rest)

    monkeypatch.setattr(Client, "_once", late)
    (found,) = apply(cluster_target(cluster), chat(2)).diagnostics
    assert (found.code.id, exit_for([found])) == ("OD611", Exit.LOCKED)
    assert f"somebody else has written the records {NAMESPACE}/{touched[0].rpartition('/')[2]}" in found.message
    assert cluster.get("deployment", "chat", NAMESPACE)["metadata"]["resourceVersion"] == before
