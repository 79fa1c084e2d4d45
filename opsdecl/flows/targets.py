"""From an environment's settings to the targets themselves."""

from pathlib import Path
from typing import Any, Protocol

from opsdecl.apply.ports import Target
from opsdecl.apply.types import Revision
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.targets import TARGET_NOT_BUILT
from opsdecl.flows.build import Built


class BlamingTarget(Target, Protocol):
    """A target that can tell which revision last changed an object."""

    def blame(self, name: str) -> Checked[Revision]: ...


def targets_of(built: Built) -> tuple[str, ...]:
    """Names of the environment's targets, in their order."""
    return tuple(built.environment.effective["spec"]["targets"])


def open_target(built: Built, root: Path) -> Checked[BlamingTarget]:
    """The target of the built release. Nothing is contacted yet."""
    name = built.graph.release.target
    settings: dict[str, Any] = dict(built.environment.effective["spec"]["targets"][name])
    if settings["type"] != "git":
        return Checked(None, (_not_built(name, settings["type"]),))
    from opsdecl.targets.git.settings import GitSettings
    from opsdecl.targets.git.target import GitTarget

    parsed = GitSettings.from_mapping(settings, built.graph.release.environment)
    return Checked(GitTarget(parsed, built.graph.release, root))


def _not_built(name: str, kind: str) -> Diagnostic:
    return Diagnostic(
        TARGET_NOT_BUILT,
        f"target `{name}` is of type `{kind}`, which this version of opsdecl can only plan offline",
        hint="plan it with --base REF, or use a target of type git",
    )
