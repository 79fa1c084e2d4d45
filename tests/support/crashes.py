"""Applies in processes of their own, stopped at a chosen request or instant; and releases that are large enough."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from opsdecl.apply.steps import add_steps
from opsdecl.apply.types import Event
from opsdecl.diag import Checked
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.lease import Lock
from opsdecl.targets.cluster.store import PART_OF
from opsdecl.targets.cluster.target import ClusterTarget
from tests.contracts.builders import manifest, plan_of, record, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE

FORK = multiprocessing.get_context("fork")
KINDS = "deployments,services,persistentvolumeclaims,configmaps"
OBJECTS = 300
Chooses = Callable[[str, str], bool]
"""Whether a request counts, by its method and path."""
Model = Callable[[str, int], tuple[Manifest, ...]]


def writes(method: str, path: str) -> bool:
    return method != "GET"


def turns(method: str, path: str) -> bool:
    """The boundaries between steps: the lock is taken, the records say what comes next, the lock is let go of."""
    return method == "PUT"


def writes_records(method: str, path: str) -> bool:
    """The same, and each chunk of the records before it. Only records are ever posted."""
    return method == "POST" or (method != "GET" and "/opsdecl-" in path)


def at_request(number: int, when: str, what: Callable[[], None], counts: Chooses = writes) -> None:
    """In this process: does it at the n-th request that counts, before it is sent or after it was answered."""
    sent = Client._once
    count = 0

    async def counting(self: Client, method: str, path: str, *rest: Any) -> Any:
        nonlocal count
        counted = counts(method, path)
        count += counted
        here = counted and count == number
        if here and when == "before":
            what()
        answer = await sent(self, method, path, *rest)
        if here and when == "after":
            what()
        return answer

    Client._once = counting  # type: ignore[method-assign, assignment]


def at_look(number: int, what: Callable[[], None]) -> None:
    """In this process: does it right after the n-th look at the lock that found it ours, before anything is sent."""
    look = Lock.check
    count = 0

    def counting(self: Lock) -> None:
        nonlocal count
        look(self)
        count += 1
        if count == number:
            what()

    Lock.check = counting  # type: ignore[method-assign]


def send(name: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), name)


def start_to_freeze(target: ClusterTarget, desired: ManifestSet, look: int) -> tuple[Any, Any]:
    """A process that applies, stopped right after its n-th look at the lock (0: never), and a queue that gets the codes
    of what it found once it goes on."""
    answers = FORK.Queue()

    def work() -> None:
        at_look(look, send(signal.SIGSTOP))
        answers.put([d.code.id for d in apply_in_steps(target, desired).diagnostics])

    process = FORK.Process(target=work)
    process.start()
    return process, answers


def kill_at_request(number: int, when: str, counts: Chooses = writes) -> None:
    at_request(number, when, send(signal.SIGKILL), counts)


def unheard(event: Event) -> None:
    """For those who listen to nothing."""


def apply_in_steps(
    target: ClusterTarget, desired: ManifestSet, emit: Callable[[Event], None] = unheard
) -> Checked[Any]:
    """As `opsdecl apply` does it: read, plan, wave by wave along the dependencies."""
    state = target.read()
    if state.value is None:
        return Checked(None, state.diagnostics)
    plan = add_steps(plan_of(state.value, desired), desired, state.value).value
    assert plan is not None
    return target.write(desired, plan, record(), expected=state.value.identity, emit=emit)


def fleet(version: int, objects: int = OBJECTS, model: Model | None = None) -> ManifestSet:
    """Models of four objects each, in two waves unless `model` says otherwise. Against the version before, a third is
    made anew, a third of that version goes, and the rest is changed; nothing stays as it was."""
    models, make = objects // 4, model or _model
    made = [make(f"m{n}-v{version}", version) for n in range(models // 3)]
    kept = [make(f"m{n}", version) for n in range(models // 3, models)]
    return release(*(each for model in (*made, *kept) for each in model))


def _model(name: str, version: int) -> tuple[Manifest, ...]:
    parent = f"LLM.{name}/main"
    needs = (f"{parent}/config", f"{parent}/prompt")
    return (
        manifest(f"{parent}/config", "ConfigMap", f"{name}-config", version),
        manifest(f"{parent}/prompt", "ConfigMap", f"{name}-prompt", version),
        manifest(f"{parent}/routes", "ConfigMap", f"{name}-routes", version, needs=needs),
        manifest(f"{parent}/service", "Service", name, version, needs=needs),
    )


def live(cluster: ControlPlane, what: str = "uid") -> Mapping[str, str]:
    """`Kind/name` -> uid, or another word of its metadata, of all that carries the label of a release."""
    listed = cluster.kubectl("get", KINDS, "-n", NAMESPACE, f"-l={PART_OF}", "-o", "json")
    items = json.loads(listed)["items"]
    return {f"{item['kind']}/{item['metadata']['name']}": item["metadata"][what] for item in items}


def names_of(desired: ManifestSet) -> set[str]:
    return {f"{m.key.kind}/{m.key.name}" for m in desired.manifests}


def unlock(cluster: ControlPlane) -> None:
    """As if the time of a dead holder were over."""
    cluster.kubectl("delete", "lease", "--all", "-n", NAMESPACE)


def children(name: str, parent: int | None = None) -> list[int]:
    """Processes of that name below this one, or another."""
    rows = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            about, args = status.read_text(), (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        rows.append((int(status.parent.name), int(about.rpartition(")")[2].split()[1]), args))
    wanted = {parent or os.getpid()}
    for _ in range(4):
        wanted |= {pid for pid, above, _ in rows if above in wanted}
    return [pid for pid, _, args in rows if pid in wanted and name.encode() in args]


def kill_with_children(parent: int) -> None:
    """Whatever it started, at one instant. All stand still first: who goes on may start one more, which nobody finds
    once its parent is gone. Pulumi's plugins lead process groups of their own, and live on where only parents end."""
    stopped: list[int] = []
    while found := [pid for pid in (parent, *children("", parent)) if pid not in stopped]:
        stopped += found
        _send_all(found, signal.SIGSTOP)
        time.sleep(0.02)
    _send_all(stopped, signal.SIGKILL)


def _send_all(processes: Iterable[int], name: int) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, name)
