"""The wheel on its own: what people install has its data files, and needs nothing of the repository."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.support.git import repository
from tests.support.project import ROOT, Ran, copy_example

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT))
    done = subprocess.run(build, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": ""})
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def binaries(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin` of a fresh environment with the wheel in it, which sees the other packages of this one."""
    home = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    paths = sysconfig.get_paths(vars={"base": str(home), "platbase": str(home)})
    packages = Path(paths["purelib"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    command = home / "bin" / "opsdecl"
    command.write_text(f"#!{home}/bin/python\nfrom {_entry(packages)} import main\nmain()\n")
    command.chmod(0o755)
    return command.parent


def _entry(packages: Path) -> str:
    """The module of the console script, as the wheel declares it."""
    (points,) = packages.glob("opsdecl-*.dist-info/entry_points.txt")
    (line,) = [row for row in points.read_text().splitlines() if row.startswith("opsdecl ")]
    module, _, function = line.partition("=")[2].strip().partition(":")
    assert function == "main"
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return repository(copy_example(tmp_path / "project"))


def run(binaries: Path, folder: Path, *arguments: str) -> Ran:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(binaries / "opsdecl"), *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env=env,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_it_is_the_wheel_that_runs(binaries: Path, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    code = "import opsdecl, opsdecl._data; print(opsdecl.__file__)"
    said = subprocess.check_output([str(binaries / "python"), "-c", code], cwd=tmp_path, env=env)
    assert Path(said.decode().strip()).is_relative_to(binaries.parent)


def test_nothing_of_the_repository_but_the_package_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"opsdecl"}
    assert not [name for name in names if "__pycache__" in name or "tests" in name.split("/")]
    for needed in ("schemas/opsdecl.schema.json", "templates/plan.html.j2"):
        assert f"opsdecl/_data/{needed}" in names
    assert [name for name in names if name.startswith("opsdecl/catalog/data/")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--version",), "opsdecl "),
        (("validate",), "valid: "),
        (("schema",), '"$schema"'),
        (("schema", "LLM"), '"maxModelLen"'),
        (("plan", "--env", "prod", "--base", "HEAD", "--format", "html"), "</html>"),
        (("plan", "--env", "prod", "--format", "markdown"), "<!-- opsdecl:plan:prod -->"),
        (("apply", "--env", "prod", "--yes"), "prod: 46 created"),
        (("explain", "OD304"), "Unknown reference"),
        (("explain", "LLM.spec.engine.maxModelLen"), "whole number"),
        (("render", "--env", "dev", "--format", "pulumi"), "kubernetes:apps/v1:Deployment"),
        (("doctor",), "opsdecl"),
        (("completion", "bash"), "_OPSDECL_COMPLETE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_commands(binaries: Path, project: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = run(binaries, project, *arguments)
    assert ran.code == 0, ran.all
    assert said in ran.out


def test_a_new_project_plans_at_once(binaries: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert run(binaries, tmp_path / "mine", "init", "--ci", "all").code == 0
    assert run(binaries, tmp_path / "mine", "validate").code == 0
    planned = run(binaries, tmp_path / "mine", "plan")
    assert planned.code == 0, planned.all
    assert "CREATE" in planned.out
