"""The main job in under a minute: the worked example in a temporary folder, on a git target of its own.

Every command line is run as it is printed, and its real output follows. Anything unexpected ends it with status 1.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASSISTANT = "environments/prod/assistant.yaml"
RUNTIMES = "environments/base/runtimes.yaml"
SCALING = "manifests/documents/horizontalpodautoscaler-extract.yaml"
LONGEST_S = 60
BOLD, DIM, RED, RESET = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"


class UnexpectedError(Exception):
    """A command did not do what the demo says that it does."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Two clones of one server in a temporary folder: ours, and a colleague's."""

    folder: Path
    color: bool

    @property
    def ours(self) -> Path:
        return self.folder / "harbor-models"

    @property
    def server(self) -> Path:
        return self.folder / "server.git"

    @property
    def colleague(self) -> Path:
        return self.folder / "colleague"

    def say(self, text: str) -> None:
        print(f"\n{self._ink(text, BOLD)}")

    def show(self, line: str, *, status: int = 0, says: str = "", head: int = 40, tail: int = 4) -> str:
        """Prints a command line, runs it, prints its output with the middle cut out, and checks what it did."""
        print(f"\n{self._ink('$ ' + line, BOLD)}", flush=True)
        out, code = self.run(line, self.ours)
        lines = out.rstrip().splitlines()
        if len(lines) > head + tail + 1:
            cut = len(lines) - head - tail
            lines = [*lines[:head], self._ink(f"   … {cut} more lines …", DIM), *lines[-tail:]]
        if lines:
            print("\n".join(lines), flush=True)
        if code != status or says not in out:
            wanted = f"status {status}" + (f" and {says!r}" if says else "")
            raise UnexpectedError(f"`{line}` ended with status {code}; expected was {wanted}")
        return out

    def quietly(self, line: str, folder: Path) -> str:
        """The same for what a reader need not see."""
        out, code = self.run(line, folder)
        if code:
            raise UnexpectedError(f"`{line}` ended with status {code}:\n{out}")
        return out

    def run(self, line: str, folder: Path) -> tuple[str, int]:
        words = shlex.split(line)
        program = [sys.executable, "-m", "opsdecl"] if words[0] == "opsdecl" else words[:1]
        done = subprocess.run(
            [*program, *words[1:]],
            cwd=folder,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LONGEST_S,
            check=False,
        )
        return done.stdout.decode(), done.returncode

    def replace(self, path: Path, before: str, after: str) -> None:
        text = path.read_text("utf-8")
        if before not in text:
            raise UnexpectedError(f"{path.relative_to(self.folder)} holds no `{before}`")
        path.write_text(text.replace(before, after), "utf-8")

    def _ink(self, text: str, style: str) -> str:
        return f"{style}{text}{RESET}" if self.color else text


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Without what a shell, a git hook or a CI job may have set: the demo looks the same everywhere."""
    kept = {name: value for name, value in given.items() if not name.startswith(("GIT_", "OPSDECL_"))}
    return {
        **kept,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "LC_ALL": "C.UTF-8",
    }


def prepare(stage: Stage) -> None:
    """The example as a repository with a server; production's branch is one of the server."""
    shutil.copytree(ROOT / "environments", stage.ours / "environments")
    shutil.copy(ROOT / "opsdecl.lock", stage.ours)
    stage.replace(
        stage.ours / "environments/prod/environment.yaml",
        "branch: rendered/prod,",
        "branch: rendered/prod, push: true,",
    )
    stage.quietly("git init --quiet --bare --template= --initial-branch=main server.git", stage.folder)
    stage.quietly("git init --quiet --template= --initial-branch=main", stage.ours)
    name_committer(stage, stage.ours, "Ana Lopez", "ana@harbor.example")
    stage.quietly("git add --all", stage.ours)
    stage.quietly("git commit --quiet -m 'The models of Harbor'", stage.ours)
    stage.quietly("git remote add origin ../server.git", stage.ours)
    stage.quietly("git push --quiet --set-upstream origin main", stage.ours)


def name_committer(stage: Stage, folder: Path, name: str, address: str) -> None:
    stage.quietly(f"git config user.name {shlex.quote(name)}", folder)
    stage.quietly(f"git config user.email {address}", folder)


def first_apply(stage: Stage) -> None:
    stage.say(
        "A company's models: three LLMs, two classic models, policies; dev, staging and prod. Is all of it right?"
    )
    stage.show("opsdecl validate", says="valid: ")
    stage.say("What would production get? Nothing is applied yet, so everything is new.")
    stage.show("opsdecl plan --env prod", head=10, says="created, 0 deleted")
    stage.say("Carry it out. The target is a git branch that Argo CD or Flux can follow; here on a server next door.")
    stage.show("opsdecl apply --env prod --yes", head=0, tail=6, says="recorded revision")
    stage.say("Plan again: specs and target agree, so the plan is empty.")
    stage.show("opsdecl plan --env prod --exit-code", says="prod is up to date")


def reviewed_change(stage: Stage) -> None:
    stage.say("A change, as people make it: a branch, one model with shorter requests, and a new engine for all.")
    stage.show("git switch --quiet --create engine-update")
    stage.replace(stage.ours / ASSISTANT, "maxModelLen: 32768", "maxModelLen: 24576")
    stage.replace(stage.ours / RUNTIMES, '"0.33.0"', '"0.34.0"')
    stage.replace(stage.ours / RUNTIMES, "v0.33.0@sha256:5c59637d", "v0.34.0@sha256:7e11a04c")
    stage.show("git diff --unified=0 --no-prefix")
    stage.show("git commit --quiet --all -m 'vLLM 0.34, shorter requests'")
    stage.say("What does it mean? Offline, from git alone, as the pull request would show it.")
    stage.show("opsdecl plan --env prod --base main --out plan.json", head=60, says="needs approval: ml-leads")
    stage.say(
        "Reviewed and merged. Apply does what that plan said, nothing beyond it. (Approvals: shown, not yet demanded.)"
    )
    stage.show("git switch --quiet main")
    stage.show("git merge --quiet engine-update")
    stage.show("git push --quiet")
    stage.show("opsdecl apply --env prod --plan plan.json", head=0, tail=7, says="3 updated")


def somebody_else(stage: Stage) -> None:
    stage.say("Meanwhile a colleague edits the rendered branch by hand. opsdecl sees what, and who.")
    stage.quietly("git clone --quiet --branch rendered/prod server.git colleague", stage.folder)
    name_committer(stage, stage.colleague, "Ben Okoro", "ben@harbor.example")
    stage.replace(stage.colleague / SCALING, "maxReplicas: 4", "maxReplicas: 12")
    stage.show("git -C ../colleague diff --unified=0 --no-prefix")
    stage.show("git -C ../colleague commit --quiet --all -m 'more replicas for the rush'")
    stage.show("git -C ../colleague push --quiet")
    stage.show("opsdecl drift --env prod --exit-code", status=2, says="Ben Okoro")
    history = stage.show("opsdecl history --env prod", says="edit")
    first = next(row.split()[0] for row in reversed(history.splitlines()) if row.strip())
    stage.say("The new engine disappoints. Back to what was applied first; the hand edit goes with it.")
    stage.show(f"opsdecl rollback --env prod --to {first} --yes", head=0, tail=6, says="revision")
    stage.show("opsdecl drift --env prod --exit-code", says="no drift")
    stage.say("The specs still ask for the new engine, and the plan says so: revert the merge, or apply again.")
    stage.show("opsdecl plan --env prod --exit-code", status=2, head=0, tail=1, says="3 objects updated")


def clean_up(stage: Stage) -> None:
    stage.say("Development comes and goes.")
    stage.show("opsdecl apply --env dev --yes", head=0, tail=1, says="created")
    stage.show("opsdecl destroy --env dev --including-protected --yes", head=0, tail=3, says="deleted")


def main() -> int:
    started = time.monotonic()
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    with tempfile.TemporaryDirectory(prefix="opsdecl-demo-") as folder:
        stage = Stage(Path(folder), color)
        try:
            prepare(stage)
            for act in (first_apply, reviewed_change, somebody_else, clean_up):
                act(stage)
        except (UnexpectedError, subprocess.TimeoutExpired, OSError) as problem:
            print(f"\nthe demo failed: {problem}", file=sys.stderr)
            return 1
    stage.say(f"That was the main job, in {time.monotonic() - started:.0f} seconds.")
    print("Your own project:  opsdecl init my-models   What it all means:  README.md, docs/")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
