"""What a release changes -> in which order: applied in waves along the dependencies, pruned the other way round."""

from collections.abc import Iterator, Mapping, Sequence

from opsdecl.addr import is_run
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import plan as codes
from opsdecl.diff.records import StoredObject, TargetState
from opsdecl.diff.types import ObjectChange, ReleasePlan, Step
from opsdecl.render.types import ManifestSet

Edges = Mapping[str, tuple[str, ...]]
"""For each address the addresses that must be there before it."""

_APPLIED = frozenset({"create", "update", "replace", "adopt"})
_RANKS = {
    kind: rank
    for rank, kinds in enumerate(
        (
            ("CustomResourceDefinition", "Namespace"),
            ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Secret", "ExternalSecret"),
            (
                "ResourceFlavor",
                "ClusterQueue",
                "LocalQueue",
                "ConfigMap",
                "PersistentVolume",
                "PersistentVolumeClaim",
                "NetworkPolicy",
                "AnalysisTemplate",
            ),
            ("Service",),
            (
                "Deployment",
                "StatefulSet",
                "DaemonSet",
                "Job",
                "CronJob",
                "Rollout",
                "InferenceService",
                "LLMInferenceService",
                "LeaderWorkerSet",
                "JobSet",
                "TrainJob",
                "RayJob",
                "Experiment",
            ),
        )
    )
    for kind in kinds
}
_AWAITED = frozenset(
    {"CustomResourceDefinition", "Namespace", "Job", "ExternalSecret", "SecretStore", "ClusterSecretStore"}
)
"""What must be done, not merely there, before others can use it. Pods wait by themselves for claims, and an autoscaler
must not wait until a model is loaded."""
_LAST_RANK = max(_RANKS.values()) + 1
"""What watches or routes to workloads: autoscalers, disruption budgets, routes, monitors."""


def add_steps(
    release: ReleasePlan, desired: ManifestSet, base: TargetState | None = None, *, wait: bool = False
) -> Checked[ReleasePlan]:
    """The release with its steps; OD530 where dependencies go in a circle.

    A wave is a number over the whole desired set, so that it stays the same whatever changes. `wait`: where others
    follow, a step waits until what they need is done; the last step, after the record, waits until all is ready. Runs
    are never waited for: they take hours, and what needs one waits for it in its own pod.
    """
    if not release.changes:
        return Checked(release)
    waves = order_waves({head.address: head.depends_on for head in desired.heads})
    if waves.value is None:
        return Checked(None, waves.diagnostics)
    applies = [*_apply_steps(release.changes, waves.value, wait)]
    last = max(waves.value.values(), default=-1)
    prunes = [*_prune_steps(release.changes, base, last + 1)]
    steps = [*applies, *prunes]
    if steps:
        steps.append(Step(verb="record", wave=steps[-1].wave + 1))
        written = (a for step in applies if step.verb == "apply" for a in step.addresses)
        applied = tuple(sorted(a for a in written if not is_run(a)))
        if wait and applied:
            steps.append(Step(verb="wait", wave=steps[-1].wave + 1, addresses=applied))
    return Checked(release.model_copy(update={"steps": tuple(steps)}))


def order_waves(edges: Edges) -> Checked[Mapping[str, int]]:
    """The wave of each address: 0 for what needs nothing, else one after the last that it needs.

    Addresses that are not in `edges` themselves are taken to be there already.
    """
    waves = {address: 0 for address, needs in edges.items() if not needs}
    waiting = {address: [n for n in needs if n in edges] for address, needs in edges.items() if needs}
    while waiting:
        ready = [address for address, needs in waiting.items() if all(need in waves for need in needs)]
        if not ready:
            return Checked(None, (_cycle(waiting),))
        found = {a: max((waves[need] + 1 for need in waiting[a]), default=0) for a in ready}
        waves.update(found)
        for address in ready:
            del waiting[address]
    return Checked(waves)


def _cycle(waiting: Mapping[str, Sequence[str]]) -> Diagnostic:
    """Walks along what is missing until an address comes a second time."""
    path = [min(waiting)]
    while True:
        following = min(need for need in waiting[path[-1]] if need in waiting)
        if following in path:
            circle = [*path[path.index(following) :], following]
            break
        path.append(following)
    shown = " → ".join(f"`{address}`" for address in circle)
    return Diagnostic(
        codes.DEPENDENCY_CYCLE,
        f"these objects wait for each other: {shown}",
        hint="report it, with the documents named here",
        subject=circle[0].partition("/")[0],
    )


def _apply_steps(changes: Sequence[ObjectChange], waves: Mapping[str, int], wait: bool) -> Iterator[Step]:
    by_wave: dict[int, list[str]] = {}
    awaited = {c.address for c in changes if c.object.kind in _AWAITED and not is_run(c.address)}
    for change in changes:
        if change.action in _APPLIED:
            by_wave.setdefault(waves.get(change.address, 0), []).append(change.address)
    for wave, addresses in sorted(by_wave.items()):
        yield Step(verb="apply", wave=wave, addresses=tuple(sorted(addresses)))
        if wait and wave != max(by_wave) and awaited.intersection(addresses):
            yield Step(verb="wait", wave=wave, addresses=tuple(sorted(awaited.intersection(addresses))))


def _prune_steps(changes: Sequence[ObjectChange], base: TargetState | None, first: int) -> Iterator[Step]:
    """What watches a workload goes before it, what it needs goes after it; letting go comes last."""
    gone = [change for change in changes if change.action == "delete"]
    ranks = _prune_ranks(gone, base.objects if base is not None else ())
    wave = first
    for rank in sorted(set(ranks.values()), reverse=True):
        yield Step(verb="prune", wave=wave, addresses=tuple(sorted(a for a, own in ranks.items() if own == rank)))
        wave += 1
    forgotten = tuple(sorted(change.address for change in changes if change.action == "forget"))
    if forgotten:
        yield Step(verb="forget", wave=wave, addresses=forgotten)


def _prune_ranks(gone: Sequence[ObjectChange], stored: Sequence[StoredObject]) -> Mapping[str, int]:
    """By the dependencies that were recorded when they were applied; by kind where none were."""
    addresses = {change.address for change in gone}
    recorded = {s.address: s.depends_on for s in stored if s.address in addresses}
    waves = order_waves(recorded).value if any(recorded.values()) else None
    if waves is not None and waves.keys() == addresses:
        return waves
    return {change.address: _RANKS.get(change.object.kind, _LAST_RANK) for change in gone}
