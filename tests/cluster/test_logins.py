"""A login plugin of the kubeconfig, as kubectl runs it, whose token stops to count in the middle of an apply."""

import sys
from pathlib import Path

from opsdecl.apply.steps import add_steps
from opsdecl.apply.types import Event, Started
from tests.contracts.builders import plan_of, record
from tests.support.cluster import ControlPlane, wait_until
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.crashes import fleet, live, names_of

__all__ = ["assist"]
PLUGIN = """\
import json, os, pathlib, sys
asked = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
assert asked["kind"] == "ExecCredential" and asked["spec"]["interactive"] is False
folder = pathlib.Path(sys.argv[1])
with (folder / "asked").open("a") as log:
    log.write("once\\n")
status = {"token": (folder / "token").read_text(), "expirationTimestamp": (folder / "until").read_text()}
print(json.dumps({"apiVersion": asked["apiVersion"], "kind": "ExecCredential", "status": status}))
"""


class Identity:
    """An account whose tokens end when `revoke` says so: each is bound to an object that is deleted then."""

    def __init__(self, cluster: ControlPlane, folder: Path) -> None:
        self.cluster, self.folder, self._tokens = cluster, folder, 0
        cluster.kubectl("create", "serviceaccount", "deployer", "-n", NAMESPACE)
        admin = f"--serviceaccount={NAMESPACE}:deployer"
        cluster.kubectl("create", "rolebinding", "deployer", "--clusterrole=admin", admin, "-n", NAMESPACE)
        leases = ("--verb=*", "--resource=leases.coordination.k8s.io")
        cluster.kubectl("create", "role", "deployer", *leases, "-n", NAMESPACE)
        cluster.kubectl("create", "rolebinding", "leases", "--role=deployer", admin, "-n", NAMESPACE)
        self.issue()

    def issue(self) -> None:
        self._tokens += 1
        secret = f"login-{self._tokens}"
        self.cluster.kubectl("create", "secret", "generic", secret, "-n", NAMESPACE)
        bound = ("--bound-object-kind=Secret", f"--bound-object-name={secret}")
        self.token = self.cluster.kubectl("create", "token", "deployer", "-n", NAMESPACE, *bound).strip()
        (self.folder / "token").write_text(self.token)
        (self.folder / "until").write_text("2026-03-01T09:12:00Z")

    def revoke(self) -> None:
        """Until the server answers with 401: it remembers for some seconds whom it let in."""
        old = self.cluster.kubeconfig_with({"token": self.token})
        self.cluster.kubectl("delete", "secret", f"login-{self._tokens}", "-n", NAMESPACE)
        self.issue()
        who = ("auth", "whoami")
        wait_until(lambda: "nauthorized" in self.cluster.attempt(*who, kubeconfig=old).stderr, "the token still counts")

    def kubeconfig(self) -> Path:
        script = self.folder / "login.py"
        script.write_text(PLUGIN)
        about = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
        called = {"command": sys.executable, "args": [str(script), str(self.folder)]}
        return self.cluster.kubeconfig_with({"exec": {**about, **called}})


def test_a_token_that_ends_in_the_middle_of_an_apply_is_fetched_anew_once(
    cluster: ControlPlane, assist: str, tmp_path: Path
) -> None:
    identity, wanted = Identity(cluster, tmp_path), fleet(1, 60)
    target = cluster_target(cluster, kubeconfig=str(identity.kubeconfig()), lease_s=120)
    try:
        state = target.read().value
        assert state is not None
        plan = add_steps(plan_of(state, wanted), wanted, state).value
        assert plan is not None
        (tmp_path / "asked").unlink()
        waves = 0

        def revoke_before_the_second_wave(event: Event) -> None:
            nonlocal waves
            waves += isinstance(event, Started)
            if isinstance(event, Started) and waves == 2:
                identity.revoke()

        done = target.write(wanted, plan, record(), expected=state.identity, emit=revoke_before_the_second_wave)
    finally:
        cluster.kubectl("delete", "serviceaccount,rolebinding,role", "-n", NAMESPACE, "--all", "--timeout=60s")
        cluster.kubectl("delete", "secret", "-n", NAMESPACE, "--all")
    assert done.diagnostics == ()
    assert waves >= 2
    assert live(cluster).keys() == names_of(wanted)
    # At the first request, and by one of all those that met the old token at once.
    assert (tmp_path / "asked").read_text().split() == ["once", "once"]
