"""A better model for production: a training and an evaluation that really run, and the gate between."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from opsdecl._data import job_script
from tools.fraud.payments import write_payments
from tools.stage import ROOT, Stage, UnexpectedError, tools_folder

NEXT = "environments/staging/fraud.yaml"
PROD = "environments/prod/risk.yaml"
NEEDED = "import joblib, pandas, skops, sklearn"
ABSENT = """\
LEFT OUT: the training, the evaluation and the promotion. They really run, and no Python here has scikit-learn for it:
  rm -rf .venv/learning; make demo    (it sets one up, where the package registry has it)"""


def find_python(folder: Path) -> str:
    """One that has scikit-learn: this one, that of `make demo` or that of `make tools`; empty where none has."""
    for python in (sys.executable, str(ROOT / ".venv/learning/bin/python"), str(folder / "checks/bin/python")):
        if (
            Path(python).exists()
            and not subprocess.run([python, "-c", NEEDED], capture_output=True, check=False).returncode
        ):
            return python
    return ""


def train(stage: Stage) -> None:
    """The run of `Training.fraud`, with what its Job would be told; the specs then name what came out."""
    stage.say(
        "The risk team has an idea for a better fraud model. Staging declares its training: data, program, limits."
    )
    stage.show("sed -n '/^kind: Training/,/^  output/p' environments/training/payments.yaml", says="fraud.train")
    stage.say("Here its program really runs, told what the Job would tell it; scikit-learn, on payments made up here.")
    write_payments(stage.folder / "pod/datasets/payments")
    shutil.copytree(ROOT / "tools/fraud", stage.folder / "fraud")
    rendered, _ = stage.run("opsdecl render --env staging Training.fraud", stage.ours)
    told = re.search(r'name: TRAINING\n\s+value: (".*")', rendered)
    if told is None:
        raise UnexpectedError(f"the Job of Training.fraud tells its program nothing:\n{rendered}")
    (stage.folder / "training.json").write_text(json.loads(told[1]), "utf-8")
    stage.show(
        'TRAINING="$(cat ../training.json)" TRAINING_ROOT=../pod TRAINING_OUTPUT=/mnt/models python ../fraud/train.py',
        says="fitted to 3000 rows",
    )
    digest = stage.show("(cd ../pod/mnt/models; find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum)").split()[
        0
    ]
    stage.show(f"sed -i 's/sha256:[0-9a-f]*/sha256:{digest}/' {NEXT}")
    stage.show("git commit --quiet --all -m 'The next fraud model'")


def be_refused(stage: Stage) -> None:
    stage.say("Somebody is in a hurry and writes it into production. Nobody has measured it: the gate stays closed.")
    digest = re.search(r"sha256:[0-9a-f]{64}", (stage.ours / NEXT).read_text("utf-8"))
    assert digest is not None
    before = "{name: fraud, labels: {tier: gold}}\nspec:\n"
    address = "s3://harbor-models-${{ vars.region }}/fraud/2026-11"
    after = f"{before}  source:\n    uri: {address}\n    digest: {digest[0]}\n"
    stage.replace(stage.ours / PROD, before, after)
    stage.show("git commit --quiet --all -m 'The new fraud model, now'")
    stage.show("opsdecl apply --env prod --yes", status=3, head=8, tail=1, says="error[OD857]")
    stage.show("git reset --quiet --hard HEAD~1")


def measure(stage: Stage) -> None:
    stage.say("So it is measured: the program that the evaluation's Job would run, on the test split, for real.")
    (stage.folder / "evaluate.py").write_text(job_script("evaluate_table"), "utf-8")
    candidate = "fraud-quality --candidate model-fraud-next --env staging"
    stage.show(f"opsdecl evidence request {candidate} >../request.json")
    stage.show(
        'EVALUATION="$(cat ../request.json)" EVALUATION_ROOT=../pod EVALUATION_RESULT=../result.json '
        "python ../evaluate.py",
        says="over 1500 rows",
    )
    stage.show(f"opsdecl evidence record {candidate} --result ../result.json", says="reached  real")
    stage.show("git add evidence && git commit --quiet -m 'What was found of the next fraud model'")


def promote(stage: Stage) -> None:
    stage.say("Which of the two is better, by the evidence in git? It is promoted, as a commit that somebody reviews.")
    stage.show("opsdecl evidence select fraud-quality --env staging", says="model-fraud-next  0.87")
    stage.show(
        "opsdecl promote --from staging --to prod --winner fraud-quality --branch better-fraud", head=14, says="open"
    )
    stage.show("git merge --quiet better-fraud")
    stage.show("opsdecl apply --env prod --yes", head=0, tail=1, says="prod: 1 updated")


def offer_python(stage: Stage) -> bool:
    python = find_python(tools_folder(os.environ))
    if python:
        stage.offer("python", python)
    return bool(python)
