"""The jobs of the GitLab pipeline, run by a real bash over real repositories; only the API is ours."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.git import bare, clone, commit, git, repository
from tests.support.project import Ran, opsdecl_here
from tests.unit.init.platforms import TOKEN, Api, load_yaml, run_shell, serving

pytestmark = pytest.mark.slow

CHAT = "environments/prod/models.yaml"
REQUEST = {
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_PROJECT_ID": "9",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.test/acme/ml",
    "CI_PIPELINE_SOURCE": "merge_request_event",
}
PUSH = {"CI_PIPELINE_SOURCE": "push"}
WEB = {"CI_PIPELINE_SOURCE": "web"}


@pytest.fixture
def api() -> Iterator[Api]:
    with serving(Api(author={"author": {"id": 88}}, answers={"/user": {"id": 88}})) as running:
        yield running


@pytest.fixture
def work(tmp_path: Path) -> Path:
    origin = bare(tmp_path / "server/ml.git")
    first = tmp_path / "first"
    first.mkdir()
    assert opsdecl_here(first, "init", "--ci", "gitlab", "--name", "ml").code == 0
    shutil.rmtree(first / ".git")
    repository(first)
    git(first, "push", "--quiet", str(origin), "main")
    return clone(origin, tmp_path / "runner/ml")


def shell(work: Path, api: Api, job: str, **more: str) -> Ran:
    """The script of a job, with the variables that a runner sets."""
    pipeline = load_yaml(work / ".gitlab-ci.yml")
    given = {
        **pipeline["variables"],
        "CI_API_V4_URL": api.url,
        "CI_PROJECT_ID": "9",
        "CI_JOB_TOKEN": TOKEN,
        "CI_JOB_URL": "https://gitlab.test/jobs/5",
        "GITLAB_USER_NAME": "Ana",
        "GITLAB_USER_EMAIL": "ana@acme.example",
        **more,
    }
    body = pipeline[job]
    environment = body.get("environment", {}).get("name", "")
    script = "\n".join(body.get("script") or pipeline[body["extends"]]["script"])
    return run_shell(script, work, {**given, "CI_ENVIRONMENT_NAME": environment})


def propose(work: Path, before: str = "maxModelLen: 16384", after: str = "maxModelLen: 12288") -> str:
    git(work, "switch", "--quiet", "--create", "longer")
    text = (work / CHAT).read_text()
    assert before in text
    (work / CHAT).write_text(text.replace(before, after))
    return commit(work, "Shorter requests")


def merge(work: Path, head: str, *options: str) -> None:
    """As the server does: the request's head stays reachable by its number."""
    git(work, "push", "--quiet", "origin", f"{head}:refs/merge-requests/7/head")
    git(work, "switch", "--quiet", "main")
    git(work, "merge", "--quiet", *options, "longer")


def server_of(work: Path) -> Path:
    return Path(git(work, "remote", "get-url", "origin"))


def test_one_comment_is_made_and_then_kept_current(work: Path, api: Api) -> None:
    propose(work)
    planned = shell(work, api, "opsdecl-plan", OPSDECL_TOKEN=TOKEN, **REQUEST)
    assert planned.code == 0, planned.all
    assert "`16384` → `12288`" in api.comments[0]["body"]
    shutil.rmtree(work / "plans")
    (work / CHAT).write_text((work / CHAT).read_text().replace("12288", "10240"))
    commit(work, "Shorter still")
    assert shell(work, api, "opsdecl-plan", OPSDECL_TOKEN=TOKEN, **REQUEST).code == 0
    assert len(api.comments) == 1
    assert "`16384` → `10240`" in api.comments[0]["body"]
    assert [each for each in api.asked if not each.startswith("GET")] == [
        "POST /projects/9/merge_requests/7/notes",
        "PUT /projects/9/merge_requests/7/notes/1",
    ]


def test_the_comment_is_found_behind_many_and_a_quote_of_it_is_not_taken_for_it(work: Path, api: Api) -> None:
    propose(work)
    api.comments = [{"id": n, "body": "<!-- opsdecl:plan:dev --> ?", "author": {"id": 5}} for n in range(1, 131)]
    api.add("<!-- opsdecl:plan:dev -->\nold")
    assert shell(work, api, "opsdecl-plan", OPSDECL_TOKEN=TOKEN, **REQUEST).code == 0
    assert len(api.comments) == 131
    assert "12288" in api.comments[-1]["body"]


def test_a_fork_needs_no_token_to_see_its_plan(work: Path, api: Api) -> None:
    propose(work)
    fork = {"CI_PROJECT_ID": "12", "CI_MERGE_REQUEST_PROJECT_URL": str(server_of(work)).removesuffix(".git")}
    planned = shell(work, api, "opsdecl-plan", **{**REQUEST, **fork})
    assert planned.code == 0, planned.all
    assert "`16384` → `12288`" in planned.out
    assert (work / "plans/prod.json").exists()
    assert api.asked == []


def test_a_failing_plan_is_commented_too(work: Path, api: Api) -> None:
    propose(work, "maxModelLen: 16384", "maxModelLen: [")
    assert shell(work, api, "opsdecl-plan", OPSDECL_TOKEN=TOKEN, **REQUEST).code == 1
    assert "❌" in api.comments[0]["body"]


def first_apply(work: Path, api: Api) -> None:
    assert shell(work, api, "opsdecl-plan", **WEB).code == 0
    for job in ("opsdecl-apply-dev", "opsdecl-apply-prod"):
        applied = shell(work, api, job, **WEB)
        assert applied.code == 0, applied.all


@pytest.mark.parametrize(
    ("way", "options"),
    [
        ("merge commit", ("--no-ff", "--message", "Merge")),
        ("fast-forward", ("--ff-only",)),
        ("squash", ("--squash",)),
    ],
)
def test_what_was_reviewed_is_applied_after_the_merge(work: Path, api: Api, way: str, options: tuple[str, ...]) -> None:
    first_apply(work, api)
    head = propose(work)
    shell(work, api, "opsdecl-plan", **REQUEST)
    api.artifacts = work.parent / "artifacts"
    (work / "plans").rename(api.artifacts)
    merge(work, head, *options)
    if way == "squash":
        git(work, "commit", "--quiet", "--message", "Shorter requests\n\nSee merge request acme/ml!7")
    applied = shell(work, api, "opsdecl-apply-prod", **PUSH)
    assert applied.code == 0, applied.all
    assert "GET /projects/9/jobs/artifacts/refs/merge-requests/7/head/download" in api.asked
    assert git(server_of(work), "log", "-1", "--format=%an", "rendered/prod") == "Ana"
    assert "--max-model-len=12288" in git(server_of(work), "grep", "-h", "-e", "--max-model-len", "rendered/prod")


def test_what_nobody_reviewed_is_not_applied(work: Path, api: Api) -> None:
    refused = shell(work, api, "opsdecl-apply-dev", **PUSH)
    assert refused.code == 1
    assert "Run a pipeline by hand" in refused.out
    assert git(server_of(work), "for-each-ref", "refs/heads/rendered") == ""


def test_what_moved_since_the_review_is_not_applied(work: Path, api: Api) -> None:
    first_apply(work, api)
    head = propose(work)
    shell(work, api, "opsdecl-plan", **REQUEST)
    api.artifacts = work.parent / "artifacts"
    (work / "plans").rename(api.artifacts)
    merge(work, head, "--no-ff", "--message", "Merge")
    (work / CHAT).write_text((work / CHAT).read_text().replace("12288", "4096"))
    git(work, "commit", "--quiet", "--all", "--amend", "--no-edit")
    before = git(server_of(work), "rev-parse", "rendered/prod")
    assert shell(work, api, "opsdecl-apply-prod", **PUSH).code == 4
    assert git(server_of(work), "rev-parse", "rendered/prod") == before
