"""Promotion: what is carried over, how the overlays look after it, and what stays untouched."""

from pathlib import Path

import pytest

from opsdecl.flows.promote import Promotion, open_head, plan_promotion, write_promotion
from opsdecl.spec.edit import edit_file
from tests.support.git import commit, git, repository
from tests.support.project import opsdecl_here, write_files

PROJECT = """\
apiVersion: opsdecl.dev/v1
kind: Project
metadata: {name: acme-ml}
spec: {defaultEnvironment: staging}
"""
BASE = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec: {engine: vllm, version: "0.11.0", image: "vllm/vllm-openai:v0.11.0"}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec:
  model: phi-4
  runtime: vllm
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: churn}
spec:
  format: custom
  image: acme.example/churn:${{ vars.stage }}-1
"""
STAGING = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec:
  model: {uri: "hf://microsoft/phi-4", revision: 0123456789abcdef0123456789abcdef01234567}
  sampling: {temperature: 0.3, topP: 0.9}
  engine: {maxNumSeqs: 8}
  replicas: {count: 1}
  card: {license: mit}
"""
PROD = """\
# Prod: what customers see.
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}   # the team's own
spec:
  replicas: {min: 2, max: 4, target: {metric: waiting-requests, value: 4}}  # measured in May

  sampling:
    # colder is duller
    temperature: 0.2
  engine:
    args: {"seed": 7}
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata:   {name: churn}
spec:
    replicas:   {count: 2}
"""


def environment(name: str) -> str:
    return f"""\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {{name: {name}, owner: platform}}
spec:
  extends: [base]
  targets:
    main: {{type: git, remote: ".", branch: rendered/{name}}}
  namespaces: [assist]
  platform: {{metrics: prometheus-adapter}}
  variables: {{stage: {name}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "environments/project.yaml": PROJECT,
        "environments/base/models.yaml": BASE,
        "environments/staging/environment.yaml": environment("staging"),
        "environments/staging/models.yaml": STAGING,
        "environments/prod/environment.yaml": environment("prod"),
        "environments/prod/models.yaml": PROD,
    }
    return repository(write_files(tmp_path / "project", files))


def promotion(project: Path, *names: str) -> Promotion:
    commits = open_head(project).value
    assert commits is not None
    made = plan_promotion(commits, "staging", "prod", names)
    assert made.value is not None, made.diagnostics
    return made.value


def moved(made: Promotion) -> dict[str, object]:
    return {f"{move.address} {'.'.join(map(str, move.path))}": move.value for move in made.moves}


def test_what_changes_answers_is_carried_over_and_nothing_else(project: Path) -> None:
    assert moved(promotion(project)) == {
        "LLM.chat spec.model": {
            "uri": "hf://microsoft/phi-4",
            "revision": "0123456789abcdef0123456789abcdef01234567",
        },
        "LLM.chat spec.sampling.temperature": 0.3,
        "LLM.chat spec.sampling.topP": 0.9,
        "LLM.chat spec.engine.args.seed": None,
        "LLM.chat spec.card.license": "mit",
    }


def test_comments_quotes_and_other_documents_stay(project: Path) -> None:
    text = promotion(project).files["environments/prod/models.yaml"].decode()
    for kept in ("# Prod: what customers see.", "# the team's own", "# measured in May", "# colder is duller"):
        assert kept in text
    assert "  sampling:\n    # colder is duller\n    temperature: 0.3\n" in text
    assert text.endswith(PROD[PROD.index("---\n") :]), "the document that nothing was carried into"
    assert "model:\n    uri: hf://microsoft/phi-4" in text


def test_what_it_means_is_planned_before_anything_is_written(project: Path) -> None:
    plan = promotion(project).planned.plan
    assert plan is not None
    assert [d.address for d in plan.documents] == ["LLM.chat"]
    assert plan.documents[0].classes[0] == "behaviour"
    assert git(project, "branch", "--list", "promote/*") == ""


def test_it_is_one_commit_on_a_new_branch_and_nobodys_work_is_touched(project: Path) -> None:
    (project / "environments/prod/models.yaml").write_text("# half done\n" + PROD)
    (project / "notes.txt").write_text("mine")
    git(project, "add", "notes.txt")
    before = (git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD"))
    made = promotion(project)
    commits = open_head(project).value
    assert commits is not None
    written = write_promotion(commits, made, made.branch, "Ana Lopez <ana@acme.example>", "2026-03-01T09:00:00+00:00")
    assert written.value is not None, written.diagnostics
    assert (git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD")) == before
    assert git(project, "rev-parse", f"{made.branch}~1") == before[1]
    assert git(project, "diff", "--name-only", "HEAD", made.branch) == "environments/prod/models.yaml"
    assert git(project, "log", "-1", "--format=%s", made.branch) == "Promote staging to prod: LLM.chat"
    again = write_promotion(commits, made, made.branch, "Ana Lopez <ana@acme.example>", "2026-03-01T09:00:00+00:00")
    assert [d.code.id for d in again.diagnostics] == ["OD855"]


def test_once_it_is_merged_nothing_is_left_to_promote(project: Path) -> None:
    ran = opsdecl_here(project, "promote", "--from", "staging", "--to", "prod", "--branch", "next")
    assert ran.code == 0, ran.all
    git(project, "merge", "--quiet", "next")
    again = opsdecl_here(project, "promote", "--from", "staging", "--to", "prod")
    assert (again.code, again.out) == (0, "prod answers with what staging answers with: nothing to promote\n")


def test_a_document_without_an_overlay_gets_one(project: Path) -> None:
    (project / "environments/prod/models.yaml").unlink()
    commit(project, "nothing of prod's own")
    text = promotion(project, "LLM.chat").files["environments/prod/chat.yaml"].decode()
    assert text.startswith("apiVersion: opsdecl.dev/v1\nkind: LLM\nmetadata: {name: chat}\nspec:\n")


CHAIN = """\
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: cases, owner: team-legal}
spec:
  source: {type: s3, uri: "s3://data-${{ vars.stage }}/cases"}
  format: parquet
  storage: {size: 5Gi, accessMode: ReadWriteMany}
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: legal, owner: team-legal, movedFrom: [law]}
spec:
  framework: torch
  image: ghcr.io/acme/train:1.4.0
  command: [python, train.py, "--site=${{ vars.stage }}"]   # as everywhere
  base: {model: phi-4, method: lora, rank: 16}
  datasets: [cases]
  accelerator: {gpu: h100-80gb}
  timeLimit: 3h
  output: {size: 20Gi, accessMode: ReadWriteMany}
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: legal, owner: team-legal}
spec: {base: phi-4, source: {type: training, training: legal}, rank: 16}
"""


@pytest.fixture
def chained(project: Path) -> Path:
    """A model of staging loads an adapter, which a training of staging makes from data of staging."""
    (project / "environments/staging/legal.yaml").write_text(CHAIN)
    staging = project / "environments/staging/models.yaml"
    staging.write_text(STAGING.replace("spec:\n", "spec:\n  adapters: [legal]\n"))
    commit(project, "an adapter that only staging has")
    return project


def test_documents_that_the_other_environment_lacks_are_said_before_anything_is_written(chained: Path) -> None:
    ran = opsdecl_here(chained, "promote", "--from", "staging", "--to", "prod", "LLM.chat")
    assert ran.code == 1
    assert {line.partition(", which")[0] for line in ran.err.splitlines() if line.startswith("error")} == {
        "error[OD497]: prod has no Adapter.legal",
        "error[OD497]: prod has no Training.legal",
        "error[OD497]: prod has no Dataset.cases",
    }
    assert "environments/staging/models.yaml:5:" in ran.err, "where the model names its adapter"
    assert "`opsdecl promote --from staging --to prod LLM.chat --with-missing`" in ran.err
    assert git(chained, "branch", "--list", "promote/*") == ""


def test_they_come_along_as_they_are_written(chained: Path) -> None:
    asked = ("promote", "--from", "staging", "--to", "prod", "LLM.chat", "--with-missing", "--branch", "next")
    ran = opsdecl_here(chained, *asked)
    assert ran.code == 0, ran.all
    assert git(chained, "log", "-1", "--format=%s", "next").endswith(
        "Adapter.legal, Dataset.cases, LLM.chat, Training.legal"
    )
    text = git(chained, "show", "next:environments/prod/legal.yaml")
    assert "--site=${{ vars.stage }}" in text, "worked out anew in the other environment"
    assert "movedFrom" not in text
    assert "owner: team-legal" in text
    assert "s3://data-${{ vars.stage }}/cases" in git(chained, "show", "next:environments/prod/cases.yaml")
    git(chained, "merge", "--quiet", "next")
    checked = opsdecl_here(chained, "validate", "--env", "prod")
    assert checked.code == 0, checked.all


def test_specs_that_would_not_compile_are_not_committed(chained: Path) -> None:
    """What comes along asks for a namespace that the other environment has not."""
    legal = chained / "environments/staging/legal.yaml"
    legal.write_text(CHAIN.replace("name: cases, owner", "name: cases, namespace: lab, owner"))
    settings = chained / "environments/staging/environment.yaml"
    settings.write_text(settings.read_text().replace("[assist]", "[assist, lab]"))
    commit(chained, "data in a namespace of staging")
    ran = opsdecl_here(chained, "promote", "--from", "staging", "--to", "prod", "--with-missing")
    assert ran.code == 1
    assert "lab" in ran.err
    assert git(chained, "branch", "--list", "promote/*") == ""


def test_names_that_cannot_be_promoted_are_said(project: Path) -> None:
    ran = opsdecl_here(project, "promote", "--from", "staging", "--to", "prod", "LLM.chta")
    assert "error[OD853]" in ran.err
    assert "did you mean `LLM.chat`?" in ran.err


def test_a_file_that_cannot_be_edited_is_refused(project: Path) -> None:
    shared = PROD.replace("  sampling:\n", "  sampling: &cold\n")
    (project / "environments/prod/models.yaml").write_text(shared)
    commit(project, "an anchor")
    ran = opsdecl_here(project, "promote", "--from", "staging", "--to", "prod")
    assert "error[OD854]" in ran.err
    assert "`sampling` has the anchor `&cold`" in ran.err
    assert git(project, "branch", "--list", "promote/*") == ""


def test_text_that_is_no_yaml_is_an_error() -> None:
    with pytest.raises(ValueError, match="found"):
        edit_file("kind: LLM\nmetadata: {name: chat}\nspec: {a: [}\n", "LLM", "chat", [(("spec", "b"), 1)])
