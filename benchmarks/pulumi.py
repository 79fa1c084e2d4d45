"""Plans and applies of a Pulumi target, beside Pulumi's own commands on the same objects, in one run.

    python -m benchmarks.pulumi [--sizes 100,500,1000,2000] [--brief 1000]

Needs `make tools`, and takes some ten minutes of two idle cores. Every command is a whole process, started once, on a
real control plane and a backend in a folder: wall and processor seconds of the client with all that it started, and the
largest sum of their resident memory. `pulumi` runs a plain program of the same objects, with the provider's waiting
told off as ours has it: in one stack as Pulumi does by default, which writes its state after every step, and in
another told not to (PULUMI_SKIP_CHECKPOINTS), as ours are. From the size that `--brief` names on, the default is left
out, for its time grows with the square of the objects.

Each row stops the run where it did not do what it was to do. The table of all sizes comes at the end.
"""

import argparse
import gc
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measure import Run, run
from opsdecl.diff.release import state_from_manifests
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.files import write_new_tree
from opsdecl.targets.pulumi.engine import engine_of
from opsdecl.targets.pulumi.settings import PulumiSettings
from opsdecl.targets.pulumi.target import PulumiTarget
from tests.contracts.builders import RELEASE, manifest, plan_of, record, release
from tests.support.plain_pulumi import PlainPulumi

if TYPE_CHECKING:
    from tests.support.cluster import ControlPlane

OURS, THEIRS, LEAN = "assist", "theirs", "lean"
"""Namespaces, and stacks: opsdecl's, one of plain Pulumi's as it is by default, and one without checkpoints."""
_KINDS = ("ConfigMap",) * 6 + ("PersistentVolumeClaim",) * 2 + ("Deployment",) * 2
_PER_DOCUMENT = 8
_SAMPLE_S = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,500,1000,2000")
    parser.add_argument("--brief", type=int, default=1000)
    parser.add_argument("--work", choices=sorted(WORK), help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--changed", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--context", help=argparse.SUPPRESS)
    parser.add_argument("--backend", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        gc.disable()
        done = WORK[arguments.work](Place(arguments.context, arguments.backend), arguments.size, arguments.changed)
        print(json.dumps(done), flush=True)
        os._exit(0)
    from tests.support.cluster import control_plane

    print(f"{'objects':>7} {'work':44} {'wall s':>8} {'cpu s':>8} {'peak MB':>8}", flush=True)
    cells: dict[str, dict[int, str]] = {}
    sizes = [int(size) for size in arguments.sizes.split(",")]
    for size in sizes:
        with control_plane(f"bench-{os.getpid()}-{size}") as cluster, tempfile.TemporaryDirectory() as folder:
            Table(cluster, Path(folder), size, size < arguments.brief, cells).measure()
    print("\n".join(("", *_markdown(cells, sizes))), flush=True)


def _markdown(cells: Mapping[str, Mapping[int, str]], sizes: Sequence[int]) -> Iterator[str]:
    """The rows of all sizes, as documentation has them."""
    yield "| work | " + " | ".join(f"{size:,} objects: wall s, CPU s, MB" for size in sizes) + " |"
    yield "| --- |" + " --- |" * len(sizes)
    for work, found in cells.items():
        yield f"| {work} | " + " | ".join(found.get(size, "") for size in sizes) + " |"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row works: a context of the kubeconfig, and the URL of a backend."""

    context: str
    backend: str


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one size, on a control plane and a backend that have seen nothing else."""

    cluster: "ControlPlane"
    folder: Path
    size: int
    with_default: bool
    cells: dict[str, dict[int, str]]

    def measure(self) -> None:
        for namespace in (OURS, THEIRS, LEAN):
            self.cluster.create_namespace(namespace)
        few = max(self.size // 100, 1)
        self._row("offline plan, 1 % changed", "offline", few, {"update": few})
        self._applies("all new", 0, {"create": self.size})
        plan = self._row("live plan, nothing changed", "read", 0, {})
        self._row("live plan with Pulumi's preview, unchanged", "live", 0, {})
        preview = self._row("pulumi preview, nothing changed", "preview", 0, {})
        self._say(f"the live plan alone is {preview.wall_s / plan.wall_s:.1f} times as fast as pulumi preview")
        self._row("eject", "eject", 0, {})
        ejected = self._row("pulumi preview of the ejected program", "ejected", 0, {})
        self._say(
            f"the live plan alone is {ejected.wall_s / plan.wall_s:.1f} times as fast as that of the ejected program"
        )
        self._row("live plan with Pulumi's preview, 1 % changed", "live", few, {"update": few})
        self._row("pulumi preview, 1 % changed", "preview", few, {"update": few})
        self._applies("1 % changed", few, {"update": few})
        kilobytes = [f"{self._state_kb(stack):,}" for stack in (OURS, LEAN, f"{OURS}.opsdecl")]
        self._tell("state of ours, of theirs, our records, kB", ", ".join(kilobytes))

    def _applies(self, what: str, changed: int, expected: Mapping[str, int]) -> None:
        ours = self._row(f"apply, {what}", "apply", changed, expected)
        lean = self._row(f"pulumi up without checkpoints, {what}", "lean", changed, expected)
        self._say(f"{what}: an apply takes {ours.cpu_s / lean.cpu_s:.2f} of the CPU s of pulumi up without checkpoints")
        if self.with_default:
            usual = self._row(f"pulumi up, {what}", "up", changed, expected)
            self._say(f"{what}: an apply takes {ours.cpu_s / usual.cpu_s:.2f} of the CPU s of pulumi up")

    def _row(self, what: str, does: str, changed: int, expected: Mapping[str, int]) -> Run:
        backend = self.folder / "backend"
        backend.mkdir(exist_ok=True)
        words = [sys.executable, "-m", "benchmarks.pulumi", "--work", does, "--size", str(self.size)]
        words += ["--changed", str(changed), "--context", self.cluster.context, "--backend", f"file://{backend}"]
        env = {"KUBECONFIG": str(self.cluster.kubeconfig), "PULUMI_CONFIG_PASSPHRASE": "benchmark"}
        if does == "lean":
            env["PULUMI_SKIP_CHECKPOINTS"] = env["PULUMI_EXPERIMENTAL"] = "true"
        done, peak = _with_memory(lambda: run(words, Path(__file__).resolve().parent.parent, env))
        if done.code or json.loads(done.output.splitlines()[-1]) != expected:
            sys.exit(f"{what} left with {done.code}, where {expected} was expected:\n{done.output[-2000:]}")
        print(f"{self.size:7} {what:44} {done.wall_s:8.2f} {done.cpu_s:8.2f} {peak:8.0f}", flush=True)
        self.cells.setdefault(what, {})[self.size] = f"{done.wall_s:.1f}, {done.cpu_s:.1f}, {peak:.0f}"
        return done

    def _tell(self, what: str, words: str) -> None:
        self._say(f"{what}: {words}")
        self.cells.setdefault(what, {})[self.size] = words

    def _say(self, words: str) -> None:
        print(f"{self.size:7} {words}", flush=True)

    def _state_kb(self, stack: str) -> int:
        return (self.folder / f"backend/.pulumi/stacks/{RELEASE.project}/{stack}.json").stat().st_size // 1024


def _with_memory(work: Callable[[], Run]) -> tuple[Run, float]:
    """The run, and the largest sum of what its processes hold, in MB: the plugin is a process of its own."""
    ended, peak = threading.Event(), [0]

    def watch() -> None:
        while not ended.wait(_SAMPLE_S):
            peak[0] = max(peak[0], sum(_resident_pages(pid) for pid in _below(os.getpid())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = work()
    finally:
        ended.set()
        watcher.join()
    return done, max(peak[0] * os.sysconf("SC_PAGE_SIZE") / 2**20, done.peak_mb)


def _below(parent: int) -> list[int]:
    found = []
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            pids = [int(pid) for pid in children.read_text().split()]
        except OSError:
            continue
        for pid in pids:
            found += [pid, *_below(pid)]
    return found


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0


def objects(size: int, changed: int, namespace: str) -> Sequence[Manifest]:
    """Of ten, six ConfigMaps, two claims and two Deployments; eight to a document, as specs have them. The first
    `changed` were applied otherwise before."""
    made = []
    for n in range(size):
        kind = _KINDS[n % len(_KINDS)]
        # The size of a claim cannot change.
        value = 2 if n < changed and kind != "PersistentVolumeClaim" else 1
        metadata = {"labels": {"team": "b" if n < changed else "a"}}
        address = f"LLM.m{n // _PER_DOCUMENT:05}/main/part-{n % _PER_DOCUMENT}"
        made.append(manifest(address, kind, f"m{n:05}", value, metadata=metadata, namespace=namespace))
    return made


def _settings(place: Place, stack: str) -> PulumiSettings:
    return PulumiSettings(stack, backend=place.backend, context=place.context, namespace=stack)


def _target(place: Place, size: int, changed: int) -> tuple[PulumiTarget, ManifestSet]:
    desired = release(*objects(size, changed, OURS))
    return PulumiTarget(_settings(place, OURS), RELEASE, desired), desired


def _counted(words: Sequence[str]) -> dict[str, int]:
    return {word: words.count(word) for word in sorted(set(words))}


def offline(place: Place, size: int, changed: int) -> dict[str, int]:
    """The diff of two compiled sides, which is what follows their compilation."""
    before, desired = release(*objects(size, 0, OURS)), release(*objects(size, changed, OURS))
    return _counted([change.action for change in plan_of(state_from_manifests(before), desired).changes])


def read(place: Place, size: int, changed: int) -> dict[str, int]:
    """State, records and live objects against what is wanted."""
    target, desired = _target(place, size, changed)
    state = target.read()
    assert state.value is not None, state.diagnostics
    return _counted([change.action for change in plan_of(state.value, desired).changes])


def live(place: Place, size: int, changed: int) -> dict[str, int]:
    """As `opsdecl plan`: the same, then Pulumi's own preview of it, which must agree."""
    target, desired = _target(place, size, changed)
    state = target.read()
    assert state.value is not None, state.diagnostics
    plan = plan_of(state.value, desired)
    said = target.preview(desired, plan)
    assert [d.code.id for d in said.diagnostics] == ["OD689"], said.diagnostics
    return _counted([change.action for change in plan.changes])


def apply(place: Place, size: int, changed: int) -> dict[str, int]:
    """As `opsdecl apply` once the plan is agreed to: read, plan, write."""
    target, desired = _target(place, size, changed)
    state = target.read()
    assert state.value is not None, state.diagnostics
    plan = plan_of(state.value, desired)
    done = target.write(desired, plan, record(), expected=state.value.identity, emit=lambda event: None)
    assert done.value is not None, done.diagnostics
    assert not done.diagnostics, done.diagnostics[:3]
    return dict(done.value.counts)


def eject(place: Place, size: int, changed: int) -> dict[str, int]:
    """As `opsdecl eject pulumi`: our own stack as a program, beside the backend."""
    done = _target(place, size, changed)[0].eject()
    assert done.value is not None, done.diagnostics
    written = write_new_tree(_program_of(place), done.value.files)
    assert written.diagnostics == (), written.diagnostics
    return {}


def ejected(place: Place, size: int, changed: int) -> dict[str, int]:
    """That program's preview by Pulumi's own command line and its host of Python programs; it must find no changes."""
    program = PlainPulumi(_program_of(place), {})
    done = program("preview", f"--stack={OURS}", "--expect-no-changes")
    assert done.code == 0, done.all[-2000:]
    return {}


def _program_of(place: Place) -> Path:
    return Path(place.backend.removeprefix("file://")).parent / "program"


def up(place: Place, size: int, changed: int) -> dict[str, int]:
    """`pulumi up` of a plain program, as Pulumi does it by default."""
    return _plain(place, size, changed, "up", THEIRS)


def lean(place: Place, size: int, changed: int) -> dict[str, int]:
    """The same, with the state written once."""
    return _plain(place, size, changed, "up", LEAN)


def preview(place: Place, size: int, changed: int) -> dict[str, int]:
    """`pulumi preview` of a plain program."""
    return _plain(place, size, changed, "preview", LEAN)


def _plain(place: Place, size: int, changed: int, verb: str, stack_name: str) -> dict[str, int]:
    from pulumi import automation

    steps: list[str] = []

    def hear(event: automation.EngineEvent) -> None:
        begun = event.resource_pre_event
        if begun is not None and begun.metadata.type.startswith("kubernetes:") and begun.metadata.op.value != "same":
            steps.append(str(begun.metadata.op.value))

    def program() -> None:
        _declare(objects(size, changed, stack_name), place.context)

    with engine_of(_settings(place, stack_name), RELEASE.project) as engine:
        # What our own engine is told is no default of Pulumi's.
        told = engine.workspace.env_vars
        engine.workspace.env_vars = {name: value for name, value in told.items() if name != "PULUMI_SKIP_CHECKPOINTS"}
        stack = automation.Stack.create_or_select(stack_name, engine.workspace)
        work: Any = stack.up if verb == "up" else stack.preview
        work(program=program, on_event=hear, color="never")
    return _counted(steps)


def _declare(manifests: Sequence[Manifest], context: str) -> None:
    from importlib.metadata import version

    from pulumi import CustomResource, ProviderResource, ResourceOptions

    plugin = version("pulumi-kubernetes")
    inputs = {"context": context, "enableConfigMapMutable": "true"}
    provider = ProviderResource("kubernetes", "kubernetes", inputs, ResourceOptions(version=plugin))
    for each in manifests:
        annotations = {"pulumi.com/skipAwait": "true"}
        data = {**each.data, "metadata": {**each.data["metadata"], "annotations": annotations}}
        CustomResource(each.token, each.key.name, data, ResourceOptions(provider=provider, version=plugin))


WORK: Mapping[str, Callable[[Place, int, int], dict[str, int]]] = {
    "offline": offline,
    "read": read,
    "live": live,
    "apply": apply,
    "eject": eject,
    "ejected": ejected,
    "up": up,
    "lean": lean,
    "preview": preview,
}


if __name__ == "__main__":
    main()
