"""From an environment's settings to the targets themselves."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from opsdecl.addr import ObjectKey, Release, SpecAddress
from opsdecl.apply.ports import Record, Target
from opsdecl.apply.types import Revision
from opsdecl.compile.partitions import REST, is_partitioned, partition_of
from opsdecl.diag import Checked, Diagnostic, Place, SpecPath
from opsdecl.diag.codes.pulumi import PULUMI_SETTINGS
from opsdecl.diff.types import ReleasePlan
from opsdecl.flows.build import Built
from opsdecl.flows.project import place_of
from opsdecl.spec.kinds.scalars import Duration

if TYPE_CHECKING:
    from opsdecl.targets.cluster.looking import Observer
    from opsdecl.targets.cluster.target import ClusterTarget
    from opsdecl.targets.pulumi.target import PulumiTarget


class BlamingTarget(Target, Protocol):
    """A target that can tell which revision last changed an object."""

    def blame(self, name: str) -> Checked[Revision]: ...


@runtime_checkable
class PartitionedTarget(Target, Protocol):
    """A target that can hold several partitions of one environment."""

    def partitions(self) -> Checked[Sequence[str]]:
        """Partitions of the same environment and target that own something there; the empty name is the rest."""
        ...

    def take_over(
        self, source: Release, keys: Sequence[ObjectKey], record: Record, *, expected: str, given: str
    ) -> Checked[tuple[str, str]]:
        """Makes objects of `source` our own without touching what runs. They are in our records before they leave those
        of `source`. `expected` and `given` are the identities of both as they were planned, the answer those after."""
        ...


def targets_of(built: Built) -> tuple[str, ...]:
    """Names of the environment's targets, in their order."""
    return tuple(built.environment.effective["spec"]["targets"])


def second_opinions(target: Target | None, built: Built, plan: ReleasePlan) -> tuple[Diagnostic, ...]:
    """What the target's own engine would do, beside the plan; empty where it has none, or there is no target."""
    if target is None:
        return ()
    from opsdecl.targets.pulumi.target import PulumiTarget

    return target.preview(built.manifests, plan).diagnostics if isinstance(target, PulumiTarget) else ()


def waits(built: Built, target: str) -> bool:
    """Whether applies to the target can wait until objects are ready: only one that runs them can."""
    settings = built.environment.effective["spec"]["targets"][target]
    return settings["type"] == "cluster" or (settings["type"] == "pulumi" and bool(settings.get("kubeContext")))


def open_target(built: Built, root: Path, held: Collection[str] = ()) -> Checked[BlamingTarget]:
    """The target of the built release. Nothing is contacted yet. `held` are partitions that the target is known to hold
    from before."""
    settings: dict[str, Any] = dict(built.environment.effective["spec"]["targets"][built.graph.release.target])
    if settings["type"] == "cluster":
        return Checked(_cluster(built, settings, held))
    if settings["type"] == "pulumi":
        return _pulumi(built, settings, root)
    from opsdecl.targets.git.settings import GitSettings
    from opsdecl.targets.git.target import GitTarget

    partitioned = is_partitioned(built.environment.effective["spec"])
    parsed = GitSettings.from_mapping(settings, built.graph.release, partitioned=partitioned)
    return Checked(GitTarget(parsed, built.graph.release, root))


def open_partitions(built: Built, root: Path) -> "PartitionedTarget | None":
    """The target of the built release, where it can hold several partitions."""
    target = open_target(built, root).value
    return target if isinstance(target, PartitionedTarget) else None


def held_partitions(built: Built, root: Path) -> Checked[Sequence[str]]:
    """What is there from before, whatever the specs say now."""
    target = open_partitions(built, root)
    return target.partitions() if target is not None else Checked(())


def open_cluster(built: Built) -> "ClusterTarget":
    """The target of the built release, which is a cluster. Nothing is contacted yet."""
    return _cluster(built, dict(built.environment.effective["spec"]["targets"][built.graph.release.target]))


def open_stack(built: Built, root: Path) -> "PulumiTarget | None":
    """The target of the built release, where it is a stack. Nothing is contacted yet."""
    from opsdecl.targets.pulumi.target import PulumiTarget

    target = open_target(built, root).value
    return target if isinstance(target, PulumiTarget) else None


def open_observer(built: Built) -> "Observer | None":
    """The cluster that the environment looks at; None where it names none."""
    context = built.environment.effective["spec"]["observe"].get("kubeContext")
    if not context:
        return None
    from opsdecl.targets.cluster.looking import Observer
    from opsdecl.targets.cluster.settings import ClusterSettings

    return Observer(ClusterSettings(context=context))


def open_reader(built: Built, target: str) -> "Observer | None":
    """The cluster where the objects of a target run, to be read: the target itself, that of a stack, or the one that
    the environment looks at; None where it is not known."""
    settings = built.environment.effective["spec"]["targets"][target]
    from opsdecl.targets.cluster.looking import Observer
    from opsdecl.targets.cluster.settings import ClusterSettings

    if settings["type"] == "cluster":
        namespaces = tuple(built.environment.effective["spec"]["namespaces"])
        return Observer(ClusterSettings.from_mapping(settings, namespaces))
    context = settings.get("kubeContext") if settings["type"] == "pulumi" else None
    return Observer(ClusterSettings(context=context)) if context else open_observer(built)


def _cluster(built: Built, settings: dict[str, Any], held: Collection[str] = ()) -> "ClusterTarget":
    from opsdecl.targets.cluster.settings import ClusterSettings
    from opsdecl.targets.cluster.target import ClusterTarget

    def place(address: SpecAddress, path: SpecPath) -> Place | None:
        return place_of(built.graph, address, path)

    namespaces = tuple(built.environment.effective["spec"]["namespaces"])
    most = settings.get("waitAtMost")
    parsed = ClusterSettings.from_mapping(settings, namespaces, Duration.parse(most).seconds if most else None)
    known = {partition_of(document, built.environment.effective["spec"]) for document in built.graph.documents}
    siblings = tuple(sorted({REST, *known, *held} - {built.graph.release.partition}))
    return ClusterTarget(parsed, built.graph.release, built.manifests, place, siblings=siblings)


def _pulumi(built: Built, settings: dict[str, Any], root: Path) -> "Checked[BlamingTarget]":
    from opsdecl.targets.pulumi.settings import PulumiSettings
    from opsdecl.targets.pulumi.target import PulumiTarget

    release = built.graph.release

    def place(address: SpecAddress, path: SpecPath) -> Place | None:
        return place_of(built.graph, address, path)

    if bool(settings.get("kubeContext")) is bool(settings.get("renderYamlToDirectory")):
        return Checked(None, (_unsettled(built, release.target),))
    namespaces = tuple(built.environment.effective["spec"]["namespaces"])
    most = settings.get("waitAtMost")
    parsed = PulumiSettings.from_mapping(
        settings, root, release, namespaces, Duration.parse(most).seconds if most else None
    )
    return Checked(PulumiTarget(parsed, release, built.manifests, place))


def _unsettled(built: Built, name: str) -> Diagnostic:
    return Diagnostic(
        PULUMI_SETTINGS,
        f"target `{name}` names neither a cluster nor a folder, or both",
        at=place_of(built.graph, built.environment.address, ("spec", "targets", name)),
        hint="set `kubeContext` to a context of the kubeconfig, or `renderYamlToDirectory` to a folder",
        subject=str(built.environment.address),
    )
