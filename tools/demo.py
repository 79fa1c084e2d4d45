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
from pathlib import Path

from tools import learning, simulated
from tools.stage import ROOT, Stage, UnexpectedError, tools_folder

ASSISTANT = "environments/prod/assistant.yaml"
RUNTIMES = "environments/base/runtimes.yaml"
SCALING = "manifests/documents/horizontalpodautoscaler-extract.yaml"


def prepare(stage: Stage) -> None:
    """The example as a repository with a server; production's branch is one of the server."""
    for part in ("environments", "evidence"):
        shutil.copytree(ROOT / part, stage.ours / part)
    shutil.copy(ROOT / "opsdecl.lock", stage.ours)
    stage.replace(
        stage.ours / "environments/prod/environment.yaml",
        "branch: rendered/prod,",
        "branch: rendered/prod, push: true,",
    )
    stage.offer("opsdecl", sys.executable, "-m", "opsdecl")
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
    stage.say("A company's models, from data to monitoring, over dev, staging and prod. Is all of it right?")
    stage.show("opsdecl validate", says="valid: ")
    stage.say("What would production get? Nothing is applied yet, so everything is new.")
    stage.show("opsdecl plan --env prod", head=10, says="created, 0 deleted")
    stage.say("Carry it out. The target is a git branch that Argo CD or Flux can follow; here on a server next door.")
    stage.show("opsdecl apply --env prod --yes", head=0, tail=6, says="recorded revision")
    stage.say("Plan again: specs and target agree, so the plan is empty.")
    stage.show("opsdecl plan --env prod --exit-code", says="prod is up to date")


def better_model(stage: Stage) -> None:
    """Trained, measured, promoted for true, where scikit-learn is there; refused, wherever it is."""
    learns = learning.offer_python(stage)
    if learns:
        learning.train(stage)
    else:
        stage.say(learning.ABSENT)
    learning.be_refused(stage)
    if simulated.is_there(tools_folder(os.environ)):
        with simulated.simulated_cluster(stage):
            simulated.run_staging(stage)
            simulated.believe_nothing(stage)
    else:
        stage.say(simulated.ABSENT)
    if learns:
        learning.measure(stage)
        learning.promote(stage)


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
    before = history.splitlines()[3].split()[0]  # below the heading, the edit and the apply of the new engine
    stage.say("The new engine disappoints. Back to what was applied before it; the hand edit goes with it.")
    stage.show(f"opsdecl rollback --env prod --to {before} --yes", head=0, tail=6, says="revision")
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
            for act in (first_apply, better_model, reviewed_change, somebody_else, clean_up):
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
