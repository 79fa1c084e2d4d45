"""The steps of the GitHub workflows, run by a real bash over real repositories; only the API is ours."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.git import bare, clone, commit, git, repository
from tests.support.project import Ran, opsdecl, opsdecl_here
from tests.unit.init.platforms import TOKEN, Api, outputs, run_shell, serving, step

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("jq"), reason="runners of GitHub have jq")]

REPOSITORY = "acme/ml"
BOT = {"user": {"login": "github-actions[bot]"}}
PLAN, COMMENT = ".github/workflows/opsdecl.yaml", ".github/workflows/opsdecl-comment.yaml"
CHAT = "environments/prod/models.yaml"


@pytest.fixture
def api() -> Iterator[Api]:
    with serving(Api(author=BOT)) as running:
        yield running


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A clone of a project on a server, as `actions/checkout` leaves it: branches of the server are remote ones."""
    origin = bare(tmp_path / "server/ml.git")
    first = tmp_path / "first"
    first.mkdir()
    assert opsdecl_here(first, "init", "--ci", "github", "--name", "ml").code == 0
    shutil.rmtree(first / ".git")
    repository(first)
    git(first, "push", "--quiet", str(origin), "main")
    return clone(origin, tmp_path / "runner/ml")


def runner(work: Path, api: Api, **more: str) -> dict[str, str]:
    return {
        "GITHUB_API_URL": api.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_OUTPUT": str(work.parent / "outputs"),
        "GITHUB_STEP_SUMMARY": str(work.parent / "summary"),
        "TOKEN": TOKEN,
        "ENVIRONMENTS": "dev prod",
        "BASE": "",
        **more,
    }


def shell(work: Path, api: Api, job: str, name: str, workflow: str = PLAN, **more: str) -> Ran:
    return run_shell(step(work / workflow, job, name), work, runner(work, api, **more))


def propose(work: Path, before: str = "maxModelLen: 16384", after: str = "maxModelLen: 12288") -> str:
    """A commit on a branch; its id."""
    git(work, "switch", "--quiet", "--create", "longer")
    text = (work / CHAT).read_text()
    assert before in text
    (work / CHAT).write_text(text.replace(before, after))
    return commit(work, "Shorter requests")


def comment(work: Path, api: Api, head: str) -> Ran:
    api.answers[f"/repos/{REPOSITORY}/pulls"] = [
        {"number": 6, "head": {"sha": "0" * 40}},
        {"number": 7, "head": {"sha": head}},
    ]
    event = {"HEAD_OWNER": "fork", "HEAD_BRANCH": "longer", "HEAD_SHA": head, "RUN_URL": "https://ci.test/runs/5"}
    return shell(work, api, "comment", "Comment", COMMENT, **event)


def apply_by_hand(work: Path, api: Api) -> None:
    """What `Run workflow` does: both jobs, for both environments."""
    assert shell(work, api, "plan", "Plan").code == 0
    found = shell(
        work, api, "apply", "Find the reviewed plan", GITHUB_EVENT_NAME="workflow_dispatch", GITHUB_RUN_ID="3"
    )
    assert found.code == 0
    assert outputs(work.parent / "outputs")["run"] == "3"
    for environment in ("dev", "prod"):
        applied = shell(work, api, "apply", "Apply", ENVIRONMENT=environment, OPSDECL_ACTOR="ana")
        assert applied.code == 0, applied.all
    shutil.rmtree(work / "plans")


def test_one_comment_is_made_and_then_kept_current(work: Path, api: Api) -> None:
    first = propose(work)
    planned = shell(work, api, "plan", "Plan", BASE="origin/main")
    assert planned.code == 0, planned.all
    assert comment(work, api, first).code == 0
    body = api.comments[0]["body"]
    assert body.startswith("<!-- opsdecl:plan:dev -->")
    assert "`engine.maxModelLen` | `16384` → `12288`" in body
    assert "https://ci.test/runs/5" in body

    shutil.rmtree(work / "plans")
    text = (work / CHAT).read_text().replace("12288", "10240")
    (work / CHAT).write_text(text)
    second = commit(work, "Shorter still")
    shell(work, api, "plan", "Plan", BASE="origin/main")
    assert comment(work, api, second).code == 0
    assert len(api.comments) == 1
    assert "`16384` → `10240`" in api.comments[0]["body"]
    assert (work.parent / "summary").read_text().count("<!-- opsdecl:plan:prod -->") == 2


def test_the_comment_is_found_behind_many_and_a_quote_of_it_is_not_taken_for_it(work: Path, api: Api) -> None:
    head = propose(work)
    quote = {"body": "<!-- opsdecl:plan:dev --> what is this?", "user": {"login": "ben"}}
    api.comments = [{"id": number, **quote} for number in range(1, 131)]
    api.add("<!-- opsdecl:plan:dev -->\nold")
    shell(work, api, "plan", "Plan", BASE="origin/main")
    assert comment(work, api, head).code == 0
    assert len(api.comments) == 131
    assert "12288" in api.comments[-1]["body"]


def test_a_failing_plan_is_commented_too(work: Path, api: Api) -> None:
    head = propose(work, "maxModelLen: 16384", "maxModelLen: [")
    planned = shell(work, api, "plan", "Plan", BASE="origin/main")
    assert planned.code != 0
    assert comment(work, api, head).code == 0
    assert "❌" in api.comments[0]["body"]
    assert "OD1" in api.comments[0]["body"]


def test_a_run_without_any_plan_is_commented_too(work: Path, api: Api) -> None:
    assert comment(work, api, git(work, "rev-parse", "HEAD")).code == 0
    assert "no plan" in api.comments[0]["body"]


def test_a_tool_that_dies_without_a_word_leaves_a_comment(work: Path, api: Api) -> None:
    head = propose(work)
    silent = 'opsdecl() { return 137; }; timeout() { shift; "$@"; }\n'
    ran = run_shell(silent + step(work / PLAN, "plan", "Plan"), work, runner(work, api, BASE="origin/main"))
    assert ran.code == 137
    comment(work, api, head)
    assert "exit code 137" in api.comments[0]["body"]


def test_a_run_that_was_overtaken_comments_nothing(work: Path, api: Api) -> None:
    api.answers[f"/repos/{REPOSITORY}/pulls"] = [{"number": 7, "head": {"sha": "1" * 40}}]
    event = {"HEAD_OWNER": "fork", "HEAD_BRANCH": "longer", "HEAD_SHA": "2" * 40, "RUN_URL": ""}
    ran = shell(work, api, "comment", "Comment", COMMENT, **event)
    assert (ran.code, api.comments) == (0, [])


def test_an_environment_that_the_workflow_does_not_know_fails_it(work: Path, api: Api) -> None:
    known = shell(work, api, "plan", "List environments")
    assert known.code == 0
    assert outputs(work.parent / "outputs")["list"] == '["dev","prod"]'
    shutil.copytree(work / "environments/dev", work / "environments/test")
    forgotten = shell(work, api, "plan", "List environments")
    assert forgotten.code == 1
    assert "add test to ENVIRONMENTS" in forgotten.out


def test_what_was_reviewed_is_applied_after_the_merge(work: Path, api: Api) -> None:
    apply_by_hand(work, api)
    head = propose(work)
    assert shell(work, api, "plan", "Plan", BASE="origin/main").code == 0
    git(work, "switch", "--quiet", "main")
    git(work, "merge", "--quiet", "--no-ff", "--message", "Merge", "longer")
    merged = git(work, "rev-parse", "HEAD")
    api.answers[f"/repos/{REPOSITORY}/commits/{merged}/pulls"] = [
        {"merged_at": None, "merge_commit_sha": merged, "head": {"sha": "3" * 40}},
        {"merged_at": "2026-03-01", "merge_commit_sha": merged, "head": {"sha": head}},
    ]
    runs = f"/repos/{REPOSITORY}/actions/workflows/opsdecl.yaml/runs"
    api.answers[runs] = {"workflow_runs": [{"id": 41}, {"id": 40}]}
    event = {"GITHUB_EVENT_NAME": "push", "GITHUB_SHA": merged}
    assert shell(work, api, "apply", "Find the reviewed plan", **event).code == 0
    assert outputs(work.parent / "outputs")["run"] == "41"

    git(work, "fetch", "--quiet")
    applied = shell(work, api, "apply", "Apply", ENVIRONMENT="prod", OPSDECL_ACTOR="Ana <ana@acme.example>")
    assert applied.code == 0, applied.all
    server = Path(git(work, "remote", "get-url", "origin"))
    assert git(server, "log", "--format=%an", "rendered/prod").splitlines() == ["Ana", "ana"]
    assert "--max-model-len=12288" in git(server, "grep", "-h", "-e", "--max-model-len", "rendered/prod")


def test_what_moved_since_the_review_is_not_applied(work: Path, api: Api) -> None:
    apply_by_hand(work, api)
    propose(work)
    assert shell(work, api, "plan", "Plan", BASE="origin/main").code == 0
    (work / CHAT).write_text((work / CHAT).read_text().replace("12288", "4096"))
    commit(work, "Something else")
    git(work, "fetch", "--quiet")
    server = Path(git(work, "remote", "get-url", "origin"))
    before = git(server, "rev-parse", "rendered/prod")
    refused = shell(work, api, "apply", "Apply", ENVIRONMENT="prod", OPSDECL_ACTOR="ana")
    assert refused.code == 4, refused.all
    assert git(server, "rev-parse", "rendered/prod") == before


def test_a_target_that_pushes_by_itself_is_not_pushed_twice(work: Path, api: Api) -> None:
    for name in ("dev", "prod"):
        file = work / f"environments/{name}/environment.yaml"
        file.write_text(file.read_text().replace("push: false", "push: true"))
    commit(work, "Push")
    apply_by_hand(work, api)
    server = Path(git(work, "remote", "get-url", "origin"))
    assert (
        git(server, "for-each-ref", "--format=%(refname:short)", "refs/heads/rendered") == "rendered/dev\nrendered/prod"
    )
    assert opsdecl(work, "plan", "--env", "prod", "--exit-code").code == 0


def test_a_commit_that_nobody_reviewed_is_not_applied(work: Path, api: Api) -> None:
    head = git(work, "rev-parse", "HEAD")
    api.answers[f"/repos/{REPOSITORY}/commits/{head}/pulls"] = []
    ran = shell(work, api, "apply", "Find the reviewed plan", GITHUB_EVENT_NAME="push", GITHUB_SHA=head)
    assert ran.code == 1
    assert "Run workflow" in ran.out
