"""Same specs, same bytes: the order of documents, keys and files, the folder and the hash seed do not matter."""

import json
import random
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from opsdecl.flows.render import as_files
from opsdecl.render.types import ManifestSet
from opsdecl.spec.source import MemoryTree
from tests.support.project import ENVIRONMENTS, ROOT, built, example_files, example_tree, opsdecl

_SHUFFLES = 3
_DIGESTS = """
import sys
from opsdecl.flows.plan import plan_review, Wanted
from opsdecl.diff.planfile import plan_digest
from opsdecl.diff.types import BaseRef, SourceRef
from tests.support.project import ENVIRONMENTS, built, example_tree
base = example_tree({"environments/prod/risk.yaml": None})
for environment in ENVIRONMENTS:
    print(built(example_tree(), environment).manifests.digest)
    planned = plan_review(example_tree(), base, Wanted(environment), SourceRef(), BaseRef(ref="main"))
    print(plan_digest(planned.plan))
"""


def everything(tree: MemoryTree, environment: str) -> tuple[str, Mapping[str, bytes], list[Any]]:
    """Digest, files, and what else an object knows of itself."""
    manifests: ManifestSet = built(tree, environment).manifests
    rest = [(str(m.address), m.token, [str(a) for a in m.depends_on], m.protect) for m in manifests.manifests]
    return manifests.digest, as_files(manifests.manifests), rest


def layers() -> Mapping[str, list[str]]:
    """Spec files by folder; `base`, `dev` and so on are layers of their own."""
    found: dict[str, list[str]] = {}
    for path in example_files():
        if path.endswith(".yaml"):
            found.setdefault(path.rpartition("/")[0], []).append(path)
    return found


def shuffled(seed: int) -> MemoryTree:
    """Documents dealt anew to files of other names, keys in another order. Lists keep theirs."""
    draw = random.Random(seed)
    files: dict[str, str | None] = {}
    for folder, paths in layers().items():
        documents = [doc for path in paths for doc in yaml.safe_load_all(example_files()[path])]
        draw.shuffle(documents)
        files.update(dict.fromkeys(paths))
        for number, document in enumerate(documents):
            deep = "/deep" if folder != "environments" and document["kind"] != "Environment" else ""
            name = f"{folder}{draw.choice(('', deep))}/{draw.choice('abc')}.yaml"
            shaken = mixed(document, draw)
            text = json.dumps(shaken) if number % 2 else yaml.dump(shaken, Dumper=Writer, sort_keys=False)
            files[name] = f"{files.get(name) or ''}---\n{text}\n"
    return example_tree(files)


class Writer(yaml.SafeDumper):
    """It quotes times of day, which PyYAML takes for plain text and other readers for numbers."""


def _text(writer: Writer, text: str) -> yaml.Node:
    style = '"' if text.replace(":", "").isdecimal() else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Writer.add_representer(str, _text)


def mixed(value: Any, draw: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        draw.shuffle(items)
        return {key: mixed(item, draw) for key, item in items}
    return [mixed(item, draw) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("seed", range(_SHUFFLES))
def test_documents_keys_and_files_in_another_order(environment: str, seed: int) -> None:
    tree = shuffled(seed)
    assert {e.path for e in tree.entries()} != set(example_files())
    assert everything(tree, environment) == everything(example_tree(), environment)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_document_that_moves_to_another_file_changes_nothing(environment: str) -> None:
    text = example_files()["environments/base/documents.yaml"]
    first, _, second = text.partition("\n---\n")
    moved = example_tree(
        {
            "environments/base/documents.yaml": first,
            "environments/base/claims/summaries.yaml": second,
        }
    )
    assert everything(moved, environment) == everything(example_tree(), environment)


@pytest.mark.slow
def test_hash_seeds_and_processes_agree() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", _DIGESTS],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(said) == 1
    assert said.pop().count(b"sha256:") == 2 * len(ENVIRONMENTS)


@pytest.mark.slow
def test_the_folder_in_which_the_command_runs_does_not_matter() -> None:
    from_top = opsdecl(ROOT, "render", "--env", "prod")
    from_inside = opsdecl(ROOT / "environments" / "base", "render", "--env", "prod")
    from_outside = opsdecl(ROOT.parent, "-C", str(ROOT / "environments"), "render", "--env", "prod")
    assert from_top.code == 0
    assert from_top == from_inside == from_outside
