"""A second client of the API server, as quick as ours, that does to objects what people do while an apply goes on."""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.cluster.store import PART_OF
from tests.contracts.builders import manifest
from tests.support.cluster import ControlPlane

_PLURALS = {"Deployment": "/apis/apps/v1", "Service": "/api/v1", "ConfigMap": "/api/v1"}
_OF_VALUE: Mapping[str, tuple[str, ...]] = {
    "ConfigMap": ("data", "value"),
    "Service": ("spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"),
    "Deployment": ("spec", "revisionHistoryLimit"),
}
"""Where an object of `tests.contracts.builders.manifest` holds its value."""
ADOPTED = "meta.helm.sh/release-name"
"""Annotation of what Helm has in its books."""
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to an object, and when it was there at the latest."""

    what: str
    name: str
    value: Any
    uid: str
    at: float


@dataclass(slots=True)
class Interferer:
    """`wanted` is what is being applied, `before` what was there. `deeds` are those that the server accepted, about one
    in `pause_s`, and before a share `at_the_door` of our writes."""

    cluster: ControlPlane
    drawn: Random
    before: ManifestSet
    wanted: ManifestSet
    pause_s: float
    at_the_door: float
    deeds: list[Deed] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        """At random instants from now on."""
        if self._thread is None:
            self._thread = Thread(target=self._work, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(30)

    def at_random(self, given: Manifest | None = None) -> None:
        """Something to an object, of all that the apply is about unless one is given."""
        with self._lock:
            there = {m.key: m for m in (*self.before.manifests, *self.wanted.manifests)}
            one = given if given is not None else self.drawn.choice(sorted(there.values(), key=lambda m: m.key))
            deeds: list[Callable[[Manifest], None]] = [
                self.edit,
                self.annotate,
                self.delete,
                self.create,
                self.scale,
                self.adopt,
            ]
            self.drawn.choice(deeds)(one)

    def edit(self, one: Manifest) -> None:
        """A field that the release sets."""
        value = self.drawn.randrange(1000, 9999)
        shown = str(value) if one.key.kind == "ConfigMap" else value
        self._patch("edit", one, nested(_OF_VALUE[one.key.kind], shown), shown)

    def annotate(self, one: Manifest) -> None:
        """A field that it does not set."""
        value = str(self.drawn.random())
        self._patch("annotate", one, {"metadata": {"annotations": {"acme.example/note": value}}}, value)

    def scale(self, one: Manifest) -> None:
        if one.key.kind == "Deployment":
            value = self.drawn.randrange(1, 4)
            self._patch("scale", one, {"spec": {"replicas": value}}, value, "/scale")

    def delete(self, one: Manifest) -> None:
        self._done("delete", one, None, *self.ask("DELETE", path_of(one)))

    def create(self, one: Manifest) -> None:
        """A foreign object of that name, if there is none; of ConfigMaps, half have no field in common with ours."""
        value = self.drawn.randrange(1000, 9999)
        data = dict(manifest(str(one.address), one.key.kind, one.key.name, value).data)
        if one.key.kind == "ConfigMap" and self.drawn.random() < 0.5:
            data["data"] = {"other": "theirs"}
        collection = path_of(one).rpartition("/")[0]
        self._done("create", one, data, *self.ask("POST", f"{collection}?fieldManager=kubectl-create", data))

    def adopt(self, one: Manifest) -> None:
        """Another tool takes an object of the release into its books, as it was when the tool looked."""
        code, live = self.ask("GET", path_of(one))
        if code == 200 and PART_OF in live["metadata"].get("labels", {}):
            metadata = {"resourceVersion": live["metadata"]["resourceVersion"], "annotations": {ADOPTED: "legacy"}}
            self._patch("adopt", one, {"metadata": metadata}, "legacy", by="helm")

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, Any]:
        """HTTP status and answer."""
        folder = self.cluster.certificates
        context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        context.load_cert_chain(folder / "admin.crt", folder / "admin.key")
        server = urlsplit(self.cluster.server)
        talk = http.client.HTTPSConnection(server.hostname or "", server.port, context=context, timeout=30)
        try:
            talk.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": kind})
            answer = talk.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            talk.close()

    def _patch(
        self, what: str, one: Manifest, body: Any, value: Any, below: str = "", *, by: str = "kubectl-edit"
    ) -> None:
        path = f"{path_of(one)}{below}?fieldManager={by}"
        self._done(what, one, value, *self.ask("PATCH", path, body, _MERGE))

    def _done(self, what: str, one: Manifest, value: Any, code: int, answer: Any) -> None:
        assert code < 300 or code in (404, 409), answer
        if code < 300:
            uid = str(answer.get("metadata", {}).get("uid", ""))
            self.deeds.append(Deed(what, name_of(one), value, uid, time.monotonic()))

    def _work(self) -> None:
        while not self._over.wait(self.drawn.uniform(0, 2 * self.pause_s)):
            self.at_random()


def name_of(one: Manifest) -> str:
    return f"{one.key.kind}/{one.key.name}"


def path_of(one: Manifest) -> str:
    return f"{_PLURALS[one.key.kind]}/namespaces/{one.key.namespace}/{one.key.kind.lower()}s/{one.key.name}"


def nested(path: tuple[str, ...], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def value_of(kind: str, live: Any) -> Any:
    """The value that a live object has now; None where it has none."""
    for name in _OF_VALUE[kind]:
        live = (live or {}).get(name)
    return live


def holds(live: Any, wanted: Any) -> bool:
    """Whether a live object has all that is wanted, told without any code of ours; the server adds its own."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(n in live and holds(live[n], w) for n, w in wanted.items())
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(live, list)
            and len(live) == len(wanted)
            and all(holds(a, b) for a, b in zip(live, wanted, strict=True))
        )
    return bool(live == wanted)
