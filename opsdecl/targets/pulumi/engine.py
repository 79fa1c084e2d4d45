"""Pulumi's command line through the Automation API, on one stack. Importing this imports Pulumi."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct
from pulumi import automation
from pulumi.automation import errors
from pulumi.automation._stack import StackInitMode

from opsdecl.targets.pulumi.checkpoints import Folder, Unsure, folder_of
from opsdecl.targets.pulumi.failures import PulumiError, StackMissing, explain, unknown_stack
from opsdecl.targets.pulumi.installation import (
    BACKEND_VARIABLE,
    check_version,
    find_pulumi,
    is_self_managed,
    used_backend,
    usual_backend,
)
from opsdecl.targets.pulumi.loops import with_closed_loops
from opsdecl.targets.pulumi.positions import without_positions
from opsdecl.targets.pulumi.settings import PulumiSettings

_SELECTED = StackInitMode.SELECT
_FOLDERS_ORGANIZATION = "organization"
"""The only one that a backend without organisations knows."""
OnEvent = Callable[[automation.EngineEvent], None]
Deployment = dict[str, Any]
"""What `pulumi stack export` prints below `deployment`."""


class _LeanStack(automation.Stack):
    """Without the four commands that the SDK runs after each update to fetch outputs and a summary nobody reads."""

    def __init__(self, name: str, workspace: automation.Workspace) -> None:
        """Each command names its stack, so none is selected."""
        self.name = name
        self.workspace = workspace
        self._mode = _SELECTED

    def up(self, *, program: Callable[[], None], **options: Any) -> automation.UpResult:  # type: ignore[override]
        with without_positions(), with_closed_loops(program) as run:
            return super().up(program=run, **options)

    def preview(self, *, program: Callable[[], None], **options: Any) -> automation.PreviewResult:  # type: ignore[override]
        with with_closed_loops(program) as run:
            return super().preview(program=run, **options)

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        return automation.UpdateSummary(kind="", message="", environment={}, config={}, start_time=None, result="")  # type: ignore[arg-type]


class Engine(Struct, frozen=True):
    """One project's workspace, in a folder of its own that holds nothing but its settings."""

    settings: PulumiSettings
    project: str
    workspace: automation.LocalWorkspace
    folder: Folder | None = None
    """Where the backend is a folder whose files can be read as they are."""

    def export(self, stack: str, *, opened: bool = False) -> Deployment | None:
        """The stack's state with secrets as they are kept, or `opened`; None where there is no such stack."""
        deployment = self._exported(stack, ("--show-secrets",)) if opened else self._found(stack)
        if deployment is not None:
            self._seal(stack, deployment)
        return deployment

    def _found(self, stack: str) -> Deployment | None:
        organization, _, plain = stack.rpartition("/")
        if self.folder is not None and organization in ("", _FOLDERS_ORGANIZATION):
            with suppress(Unsure):
                return self.folder.deployment(self.project, plain)
        return self._exported(stack)

    def _exported(self, stack: str, shown: tuple[str, ...] = ()) -> Deployment | None:
        try:
            told = self.run("stack", "export", "--stack", self._name(stack), *shown)
        except StackMissing:
            return None
        return json.loads(told).get("deployment") or {}

    def replace_state(self, stack: str, deployment: Deployment) -> None:
        """Writes a state in one go; nothing but the state changes."""
        body = json.dumps({"version": 3, "deployment": deployment})
        path = Path(self.workspace.work_dir) / "state.json"
        path.write_text(body, "utf-8")
        try:
            self.run("stack", "import", "--stack", self._name(stack), "--file", str(path))
        finally:
            path.unlink()

    def stacks(self) -> tuple[str, ...]:
        """Names of the project's stacks, without an organisation."""
        if self.folder is not None:
            with suppress(Unsure):
                return self.folder.stacks(self.project)
        rows = json.loads(self.run("stack", "ls", "--json"))
        return tuple(sorted(str(row["name"]).rpartition("/")[2] for row in rows))

    def create(self, stack: str) -> None:
        """Makes the stack, and the project with it; quiet where it is there."""
        arguments = ["stack", "init", self._name(stack), "--no-select"]
        if self.settings.secrets_provider:
            arguments += ["--secrets-provider", self.settings.secrets_provider]
        try:
            self.run(*arguments)
        except errors.StackAlreadyExistsError:
            return

    def up(
        self, stack: str, program: Callable[[], None], message: str, on_event: OnEvent, replaced: tuple[str, ...] = ()
    ) -> None:
        """Raises PulumiError; what failed resource by resource was told by events before. `replaced` are made anew."""
        self._attempt(
            stack,
            lambda opened: opened.up(
                program=program,
                message=message,
                replace=list(replaced) or None,
                on_event=on_event,
                continue_on_error=True,
                color="never",
                suppress_outputs=True,
                suppress_progress=True,
            ),
        )

    def preview(
        self,
        stack: str,
        program: Callable[[], None],
        on_event: OnEvent,
        *,
        refresh: bool,
        replaced: tuple[str, ...] = (),
    ) -> None:
        """What `up` would do, told by events; nothing is written. `refresh`: with a look at the live objects first."""
        self._attempt(
            stack,
            lambda opened: opened.preview(
                program=program,
                on_event=on_event,
                refresh=refresh,
                replace=list(replaced) or None,
                color="never",
                suppress_progress=True,
            ),
        )

    def refresh(self, stack: str, urns: tuple[str, ...], on_event: OnEvent) -> None:
        """Takes the live state of some resources into the stack's."""
        self._attempt(
            stack,
            lambda opened: opened.refresh(
                target=list(urns), on_event=on_event, color="never", suppress_outputs=True, suppress_progress=True
            ),
        )

    def cancel(self, stack: str) -> None:
        """Takes the stack's locks away, whoever holds them."""
        self.run("cancel", self._name(stack), "--yes")

    def touch(self, stack: str) -> None:
        """Takes the lock, and looks at a resource that no stack has. Raises PulumiError: Locked where it is held."""
        nothing = f"urn:pulumi:{stack.rpartition('/')[2]}::{self.project}::opsdecl:index:Nothing::nothing"
        self.run("refresh", "--yes", "--skip-preview", "--target", nothing, "--stack", self._name(stack))

    def unprotect(self, stack: str, urns: tuple[str, ...]) -> None:
        for urn in urns:
            self.run("state", "unprotect", urn, "--yes", "--stack", self._name(stack))

    def drop(self, stack: str, urns: tuple[str, ...]) -> None:
        """Out of the state, whatever is there stays as it is."""
        for urn in urns:
            self.run("state", "delete", urn, "--yes", "--force", "--stack", self._name(stack))

    def run(self, *arguments: str) -> str:
        """What a command prints. Raises PulumiError, or StackMissing."""
        command, work_dir = self.workspace.pulumi_command, self.workspace.work_dir
        try:
            return command.run(list(arguments), work_dir, self._environment()).stdout
        except errors.StackAlreadyExistsError:
            raise
        except errors.CommandError as error:
            raise self._explained(error, self.settings.stack) from None

    def _attempt(self, stack: str, work: Callable[[automation.Stack], object]) -> None:
        try:
            work(_LeanStack(self._name(stack), self.workspace))
        except errors.CommandError as error:
            raised = self._explained(error, stack)
            if isinstance(raised, StackMissing):
                raise PulumiError(unknown_stack(stack, self.settings.backend)) from None
            raise raised from None

    def _explained(self, error: errors.CommandError, stack: str) -> Exception:
        return explain(str(error), stack, self.settings.backend)

    def _name(self, stack: str) -> str:
        organization, _, plain = stack.rpartition("/")
        return f"{organization}/{self.project}/{plain}" if organization else plain

    def _environment(self) -> Mapping[str, str]:
        return {**(self.workspace.env_vars or {}), HOME: str(self.workspace.pulumi_home)}

    def _seal(self, stack: str, deployment: Deployment) -> None:
        """The stack's own secrets provider, so that a wrong passphrase is refused and not taken for a new one."""
        provider = deployment.get("secrets_providers") or {}
        state = provider.get("state") or {}
        kept = automation.StackSettings(
            encryption_salt=state.get("salt"),
            secrets_provider=state.get("url"),
            encrypted_key=state.get("encryptedkey"),
        )
        self.workspace.save_stack_settings(stack.rpartition("/")[2], kept)


HOME = "PULUMI_HOME"
_WITHOUT_CHECKPOINTS = {"PULUMI_SKIP_CHECKPOINTS": "true"}


@lru_cache(maxsize=4)
def _command(root: str | None, program: Path, changed_ns: int) -> automation.PulumiCommand:
    """It asks Pulumi for its version, which is another one only where the program changed."""
    return automation.PulumiCommand(root=root, skip_version_check=True)


@contextmanager
def engine_of(settings: PulumiSettings, project: str) -> Iterator[Engine]:
    """Raises PulumiError where Pulumi is missing or too old."""
    found = find_pulumi()
    command = _command(str(found.root) if found.root else None, found.program, os.stat(found.program).st_mtime_ns)
    check_version(str(command.version or "0"))
    with TemporaryDirectory(prefix="opsdecl-pulumi-") as folder:
        workspace = automation.LocalWorkspace(
            work_dir=folder,
            pulumi_home=str(found.home),
            pulumi_command=command,
            project_settings=automation.ProjectSettings(name=project, runtime="python"),
            env_vars=_environment(settings, found.home),
        )
        yield Engine(settings, project, workspace, folder_of(used_backend(settings.backend, found.home)))


def _environment(settings: PulumiSettings, home: Path) -> dict[str, str]:
    """An unreachable cluster must never look like an empty one, whatever the shell says. A state that is one file is
    written once, at the end of an update: our records know what was about to be done, see docs/decisions/0016."""
    said = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_K8S_DELETE_UNREACHABLE": "false",
        "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": "false",
        "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY": "true",
    }
    backend = settings.backend or usual_backend()
    if backend:
        said[BACKEND_VARIABLE] = _without_sidecars(backend)
    if is_self_managed(backend, home):
        said |= _WITHOUT_CHECKPOINTS
    if settings.kubeconfig:
        said["KUBECONFIG"] = str(Path(settings.kubeconfig).expanduser())
    return said


def _without_sidecars(backend: str) -> str:
    """A folder's files are replaced whole, their `.attrs` are not: a kill at that instant would lock everyone out."""
    scheme, _, rest = backend.partition("://")
    if scheme != "file" or "metadata=" in rest:
        return backend
    return f"{backend}{'&' if '?' in rest else '?'}metadata=skip"
