"""What is remembered changes how long a plan takes and nothing else: over edits, when damaged, when shared."""

import random
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from opsdecl.diff.planfile import dump_plan
from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.memory import Memory
from opsdecl.flows.plan import Wanted, open_built, plan_review
from opsdecl.flows.render import as_files
from opsdecl.flows.validate import validate
from opsdecl.spec.source import MemoryTree
from tests.support.changes import CHANGES
from tests.support.git import repository
from tests.support.project import ENVIRONMENTS, copy_example, example_files, opsdecl

Files = dict[str, str]

CATALOG = """\
models:
  qwen3-8b:
    {uri: "hf://Qwen/Qwen3-8B", revision: main, weightsGiB: 15.3, maxPosition: 40960, license: apache-2.0,
     source: "https://example.com", asOf: 2026-01-01}
"""
JUNK = (
    "",
    "{",
    "null",
    "1",
    "[]",
    "{}",
    "[1]",
    '{"asked": 1}',
    '[{"asked": [], "result": {}}]',
    '[["main"]]',
    "[" * 5000,
)


class Kept:
    """Texts of earlier runs, in memory. `written` counts what was new."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self.texts = dict(texts or {})
        self.written = 0

    def get_many(self, keys: Iterable[str]) -> Mapping[str, str]:
        return {key: self.texts[key] for key in keys if key in self.texts}

    def put_many(self, entries: Mapping[str, str]) -> None:
        self.written += len(entries)
        self.texts |= entries


def edit(draw: random.Random, files: Files) -> None:
    """An edit of the golden changes where its text is found, or back again."""
    edits = [(p, *pair) for c in CHANGES for p, a, b in c.edits for pair in ((a, b), (b, a)) if a in files.get(p, "")]
    path, old, new = draw.choice(edits)
    files[path] = files[path].replace(old, new)


def add_or_remove(draw: random.Random, files: Files) -> None:
    change = draw.choice([c for c in CHANGES if c.files])
    for path, text in change.files.items():
        if files.pop(path, None) is None:
            files[path] = text


def move(draw: random.Random, files: Files) -> None:
    """All documents of a file go to the end of another one in its folder, or to a new one."""
    source = draw.choice(
        [p for p in files if p.startswith("environments/") and p.endswith(".yaml") and p.count("/") == 2]
    )
    folder = source.rpartition("/")[0]
    target = draw.choice([p for p in files if p.rpartition("/")[0] == folder] + [f"{folder}/moved.yaml"])
    if target.endswith(".yaml") and target != source:
        files[target] = "\n---\n".join(text for text in (files.get(target), files.pop(source)) if text)


def lose(draw: random.Random, files: Files) -> None:
    """One document is deleted."""
    path = draw.choice([p for p in files if p.endswith(".yaml") and p.count("/") == 2])
    documents = re.split(r"^---$", files[path], flags=re.MULTILINE)
    del documents[draw.randrange(len(documents))]
    files[path] = "---".join(documents)


def mistake(draw: random.Random, files: Files) -> None:
    path = draw.choice([p for p in files if p.endswith(".yaml")])
    old, new = draw.choice(
        (("runtime: ", "runtime: x"), ("spec:", "spce:"), ("min: 2", "min: 200"), ("owner:", "ownr:"))
    )
    files[path] = files[path].replace(old, new, 1)


def rules(draw: random.Random, files: Files) -> None:
    """Policies: another level, another bound."""
    for path in [p for p in files if p.endswith("policies.yaml")]:
        old, new = draw.choice((("level: warn", "level: deny"), (">= 2", ">= 3"), (">= 3", ">= 2"), ("team-'", "te'")))
        files[path] = files[path].replace(old, new)


def facts(draw: random.Random, files: Files) -> None:
    if files.pop("catalog/models.yaml", None) is None:
        files["catalog/models.yaml"] = CATALOG


def restore(draw: random.Random, files: Files) -> None:
    files.clear()
    files.update(example_files())


MUTATIONS: tuple[Callable[[random.Random, Files], None], ...] = (
    *(edit, edit, edit, edit, add_or_remove, move, lose, mistake, rules, facts, restore),
)


def seen(base: Files, desired: Files, environment: str, memory: Memory) -> dict[str, Any]:
    """All that a plan, its objects and a validation show."""
    sides = MemoryTree(desired), MemoryTree(base)
    planned = plan_review(*sides, Wanted(environment), SourceRef(), BaseRef(ref="main"), memory)
    validation = validate(sides[0], memory=memory)
    built = planned.built
    documents = built.graph.documents if built else ()
    return {
        "plan": dump_plan(planned.plan) if planned.plan else None,
        "findings": planned.diagnostics,
        "validation": (validation.environments, validation.documents, validation.objects, validation.diagnostics),
        "objects": as_files(built.manifests.manifests) if built else {},
        "origins": [(str(m.address), m.origins) for m in built.manifests.manifests] if built else [],
        "resources": [(str(r.address), r.inputs, r.depends_on) for r in built.graph.resources] if built else [],
        "documents": [(str(d.address), d.value, d.effective, d.model, d.references, d.digest) for d in documents],
    }


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_a_plan_over_what_earlier_runs_kept_is_the_plan_without_it(seed: int) -> None:
    draw, kept = random.Random(seed), Kept()
    states: list[Files] = [dict(example_files())]
    for _ in range(12):
        files = dict(states[-1])
        draw.choice(MUTATIONS)(draw, files)
        states.append(files)
        base, environment = draw.choice(states[-4:]), draw.choice(ENVIRONMENTS)
        remembered = seen(base, files, environment, Memory.over(kept))
        fresh = seen(base, files, environment, Memory())
        for what, value in fresh.items():
            assert remembered[what] == value, (seed, len(states), what)


def test_a_second_run_works_nothing_out_again() -> None:
    kept, files = Kept(), dict(example_files())
    changed = {**files, **CHANGES[0].edited()}
    pairs = [(files, changed, environment) for environment in ENVIRONMENTS]
    for base, desired, environment in pairs:
        seen(base, desired, environment, Memory.over(kept))
    assert kept.written > 100
    kept.written = 0
    for base, desired, environment in pairs:
        seen(base, desired, environment, Memory.over(kept))
    assert kept.written == 0


def test_what_is_recalled_is_not_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, tree = Kept(), MemoryTree(example_files())
    before = open_built(tree, Wanted("prod"), Memory.over(kept)).built
    monkeypatch.setattr("opsdecl.compile.environment.lower_document", None)
    after = open_built(tree, Wanted("prod"), Memory.over(kept)).built
    assert before is not None
    assert after is not None
    assert after.manifests.digest == before.manifests.digest
    with pytest.raises(TypeError):
        list(after.graph.resources)


@pytest.fixture(scope="module")
def first() -> tuple[dict[str, Any], Kept]:
    """What a first run of a change shows, and what it keeps."""
    kept = Kept()
    return seen(dict(example_files()), changed(), "prod", Memory.over(kept)), kept


def changed() -> Files:
    return {**example_files(), **CHANGES[0].edited()}


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_what_was_kept_changes_nothing(junk: str, first: tuple[dict[str, Any], Kept]) -> None:
    expected, kept = first
    damaged = Kept(dict.fromkeys(kept.texts, junk))
    assert seen(dict(example_files()), changed(), "prod", Memory.over(damaged)) == expected
    assert seen(dict(example_files()), changed(), "prod", Memory.over(damaged)) == expected


PLAN = ("plan", "--env", "prod", "--base", "HEAD", "--worktree", "--format", "json")


def project(folder: Path) -> Path:
    """The worked example as a repository, one Runtime changed."""
    repository(copy_example(folder))
    for path, text in CHANGES[0].edited().items():
        (folder / path).write_text(text, "utf-8")
    return folder


def test_commands_share_what_they_keep(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    expected = opsdecl(folder, *PLAN, env={"OPSDECL_NO_CACHE": "1"})
    assert expected.code == 0, expected.err
    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(opsdecl, folder, *PLAN) for _ in range(4)]
    assert [run.result() for run in runs] == [expected] * 4
    assert opsdecl(folder, *PLAN) == expected


def test_a_damaged_cache_changes_nothing(tmp_path: Path) -> None:
    folder = project(tmp_path / "project")
    expected = opsdecl(folder, *PLAN)
    (path,) = (folder / ".opsdecl" / "cache").glob("*.sqlite")
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM entry").fetchone()[0] > 50
        db.execute("UPDATE entry SET value = substr(value, 1, length(value) - 1) || 'x'")
    db.close()
    assert opsdecl(folder, *PLAN) == expected
    path.write_bytes(b"\0" * 5000)
    assert opsdecl(folder, *PLAN) == expected
