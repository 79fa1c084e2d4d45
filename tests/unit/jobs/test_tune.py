"""Searches by the optimiser itself: every pod is two processes that meet in a folder, as its two containers do."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from opsdecl.apply.readiness.search_result import latest_result
from tests.support.toolchain import require
from tests.unit.lower.test_tuning import env, pod

pytestmark = pytest.mark.slow

# What a trial's program does: it reads its parameters, and reports.
PARABOLA = """
import json, os, sys, time
told = json.loads(os.environ["TRAINING"])["parameters"]
near = -(told["depth"] - 6) ** 2 - (0 if told["booster"] == "dart" else 1)
with open(os.environ["TRAINING_METRICS"], "a") as file:
    for part in (2.0, 1.0):
        file.write(f"epoch 1 auc={near * part:.4f} loss=3\\n"); file.flush()
        time.sleep(float(told.get("pause", 0)))
os.makedirs(os.environ["TRAINING_OUTPUT"])
sys.exit(int(told.get("exit", 0)))
"""


def trial(
    folder: Path, index: int, changes: str, program: str = PARABOLA, training: str = "{}", **parameters: Any
) -> tuple[int, Any]:
    """Exit status of the pod's container, and the message that it ends with. Without a program, the container's own
    command runs, with the Python that has what tables are trained on."""
    python = require("tuning/bin/python") / "tuning/bin/python"
    (container,) = pod(changes, "{}", training)["containers"]
    tuner = pod(changes, "{}", training)["initContainers"][-1]
    place = folder / f"pod-{index}"
    place.mkdir(exist_ok=True)
    here = {"/output": folder / "output", "/trial": place, "/datasets": folder / "datasets", "/tmp/opsdecl": place}

    def localised(text: str) -> str:
        for old, new in here.items():
            text = text.replace(old, str(new))
        return text

    def local(values: dict[str, Any]) -> dict[str, str]:
        return {name: localised(value) for name, value in values.items() if isinstance(value, str)}

    told = {**local(env(tuner)), "JOB_COMPLETION_INDEX": str(index), "PATH": os.environ["PATH"], "ONCE": "1"}
    asked = json.loads(told["TRAINING"])
    told["TRAINING"] = json.dumps({**asked, "parameters": {**asked["parameters"], **parameters}})
    beside = subprocess.Popen([python, *tuner["command"][1:]], env=told, stderr=subprocess.PIPE, text=True)
    script = folder / "program.py"
    script.write_text(program)
    message = place / "message"
    own = {**local(env(container)), "RESULT": str(message), "PATH": os.environ["PATH"]}
    command = [*container["command"][:4], str(python), str(script)]
    if not program:
        own["PATH"] = f"{require('tables/bin/python3') / 'tables/bin'}:{own['PATH']}"
        command = [*container["command"][:4], *map(localised, container["command"][4:])]
    done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=120)
    _, said = beside.communicate(timeout=60)
    assert beside.returncode == 0, said
    return done.returncode, json.loads(message.read_text())


def search(folder: Path, trials: int, parallel: int, changes: str, **parameters: Any) -> list[tuple[int, Any]]:
    with ThreadPoolExecutor(parallel) as pods:
        return list(pods.map(lambda index: trial(folder, index, changes, **parameters), range(trials)))


GRID = """{spec: {algorithm: {type: grid, seed: null}, earlyStopping: null, objective: {goal: null}, trials: 4,
  parameters: {rate: {min: 0.1, max: 0.2, step: 0.2, scale: linear}, depth: {min: 4, max: 6}}}}"""


def test_a_grid_is_gone_through_by_pods_at_the_same_time(tmp_path: Path) -> None:
    ended = search(tmp_path, 4, 2, GRID)
    assert {code for code, _ in ended} == {0}
    (output,) = (tmp_path / "output").iterdir()
    result = json.loads((output / "result.json").read_text())
    assert result["trials"] == {"complete": 4, "stopped": 0, "failed": 0}
    assert result["best"]["parameters"] == {"booster": "dart", "depth": 6, "rate": 0.1}
    assert result["best"]["value"] == 0
    read = latest_result([json.dumps(message) for _, message in ended])
    assert read is not None
    assert read.words == "best auc 0 of 4 trials with booster dart, depth 6, rate 0.1"
    assert sorted(folder.name for folder in output.iterdir() if folder.is_dir()) == [str(n) for n in range(4)]


def test_no_trial_starts_once_the_goal_is_reached(tmp_path: Path) -> None:
    reached = GRID.replace("goal: null", "goal: -5")
    messages = [message for _, message in (trial(tmp_path, index, reached) for index in range(3))]
    complete = [message["trials"]["complete"] for message in messages]
    assert messages[-1]["best"]["value"] >= -5
    assert complete[-1] < 3, complete
    assert not (tmp_path / "pod-2" / "training.json").exists(), "the pod has nothing to do"


def test_a_search_with_too_many_failures_ends(tmp_path: Path) -> None:
    failing = GRID.replace("trials: 4", "trials: 4, failures: 1")
    ended = [trial(tmp_path, index, failing, exit=1) for index in range(3)]
    assert [code for code, _ in ended] == [0, 3, 3]
    assert ended[0][1]["trials"] == {"complete": 0, "stopped": 0, "failed": 1}
    assert "best" not in ended[0][1]


def test_a_trial_worse_than_the_median_is_stopped(tmp_path: Path) -> None:
    early = GRID.replace("earlyStopping: null", "earlyStopping: {minTrials: 2, minReports: 1}")
    good = PARABOLA.replace("near = ", "near = 5 if int(os.environ['TRAINING_OUTPUT'].split('/')[-2]) < 2 else ")
    bad = good.replace('get("pause", 0)', 'get("pause", 30)')
    for index in range(2):
        trial(tmp_path, index, early, good)
    _, message = trial(tmp_path, 2, early, bad)
    assert message["trials"] == {"complete": 2, "stopped": 1, "failed": 0}


def test_a_trial_that_takes_too_long_is_ended_and_failed(tmp_path: Path) -> None:
    short = GRID.replace("trials: 4", "trials: 4, timeLimit: 2s")
    _, message = trial(tmp_path, 0, short, PARABOLA.replace('get("pause", 0)', 'get("pause", 60)'))
    assert message["trials"] == {"complete": 0, "stopped": 0, "failed": 1}


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    """A pod may be started again after it ended well, where its node tells so too late."""
    assert trial(tmp_path, 0, GRID)[0] == 0
    code, message = trial(tmp_path, 0, GRID, exit=1)
    assert (code, message["trials"]) == (0, {"complete": 1, "stopped": 0, "failed": 0})
