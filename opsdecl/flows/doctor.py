"""`doctor`: the tools, the project and the targets, each looked at for real."""

import shutil
import sys
from collections.abc import Iterator
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from opsdecl import __version__
from opsdecl.diag import Checked, Diagnostic, has_errors
from opsdecl.flows.build import for_target
from opsdecl.flows.memory import Memory
from opsdecl.flows.plan import Wanted, open_built
from opsdecl.flows.targets import open_target, targets_of
from opsdecl.flows.validate import validate
from opsdecl.spec.source import WorkTree
from opsdecl.view.doctor import Check

MINIMUM_PYTHON = (3, 11)
GIT_FOR_REVIEWS = (2, 38)
LIBRARIES = ("pydantic", "ruamel.yaml", "gitpython", "jinja2", "pulumi", "pulumi-kubernetes", "kubernetes-validate")


def examine(root: Path, today: date | None = None) -> tuple[Check, ...]:
    """Every check, in order; a later one may be skipped because of an earlier one. Exceptions hold by `today`."""
    return (*_tools(root), *_project(root, today))


def _tools(root: Path) -> Iterator[Check]:
    python = ".".join(map(str, sys.version_info[:3]))
    enough = sys.version_info[:2] >= MINIMUM_PYTHON
    yield Check("python", "ok" if enough else "failed", python, "" if enough else "install Python 3.11 or newer")
    yield Check("opsdecl", "ok", __version__)
    for name in LIBRARIES:
        yield _library(name)
    yield _git(root)
    yield _pulumi()
    yield _program("kubectl", "useful to look at what runs; opsdecl itself does not need it")


def _library(name: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        return Check(name, "failed", "not installed", "install opsdecl again: pip install opsdecl")


def _git(root: Path) -> Check:
    from opsdecl.targets.git.run import Git, GitError

    try:
        found = Git(None, root).text("version").split()[2]
    except GitError as error:
        return Check("git", "failed", error.diagnostic.message, error.diagnostic.hint)
    new_enough = tuple(int(part) for part in found.split(".")[:2]) >= GIT_FOR_REVIEWS
    hint = "" if new_enough else "plan --base needs git 2.38 or newer"
    return Check("git", "ok" if new_enough else "warning", found, hint)


def _program(name: str, hint: str) -> Check:
    where = shutil.which(name)
    return Check(name, "ok" if where else "skipped", where or "not found", "" if where else hint)


def _pulumi() -> Check:
    from opsdecl.targets.pulumi.failures import PulumiError
    from opsdecl.targets.pulumi.installation import find_pulumi

    try:
        return Check("pulumi", "ok", str(find_pulumi().program))
    except PulumiError:
        return Check(
            "pulumi", "skipped", "not found", "needed by targets of type pulumi only: --install-pulumi brings it"
        )


def bring_pulumi() -> Checked[Check]:
    """Installs what targets of type pulumi need, and says where it is."""
    from opsdecl.targets.pulumi.installing import install_pulumi

    done = install_pulumi()
    if done.value is None:
        return Checked(None, done.diagnostics)
    found = done.value
    return Checked(
        Check("installed", "ok", f"Pulumi {found.version} in {found.program}, its provider kubernetes {found.plugin}")
    )


def _project(root: Path, today: date | None) -> Iterator[Check]:
    if not (root / "environments").is_dir():
        yield Check("project", "failed", f"no environments/ in {root} or above", "write one with `opsdecl init`")
        return
    found = validate(WorkTree(root), memory=Memory(today=today))
    state: Literal["ok", "failed"] = "failed" if has_errors(found.diagnostics) else "ok"
    yield Check("project", state, f"{root}", _first(found.diagnostics) if state == "failed" else "")
    for environment in found.environments:
        yield from _targets(root, environment, today)


def _targets(root: Path, environment: str, today: date | None) -> Iterator[Check]:
    opened = open_built(WorkTree(root), Wanted(environment), Memory(today=today))
    if opened.built is None:
        yield Check(f"{environment}", "skipped", "does not compile", _first(opened.diagnostics))
        return
    for name in targets_of(opened.built):
        target = open_target(for_target(opened.built, name), root)
        read = target.value.read() if target.value else None
        findings = (*target.diagnostics, *(read.diagnostics if read else ()))
        if read is None or read.value is None:
            yield Check(f"{environment} {name}", "failed", "cannot be read", _first(findings))
        else:
            held = f"revision {read.value.revision[:10]}" if read.value.revision else "nothing applied yet"
            yield Check(f"{environment} {name}", "ok", f"{held}, {len(read.value.objects)} objects")


def _first(findings: tuple[Diagnostic, ...]) -> str:
    worst = max(findings, key=lambda d: d.severity, default=None)
    return f"{worst.message}; {worst.hint}" if worst else ""
