"""Offline plans of 100, 1,000 and 10,000 specs beside what merely parsing the same files costs.

    python benchmarks/offline.py [--sizes 100,1000,10000] [--kubectl]
    python benchmarks/offline.py --sizing           only what sizing of 1,000 models takes

Every row is measured in this one run, each command as a whole process, the best of three by processor time: on a
machine that others use, the clock measures them. `bare parse` is PyYAML's C loader over the same files, its time taken
inside the process, without the start of Python; `x parse` is processor time over processor time.

`cold`: nothing is known of earlier runs. `warm`: an earlier run planned the same project; before each run with a
changed file, the file gets a content that no run has seen.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measure import Run, best, run
from benchmarks.projects import spec_text, write_project

OPSDECL = [sys.executable, "-m", "opsdecl"]
PLAN = [*OPSDECL, "plan", "--env", "prod", "--base", "HEAD", "--worktree", "--format", "json"]
EXAMPLE = Path(__file__).resolve().parent.parent
PARSE = """
import pathlib, time, yaml
texts = [p.read_bytes() for p in sorted(pathlib.Path('environments').rglob('*.yaml'))]
begun = time.process_time()
for text in texts:
    list(yaml.load_all(text, Loader=yaml.CSafeLoader))
print(time.process_time() - begun)
"""

SIZE = """
import gc
import time
from pathlib import Path
from typing import NamedTuple
from opsdecl.addr import SpecAddress
from opsdecl.compile.memo import Memo
from opsdecl.flows.models import Models
from opsdecl.flows.plan import Wanted, open_built
from opsdecl.spec.source import WorkTree

class Named(NamedTuple):
    address: SpecAddress
    effective: dict

built = open_built(WorkTree(Path('.')), Wanted('prod')).built
models = [d for d in built.graph.documents if d.address.kind == 'LLM']
OTHERS = (
    {'model': 'llama-3.1-8b-instruct', 'accelerator': {'gpu': 't4', 'count': 1}},
    {'model': 'llama-3.1-70b-instruct'},
    {'model': 'deepseek-v3'},
    {'model': 'qwen3-32b', 'accelerator': {'gpu': 'l40s', 'count': 1}},
)
gc.disable()
asked = []
for number in range(1000):
    effective = dict(models[number % len(models)].effective)
    spec = dict(effective['spec'])
    spec['engine'] = {**spec['engine'], 'maxModelLen': 4096 + number}
    if number < MISFITS:
        spec |= OTHERS[number % len(OTHERS)]
    asked.append(Named(SpecAddress('LLM', f'm-{number}'), {**effective, 'spec': spec}))
begun = time.process_time()
found = Models(built.project.catalog, Memo()).all(asked)
assert sum(each.verdict == 'does-not-fit' for each in found.values()) == MISFITS
print(time.process_time() - begun)
"""
"""A thousand models, no two alike, `MISFITS` of which do not fit. Nothing was known before; tables included, imports
not. Without the garbage collector, as in every command."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--kubectl", action="store_true", help="also run kubectl kustomize over the rendered objects")
    parser.add_argument("--sizing", action="store_true", help="measure nothing but the sizing of 1,000 models")
    arguments = parser.parse_args()
    if arguments.sizing:
        with tempfile.TemporaryDirectory(prefix="opsdecl-bench-") as folder:
            write_project(Path(folder), 1000)
            commit(Path(folder), "specs")
            measure_sizing(Path(folder), 1000)
        return
    print(f"{'specs':>6} {'work':34} {'wall s':>8} {'cpu s':>8} {'peak MB':>8} {'x parse':>8}")
    for size in map(int, arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory(prefix="opsdecl-bench-") as folder:
            measure_size(Path(folder), size, kubectl=arguments.kubectl)
    with tempfile.TemporaryDirectory(prefix="opsdecl-bench-") as folder:
        measure_start(Path(folder))


def measure_size(root: Path, size: int, *, kubectl: bool) -> None:
    """All rows of one size."""
    write_project(root, size)
    commit(root, "specs")
    parse = min(float(run([sys.executable, "-c", PARSE], root).output) for _ in range(3))
    print(f"{size:6} {'bare parse (libyaml C loader)':34} {'':8} {parse:8.3f}")
    row(size, "validate, cold", cold([*OPSDECL, "validate"], root), parse)
    row(size, "validate, warm", best([*OPSDECL, "validate"], root), parse)
    row(size, "plan, nothing changed, cold", cold(PLAN, root), parse)
    row(size, "plan, nothing changed, warm", best(PLAN, root), parse)
    row(size, "plan, one file changed, warm", changed(PLAN, root), parse)
    row(size, "plan, one file changed, cold", cold(PLAN, root), parse)
    measure_sizing(root, size)
    if kubectl and shutil.which("kubectl"):
        kustomize(root, size, parse)


def measure_sizing(root: Path, size: int) -> None:
    """Processor time of sizing alone, the best of three: once where all models fit, once where 400 do not."""
    for misfits in (0, 400):
        code = f"MISFITS = {misfits}\n{SIZE}"
        sized = min(float(run([sys.executable, "-c", code], root).output) for _ in range(3))
        print(f"{size:6} {f'sizing 1,000, {misfits} do not fit':34} {'':8} {sized:8.3f}")


def cold(command: list[str], root: Path) -> Run:
    """Without what earlier runs left."""
    runs = []
    for _ in range(3):
        shutil.rmtree(root / ".opsdecl", ignore_errors=True)
        runs.append(best(command, root, times=1))
    return min(runs, key=lambda r: r.cpu_s)


def changed(command: list[str], root: Path) -> Run:
    """With what earlier runs left, but for one file that none has seen."""
    runs = []
    for n in range(3):
        (root / "environments" / "prod" / "spec-00000.yaml").write_text(spec_text(0, length=32768 + n))
        runs.append(best(command, root, times=1))
    return min(runs, key=lambda r: r.cpu_s)


def kustomize(root: Path, size: int, parse: float) -> None:
    """`kubectl kustomize` over the same objects."""
    out = root / "rendered"
    best([*OPSDECL, "render", "--env", "prod", "--out", str(out)], root, times=1)
    files = sorted(str(p.relative_to(out)) for p in out.rglob("*.yaml"))
    (out / "kustomization.yaml").write_text("resources:\n" + "".join(f"- {f}\n" for f in files))
    row(
        size,
        f"kubectl kustomize, {len(files)} objects",
        best(["kubectl", "kustomize", "rendered"], root, times=1),
        parse,
    )


def row(size: int, work: str, measured: Run, parse: float) -> None:
    times = measured.cpu_s / parse
    print(f"{size:6} {work:34} {measured.wall_s:8.2f} {measured.cpu_s:8.2f} {measured.peak_mb:8.0f} {times:8.1f}")


def commit(root: Path, message: str) -> None:
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
    subprocess.run([*git, "init", "-q", "-b", "main"], cwd=root, check=True)
    subprocess.run([*git, "add", "-A"], cwd=root, check=True)
    subprocess.run([*git, "commit", "-q", "-m", message], cwd=root, check=True)


def measure_start(root: Path) -> None:
    """The commands that people feel: the version, and the worked example."""
    for part in ("environments", "evidence"):
        shutil.copytree(EXAMPLE / part, root / part)
    shutil.copy(EXAMPLE / "opsdecl.lock", root)
    commit(root, "example")
    validate = [*OPSDECL, "validate"]
    start("--version", best([*OPSDECL, "--version"], root, times=5))
    start("validate the example, cold", cold(validate, root))
    start("validate the example, warm", best(validate, root, times=5))


def start(work: str, measured: Run) -> None:
    print(f"{'':6} {work:34} {measured.wall_s:8.3f} {measured.cpu_s:8.3f} {measured.peak_mb:8.0f}")


if __name__ == "__main__":
    main()
