"""A real Kubernetes control plane on the loopback with simulated GPU nodes, and what tests do with it."""

import json
import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import yaml

from tests.support.toolchain import CONTROL_PLANE, SCRIPTS, require

START_TIMEOUT_S = 180
KUBECTL_TIMEOUT_S = 120
READY_TIMEOUT_S = 60
DEFAULT_MANAGER = "kubectl"
Object = Mapping[str, Any]


class KubectlError(AssertionError):
    """kubectl ended with an error; the message holds the arguments and what it said."""


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A running control plane. `kubeconfig` is the administrator's; `context` is its only context."""

    name: str
    kubeconfig: Path
    tools: Path

    @property
    def context(self) -> str:
        return f"kwok-{self.name}"

    @property
    def server(self) -> str:
        """Where the API server listens: https://127.0.0.1:PORT."""
        return str(self._cluster()["server"])

    def attempt(
        self, *arguments: str, stdin: str | None = None, kubeconfig: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """kubectl with these arguments, as whoever the kubeconfig names; never raises for its exit status."""
        command = [str(self.tools / "k8s/kubectl"), "--kubeconfig", str(kubeconfig or self.kubeconfig), *arguments]
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=KUBECTL_TIMEOUT_S,
            env={**os.environ, "KUBECACHEDIR": str(self.kubeconfig.parent / "cache")},
        )

    def kubectl(self, *arguments: str, stdin: str | None = None, kubeconfig: Path | None = None) -> str:
        """What kubectl prints; `KubectlError` where it ends with an error."""
        done = self.attempt(*arguments, stdin=stdin, kubeconfig=kubeconfig)
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)} -> {done.returncode}\n{done.stderr}{done.stdout}")
        return done.stdout

    def get(self, kind: str, name: str, namespace: str = "") -> dict[str, Any]:
        """One object as it is on the server, managedFields included."""
        where = ("-n", namespace) if namespace else ()
        found = json.loads(self.kubectl("get", kind, name, *where, "-o", "json", "--show-managed-fields"))
        assert isinstance(found, dict)
        return found

    def create(self, *objects: Object) -> None:
        self.kubectl("create", "-f", "-", stdin=as_stream(objects))

    def apply(self, *objects: Object, manager: str = DEFAULT_MANAGER) -> None:
        """Server-side apply, as a person with that field manager would do it."""
        self.kubectl("apply", "--server-side", f"--field-manager={manager}", "-f", "-", stdin=as_stream(objects))

    def create_namespace(self, name: str, labels: Mapping[str, str] | None = None) -> str:
        """A namespace with pod security `restricted`; ready for pods when this returns."""
        enforced = {"pod-security.kubernetes.io/enforce": "restricted", **(labels or {})}
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": enforced}})
        self.kubectl("wait", "--for=create", "serviceaccount/default", "-n", name, "--timeout=60s")
        return name

    def delete_namespaces(self, *names: str, wait: bool = True) -> None:
        """With `wait`, until they are gone: about six seconds, longer where pods may take their time to end."""
        if wait:
            # The namespace controller would wait for them as long as their grace periods say.
            for name in names:
                self.attempt("delete", "deployments,jobs,pods,pvc", "--all", "--force", "--grace-period=0", "-n", name)
        self.kubectl("delete", "namespace", *names, "--ignore-not-found", f"--wait={str(wait).lower()}")

    def add_nodes(self, pool: str, count: int, gpus: int, product: str = "NVIDIA-H100-80GB-HBM3") -> None:
        """Simulated nodes with the label `pool`, ready when this returns."""
        words = {"POOL": pool, "GPUS": str(gpus), "PRODUCT": product}
        self._create_from("node.yaml", [{"NAME": f"{pool}-{i}", **words} for i in range(count)])
        self.kubectl("wait", "--for=condition=Ready", "node", "-l", f"pool={pool}", "--timeout=60s")

    def add_volumes(self, count: int) -> None:
        """Volumes of class `shared-fast`, 1 TiB each, any access mode. A claim that is deleted uses its volume up."""
        self._create_from("volume.yaml", [{"NAME": f"volume-{secrets.token_hex(4)}"} for _ in range(count)])

    def install_crds(self, *names: str) -> None:
        """The CRDs of these rows of tools/crds.tsv, established."""
        run_script("crds.sh", "apply", str(self.kubeconfig), *names)

    def install_definitions(self, row: str, *plurals: str) -> None:
        """Of the CRDs of a row of tools/crds.tsv these alone, established: a fraction of the time of all."""
        folder = require(f"crds/{row}") / "crds" / row
        files = [str(file) for plural in plurals for file in folder.glob(f"*_{plural}.yaml")]
        assert len(files) == len(plurals), f"{folder} lacks some of {', '.join(plurals)}"
        chosen = [part for file in files for part in ("-f", file)]
        self.kubectl("apply", "--server-side", *chosen)
        # kubectl gives up on a definition that has no status yet.
        established = ("wait", "--for=condition=Established", "--timeout=60s", *chosen)
        wait_until(lambda: self.attempt(*established).returncode == 0, f"{row} is not established")

    def identity(self, rules: Sequence[Object], namespace: str = "default", cluster_wide: bool = True) -> Path:
        """The kubeconfig of a new ServiceAccount that holds exactly these RBAC rules."""
        return self.kubeconfig_with({"token": self.identity_token(rules, namespace, cluster_wide)}, name="identity")

    def identity_token(self, rules: Sequence[Object], namespace: str = "default", cluster_wide: bool = True) -> str:
        """A token of a new ServiceAccount that holds exactly these RBAC rules."""
        name = f"identity-{secrets.token_hex(4)}"
        self.create(*_account_with_role(name, namespace, rules, cluster_wide))
        return self.token_of(name, namespace)

    def kubeconfig_of(self, service_account: str, namespace: str = "default") -> Path:
        """A kubeconfig with a fresh token of that ServiceAccount."""
        return self.kubeconfig_with({"token": self.token_of(service_account, namespace)}, name=service_account)

    def token_of(self, service_account: str, namespace: str = "default") -> str:
        """A fresh token, good for an hour."""
        return self.kubectl("create", "token", service_account, "-n", namespace).strip()

    def kubeconfig_with(self, user: Object, *, server: str | None = None, name: str = "someone") -> Path:
        """A kubeconfig of one context, with other credentials or another address (such as that of a fault proxy)."""
        cluster = self._cluster() | ({"server": server} if server else {})
        data = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.context,
            "contexts": [{"name": self.context, "context": {"cluster": self.context, "user": name}}],
            "clusters": [{"name": self.context, "cluster": cluster}],
            "users": [{"name": name, "user": dict(user)}],
        }
        path = self.kubeconfig.parent / f"{name}-{secrets.token_hex(4)}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(data), "utf-8")
        return path

    @property
    def admin(self) -> dict[str, Any]:
        """The administrator's credentials, as the `user` of a kubeconfig."""
        return dict(self._configuration()["users"][0]["user"])

    def process(self, component: str) -> int:
        """Process id of `kube-apiserver`, `etcd`, `kube-controller-manager`, `kube-scheduler` or `kwok-controller`."""
        return int(self._pid_file(component).read_text())

    @contextmanager
    def frozen(self, component: str) -> Iterator[None]:
        """The component neither answers nor ends meanwhile."""
        process = self.process(component)
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    @contextmanager
    def without(self, component: str) -> Iterator[None]:
        """The component is killed meanwhile, then runs again with the same arguments."""
        process = self.process(component)
        arguments = Path(f"/proc/{process}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
        folder = os.readlink(f"/proc/{process}/cwd")
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: not _alive(process), f"{component} did not end")
        try:
            yield
        finally:
            self._run_again(component, arguments, folder)

    def wait_until_ready(self) -> None:
        """Until the API server answers that it is ready."""
        wait_until(lambda: not self.attempt("get", "--raw", "/readyz").returncode, f"{self.name} does not answer")

    def _run_again(self, component: str, arguments: Sequence[str], folder: str) -> None:
        log = self._data / "logs" / f"{component}.log"
        with log.open("ab") as sink:
            again = subprocess.Popen(
                arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
            )
        # It is a child of ours now: reaped as soon as it ends, or it would seem to run on.
        Thread(target=again.wait, daemon=True).start()
        self._pid_file(component).write_text(str(again.pid))
        self.wait_until_ready()

    @property
    def certificates(self) -> Path:
        """The folder of ca.crt, admin.crt and admin.key; the API server itself serves with the last two."""
        return self._data / "pki"

    @property
    def _data(self) -> Path:
        return self.kubeconfig.parents[1] / ".kwok" / "clusters" / self.name

    def _pid_file(self, component: str) -> Path:
        return self._data / "pids" / f"{component}.pid"

    def _create_from(self, template: str, words: Iterable[Mapping[str, str]]) -> None:
        text = (SCRIPTS / "cluster" / template).read_text("utf-8")
        self.kubectl("create", "-f", "-", stdin="---\n".join(_filled(text, one) for one in words))

    def _configuration(self) -> dict[str, Any]:
        read = yaml.safe_load(self.kubeconfig.read_text("utf-8"))
        assert isinstance(read, dict)
        return read

    def _cluster(self) -> dict[str, Any]:
        return dict(self._configuration()["clusters"][0]["cluster"])


@contextmanager
def control_plane(name: str) -> Iterator[ControlPlane]:
    """A control plane of that name, started now and taken down at the end, however this process ends.

    It has the nodes and volumes that every environment of the example needs. About six seconds and 600 MB of memory.
    """
    tools = require(*CONTROL_PLANE)
    run_script("cluster.sh", "sweep")
    kubeconfig = run_script("cluster.sh", "up", name, OWNER=str(os.getpid())).strip()
    try:
        yield ControlPlane(name, Path(kubeconfig), tools)
    finally:
        run_script("cluster.sh", "down", name)


def run_script(script: str, *arguments: str, **environment: str) -> str:
    """What a script of tools/ prints; AssertionError with its complaints where it fails."""
    done = subprocess.run(
        ["bash", SCRIPTS / script, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
    )
    assert done.returncode == 0, f"{script} {' '.join(arguments)} -> {done.returncode}\n{done.stderr[-4000:]}"
    return done.stdout


def as_stream(objects: Iterable[Object]) -> str:
    """JSON documents, each of which YAML readers take as well."""
    return "\n---\n".join(json.dumps(dict(one)) for one in objects)


def label_of(text: str, limit: int = 40) -> str:
    """Text as the name of a Kubernetes object."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:limit].rstrip("-") or "test"


def _account_with_role(
    name: str, namespace: str, rules: Sequence[Object], cluster_wide: bool
) -> tuple[dict[str, Any], ...]:
    prefix, place = ("Cluster", {}) if cluster_wide else ("", {"namespace": namespace})
    group, version = "rbac.authorization.k8s.io", "rbac.authorization.k8s.io/v1"
    metadata = {"name": name, **place}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    return (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}},
        {"apiVersion": version, "kind": f"{prefix}Role", "metadata": metadata, "rules": [dict(rule) for rule in rules]},
        {
            "apiVersion": version,
            "kind": f"{prefix}RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": f"{prefix}Role", "name": name},
            "subjects": [subject],
        },
    )


def _filled(template: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        template = template.replace(f"@{word}@", value)
    return template


def _alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until(holds: Callable[[], bool], complaint: str) -> None:
    """AssertionError with the complaint where it does not hold in time."""
    end = time.monotonic() + READY_TIMEOUT_S
    while not holds():
        assert time.monotonic() < end, complaint
        time.sleep(0.1)
