"""What the documents of a namespace need against its quota: GPUs, CPU, memory; at rest and while one is rolled out."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from opsdecl.compile.roles import Role, path_in, roles_of
from opsdecl.compile.rollout import gpus_of, nodes_of, replicas_of, way_of
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Place, Related, SpecPath
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.codes import fleet
from opsdecl.fleet.strategy import fenceposts
from opsdecl.spec.kinds.scalars import CpuQuantity, Quantity
from opsdecl.spec.types import Json

QUOTAS: SpecPath = ("spec", "capacity", "quotas")


class Part(Struct, frozen=True):
    """A document, or one role of its pods."""

    document: CompiledDocument
    role: Role

    @property
    def spec(self) -> Mapping[str, Json]:
        return self.role.spec

    @property
    def who(self) -> str:
        return f"{self.document.address}{f' ({self.role.name})' if self.role.name else ''}"


class Counted(Struct, frozen=True):
    """One thing that a quota counts. `of` is what a replica takes, None where the document does not say."""

    field: str
    of: Callable[[Part], float | None]
    limit: Callable[[Json], float]
    shown: Callable[[float], str]
    path: SpecPath


def _gpus(part: Part) -> float | None:
    return float(gpus_of(part.spec.get("accelerator")))


def _reserved(part: Part, name: str) -> Json:
    own = part.spec.get("resources", {}).get(name)
    return own if own is not None else part.document.effective.get("runtime", {}).get("resources", {}).get(name)


def _of_guardrails(part: Part, name: str) -> Json:
    """They run once in a replica, beside the pod that answers."""
    return None if part.role.name else (part.spec.get("guardrails") or {}).get("resources", {}).get(name)


def _cpu(part: Part) -> float | None:
    said, checks = _reserved(part, "cpu"), _of_guardrails(part, "cpu")
    own = CpuQuantity.parse(checks).cores if checks is not None else 0
    return CpuQuantity.parse(said).cores * _nodes(part) + own if said is not None else None


def _memory(part: Part) -> float | None:
    said, checks = _reserved(part, "memory"), _of_guardrails(part, "memory")
    own = Quantity.parse(checks).gib if checks is not None else 0
    return Quantity.parse(said).gib * _nodes(part) + own if said is not None else None


def _nodes(part: Part) -> int:
    """Each node of a replica reserves the same."""
    return nodes_of(part.spec.get("accelerator"))


COUNTED = (
    Counted("gpus", _gpus, float, lambda n: f"{n:g} GPUs", ("spec", "accelerator", "count")),
    Counted("cpu", _cpu, lambda v: CpuQuantity.parse(v).cores, lambda n: f"{n:g} CPU cores", ("spec", "resources")),
    Counted("memory", _memory, lambda v: Quantity.parse(v).gib, lambda n: f"{n:,.0f} GiB", ("spec", "resources")),
)


def quotas_exceeded(scene: Scene) -> Iterator[Diagnostic]:
    """An error where even the fewest replicas do not fit, or never one more of them; else a warning for the most."""
    for namespace, quota in scene.settings["capacity"]["quotas"].items():
        here = [
            Part(document, role)
            for document in scene.lasting()
            if document.effective["metadata"]["namespace"] == namespace
            for role in roles_of(document.effective["spec"])
        ]
        for counted in COUNTED:
            if quota.get(counted.field) is not None:
                yield from _against(scene, namespace, counted, counted.limit(quota[counted.field]), here)


def _against(
    scene: Scene, namespace: str, counted: Counted, limit: float, here: Sequence[Part]
) -> Iterator[Diagnostic]:
    silent = [part for part in here if counted.of(part) is None]
    if silent:
        yield _not_said(scene, namespace, counted, silent)
    needed = [(counted.of(part) or 0.0, *replicas_of(part.spec.get("replicas", {}))) for part in here]
    least = sum(each * lowest for each, lowest, _ in needed)
    most = sum(each * highest for each, _, highest in needed)
    at = scene.in_environment((*QUOTAS, namespace, counted.field))
    if most > limit:
        code, amount, when = (
            (codes.QUOTA_EXCEEDED, least, "at the fewest replicas")
            if least > limit
            else (codes.QUOTA_BELOW_MAXIMUM, most, "at the most replicas")
        )
        yield Diagnostic(
            code,
            f"namespace `{namespace}` may use {counted.shown(limit)}, and its documents need "
            f"{counted.shown(amount).split(' ')[0]} {when}",
            at=at,
            hint="raise the quota, or lower replicas",
            related=_who(scene, counted, here, most=least <= limit),
            subject=str(scene.environment.address),
        )
    if least <= limit:
        yield from _no_room_to_roll(scene, namespace, counted, limit - least, here, at)


def _who(scene: Scene, counted: Counted, here: Sequence[Part], *, most: bool) -> tuple[Related, ...]:
    """The documents that need it, the hungriest first."""
    needed = []
    for part in here:
        amount = (counted.of(part) or 0.0) * replicas_of(part.spec.get("replicas", {}))[most]
        needed.append((amount, part))
    ranked = sorted(needed, key=lambda pair: (-pair[0], pair[1].document.address, pair[1].role.name))
    return tuple(
        Related(f"{part.who} needs {counted.shown(amount).split(' ')[0]}", _at(scene, counted, part))
        for amount, part in ranked
        if amount
    )


def _at(scene: Scene, counted: Counted, part: Part) -> Place:
    written = part.document.value.get("spec") or {}
    return scene.place(part.document.address, path_in(part.role.name, written, counted.path))


def _not_said(scene: Scene, namespace: str, counted: Counted, silent: Sequence[Part]) -> Diagnostic:
    first, others = silent[0], len(silent) - 1
    more = f" and {others} more" if others else ""
    return Diagnostic(
        fleet.QUOTA_WITHOUT_REQUEST,
        f"namespace `{namespace}` has a quota of {counted.field}, and {first.who}{more} reserves none by name",
        at=scene.in_environment((*QUOTAS, namespace, counted.field)),
        hint=f"write `resources.{counted.field}` in the document or in its Runtime",
        related=tuple(Related(p.who, scene.place(p.document.address, ("metadata", "name"))) for p in silent[:3]),
        subject=str(scene.environment.address),
    )


def _no_room_to_roll(
    scene: Scene, namespace: str, counted: Counted, left: float, here: Sequence[Part], at: Place
) -> Iterator[Diagnostic]:
    """Documents that start a pod before they stop one, where the quota has no room for one more."""
    for part in here:
        lowest = replicas_of(part.spec.get("replicas", {}))[0]
        each, address = counted.of(part) or 0.0, part.document.address
        if each <= left or not lowest:
            continue
        way = way_of(part.spec, scene.settings["capacity"]["pools"])
        if fenceposts(way, lowest)[1] == 0:
            yield Diagnostic(
                fleet.ROLLOUT_CANNOT_FINISH,
                f"a rollout of {part.who} starts a pod before it stops one, and the quota of namespace "
                f"`{namespace}` leaves {counted.shown(left)} for one that takes {counted.shown(each).split(' ')[0]}",
                at=scene.place(address, ("spec", "rollout")),
                hint="raise the quota, or set `strategy: rolling` with `maxSurge: 0` and `maxUnavailable: 1`",
                related=(Related("the quota", at),),
                subject=str(address),
            )
