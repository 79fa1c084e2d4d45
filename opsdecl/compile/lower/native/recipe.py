"""A recipe's program in a training's pod: its text goes with the run, as a variable, and its command writes it out.

The text is part of the sealed run, so that a pod that is started again days later runs the same program.
"""

from typing import Any

from opsdecl._data import job_script
from opsdecl.addr import digest_of_bytes
from opsdecl.compile.lower.native.dataset_keys import plain
from opsdecl.compile.lower.native.evaluation_data import files_of
from opsdecl.compile.lower.native.training_data import ROOT
from opsdecl.compile.lower.native.variables import literal
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.recipe import Rows
from opsdecl.spec.kinds.training import TrainingSpec

PROGRAMS = {"tabular": "train_table", "fine-tune": "fine_tune"}
VARIABLE = "TRAINING_PROGRAM"
_FILE = "/tmp/opsdecl-train.py"
_START = 'file=$1; shift; printf %s "$TRAINING_PROGRAM" > "$file" && exec "$@" "$file"'


def is_recipe(spec: TrainingSpec) -> bool:
    return spec.recipe in PROGRAMS


def recipe_key(spec: TrainingSpec) -> list[Any]:
    """What a recipe adds to what the model depends on; nothing where the program is one of its own."""
    if not is_recipe(spec):
        return []
    text = job_script(PROGRAMS[spec.recipe])
    return [spec.recipe, plain(spec.table) if spec.table else None, plain(_rows(spec)), digest_of_bytes(text.encode())]


def recipe_env(spec: TrainingSpec) -> dict[str, Any]:
    return {VARIABLE: literal(job_script(PROGRAMS[spec.recipe]))} if is_recipe(spec) else {}


def program_command(spec: TrainingSpec) -> list[Any]:
    """The training's command, or the one that starts the recipe's program."""
    if is_recipe(spec):
        return ["/bin/sh", "-c", _START, "start", _FILE, traced("python3", "spec", "recipe"), *_launcher(spec)]
    command = [Traced(text, ("spec", "command", at)) for at, text in enumerate(spec.command)]
    return command + [Traced(text, ("spec", "args", at)) for at, text in enumerate(spec.args)]


def _launcher(spec: TrainingSpec) -> list[Any]:
    """A process for each GPU; over several nodes PET_… variables say how many there are, and where they meet."""
    if spec.recipe != "fine-tune" or not spec.gpus:
        return []
    launcher = ["-m", "torch.distributed.run"]
    if spec.nodes > 1:
        return launcher
    gpus = traced(f"--nproc-per-node={spec.gpus}", "spec", "accelerator", "count")
    return [*launcher, "--standalone", gpus]


def recipe_told(subject: Subject, spec: TrainingSpec) -> dict[str, Any]:
    """What the recipe's program is told beside what all programs are."""
    if not is_recipe(spec):
        return {}
    table = {"features": [], **plain(spec.table)} if spec.table is not None else None
    told = {"recipe": spec.recipe, "table": table, "rows": plain(_rows(spec)), "data": _data(subject, spec)}
    return {name: value for name, value in told.items() if value is not None}


def _rows(spec: TrainingSpec) -> Rows:
    return spec.rows or Rows()


def _data(subject: Subject, spec: TrainingSpec) -> dict[str, Any] | None:
    rows = _rows(spec)
    for used in subject.datasets:
        found = {
            "dataset": used.name,
            "format": used.spec.format,
            "path": f"{ROOT}/{used.name}",
            "train": files_of(used.spec, rows.train),
        }
        if rows.validation is None:
            return found
        return {**found, "validation": files_of(used.spec, rows.validation), "measured": rows.validation}
    return None
