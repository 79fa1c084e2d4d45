"""A dataset with its checks: what is demanded of the data, what it is compared with, and the run that looks."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from opsdecl._data import job_script
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.dataset import DATA, after, input_folder, inputs, marker, preparation
from opsdecl.compile.lower.native.dataset_keys import Stage, chain_of, checks_of, earlier_of, plain
from opsdecl.compile.lower.native.evaluation_data import files_of
from opsdecl.compile.lower.native.evaluation_request import RESULT
from opsdecl.compile.lower.native.guard import guarded
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import Work, amounts, run_job
from opsdecl.compile.lower.native.training_data import ROOT, parts_of, runs_before
from opsdecl.compile.lower.native.variables import literal
from opsdecl.compile.lower.native.volumes import scratch
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, UsedDataset
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked
from opsdecl.spec.kinds.dataset import DatasetSpec
from opsdecl.spec.kinds.dataset_checks import Checks, DriftCheck, EarlierData

CHECKS_PATH = "/etc/opsdecl/checks"


class Against(Struct, frozen=True):
    """What the data is compared with: its folder in the pod, and what the program is told of it."""

    folder: str
    told: dict[str, Any]


def lower_dataset(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """No objects where the data is mounted as it is and nothing is demanded of it."""
    spec: DatasetSpec = subject.document.model.spec
    made = preparation(subject, spec, chain_of(spec))
    stage = checks_of(spec, {used.name: subject.document.effective[used.root] for used in subject.datasets})
    if spec.checks is not None and stage is not None:
        against = [_against(subject, spec, spec.checks, check) for check in spec.checks.drift]
        made.append(_demands(subject, spec, spec.checks, stage, against))
        made.append(_check(subject, spec, spec.checks, stage, against))
    return Checked(tuple(made))


def _against(subject: Subject, spec: DatasetSpec, checks: Checks, check: DriftCheck) -> Against:
    reference = check.reference
    if reference.earlier is not None:
        files = files_of(spec, reference.split) if reference.split is not None else checks.files
        return _earlier(subject, spec, reference.earlier, files)
    used = next(used for used in subject.datasets if used.name == reference.dataset)
    told = {"name": f"Dataset.{used.name}", "files": files_of(used.spec, reference.split), "format": used.spec.format}
    return Against(f"{ROOT}/{used.name}", told)


def _earlier(subject: Subject, spec: DatasetSpec, earlier: EarlierData, files: str) -> Against:
    """Its folder on the volume. Nobody waits for it: either it is there, or it never will be."""
    stage = chain_of(earlier_of(spec, earlier)).output
    # What is mounted as it is keeps nothing earlier: a rule of datasets says so.
    assert stage is not None
    name = f"{subject.document.address} as it was ({', '.join(map(str, plain(earlier).values()))})"
    told = {"name": name, "files": files, "format": spec.format, "run": stage.folder, "pods": stage.shards}
    return Against(f"{DATA}/{stage.folder}", told)


def _used(subject: Subject, checks: Checks) -> Iterator[UsedDataset]:
    names = {check.reference.dataset for check in checks.drift}
    return (used for used in subject.datasets if used.name in names)


def _demands(subject: Subject, spec: DatasetSpec, checks: Checks, stage: Stage, against: list[Against]) -> Resource:
    """The checks as data, and the program that holds the files against them. Its name follows both."""
    demanded = {
        "format": spec.format,
        "files": checks.files,
        "schema": {name: plain(column) for name, column in spec.schema_.items()},
        "rows": plain(checks.rows) if checks.rows else {},
        "columns": {name: _column(plain(column)) for name, column in checks.columns.items()},
        "duplicates": _duplicates(checks),
        "drift": [_drift(check, found) for check, found in zip(checks.drift, against, strict=True)],
    }
    text = json.dumps(demanded, indent=2, sort_keys=True)
    data = {"checks.json": Traced(text, ("spec", "checks")), "check_data.py": job_script("check_data")}
    name = object_name(subject.base, f"checks-{stage.key}")
    return make_resource(subject, "checks", "v1", "ConfigMap", {"data": data, "immutable": True}, name=name)


def _drift(check: DriftCheck, against: Against) -> dict[str, Any]:
    asked = {"columns": list(check.columns), "method": check.method, "above": check.bound, "least": check.least}
    return {**asked, "reference": against.told}


def _column(written: Any) -> dict[str, Any]:
    return {**written, **({"nulls": share(written["nulls"])} if "nulls" in written else {})}


def _duplicates(checks: Checks) -> dict[str, Any]:
    found = checks.duplicates
    return {"columns": list(found.columns), "most": share(str(found.most))} if found is not None else {}


def share(text: str) -> float:
    """`2.5%` -> 0.025."""
    return round(float(text.removesuffix("%")) / 100, 6)


def _check(subject: Subject, spec: DatasetSpec, checks: Checks, stage: Stage, against: list[Against]) -> Resource:
    path = ("spec", "checks")
    image = Traced(subject.image(checks.image), (*path, "image"))
    before = chain_of(spec).output
    report = f"{DATA}/{stage.folder}/report.json"
    program = ["python3", f"{CHECKS_PATH}/check_data.py", f"{CHECKS_PATH}/checks.json", input_folder(before), report]
    program += [each.folder for each in against]
    others = tuple(_used(subject, checks))
    demands = {"name": object_name(subject.base, f"checks-{stage.key}")}
    own = PodParts(
        volumes=({"name": "checks", "configMap": demands},),
        mounts=({"name": "checks", "mountPath": CHECKS_PATH, "readOnly": True},),
        env={"CHECKS_RESULT": literal(RESULT)},
        depends_on=(subject.address("checks"),),
    )
    work = Work(
        key=stage.key,
        step=stage.name,
        image=image,
        command=guarded(marker(stage), program),
        parts=join(
            (inputs(subject, spec, before, image), scratch(), own, *(parts_of(subject, used, image) for used in others))
        ),
        resources=amounts(checks.resources, (*path, "resources")),
        time_limit=checks.time_limit,
        path=path,
        depends_on=(*after(subject, before), *runs_before(others)),
    )
    return run_job(subject, spec, work)
