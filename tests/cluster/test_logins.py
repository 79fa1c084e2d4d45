"""A login plugin of the kubeconfig, as kubectl runs it: what it gave stops to count in the middle of an apply."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from opsdecl.apply.steps import add_steps
from opsdecl.apply.types import Event, Started
from tests.contracts.builders import plan_of, record
from tests.support.cluster import ControlPlane, wait_until
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.crashes import apply_in_steps, fleet, live, names_of

__all__ = ["assist"]
PLUGIN = """\
import json, os, pathlib, sys
asked = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
assert asked["kind"] == "ExecCredential" and asked["spec"]["interactive"] is False
folder = pathlib.Path(sys.argv[1])
with (folder / "asked").open("a") as log:
    log.write("once\\n")
first = folder / "first"
status = json.loads((first if first.exists() else folder / "status").read_text())
first.unlink(missing_ok=True)
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
        give(self.folder, {"token": self.token, "expirationTimestamp": "2026-03-01T09:12:00Z"})

    def revoke(self) -> None:
        """Until the server answers with 401: it remembers for some seconds whom it let in."""
        old = self.cluster.kubeconfig_with({"token": self.token})
        self.cluster.kubectl("delete", "secret", f"login-{self._tokens}", "-n", NAMESPACE)
        self.issue()
        who = ("auth", "whoami")
        wait_until(lambda: "nauthorized" in self.cluster.attempt(*who, kubeconfig=old).stderr, "the token still counts")


def give(folder: Path, status: Mapping[str, str], *, first: bool = False) -> None:
    """The plugin's answers, or its first one."""
    (folder / ("first" if first else "status")).write_text(json.dumps(status))


def kubeconfig(cluster: ControlPlane, folder: Path) -> Path:
    script = folder / "login.py"
    script.write_text(PLUGIN)
    about = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    called = {"command": sys.executable, "args": [str(script), str(folder)]}
    return cluster.kubeconfig_with({"exec": {**about, **called}})


def test_a_token_that_ends_in_the_middle_of_an_apply_is_fetched_anew_once(
    cluster: ControlPlane, assist: str, tmp_path: Path
) -> None:
    identity, wanted = Identity(cluster, tmp_path), fleet(1, 60)
    target = cluster_target(cluster, kubeconfig=str(kubeconfig(cluster, tmp_path)), lease_s=120)
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


def test_a_certificate_that_stopped_to_count_is_followed_by_the_next(
    cluster: ControlPlane, assist: str, tmp_path: Path
) -> None:
    give(tmp_path, of_nobody(tmp_path), first=True)
    give(tmp_path, certificate(cluster.certificates / "admin"))
    target = cluster_target(cluster, kubeconfig=str(kubeconfig(cluster, tmp_path)))
    assert apply_in_steps(target, fleet(1, 24)).diagnostics == ()
    assert live(cluster).keys() == names_of(fleet(1, 24))
    # Twice to read, and once to write: the first answer is nobody's certificate, for all requests at once.
    assert (tmp_path / "asked").read_text().split() == ["once"] * 3


def test_certificates_that_do_not_count_are_no_login(cluster: ControlPlane, assist: str, tmp_path: Path) -> None:
    give(tmp_path, of_nobody(tmp_path))
    (found,) = cluster_target(cluster, kubeconfig=str(kubeconfig(cluster, tmp_path))).read().diagnostics
    assert found.code.id == "OD604"


def certificate(name: Path) -> Mapping[str, str]:
    """What a plugin says of `name`.crt and `name`.key."""
    files = {"clientCertificateData": ".crt", "clientKeyData": ".key"}
    return {field: name.with_suffix(suffix).read_text() for field, suffix in files.items()}


def of_nobody(folder: Path) -> Mapping[str, str]:
    """Signed by itself: no server believes it."""
    files = ("-keyout", str(folder / "nobody.key"), "-out", str(folder / "nobody.crt"))
    subject = ("-subj", "/O=system:masters/CN=admin")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files], check=True)
    return certificate(folder / "nobody")
