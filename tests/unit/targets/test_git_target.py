"""The git target among people: hand edits, dirty work trees, hooks, shared branches, remotes that fail."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from opsdecl.addr import Release
from opsdecl.diag import Checked
from opsdecl.diff.records import TargetState
from opsdecl.targets.git import run
from opsdecl.targets.git.message import signature
from opsdecl.targets.git.opening import open_branch
from opsdecl.targets.git.settings import GitSettings
from opsdecl.targets.git.target import GitTarget
from tests.contracts.builders import (
    RELEASE,
    actions,
    apply,
    chat,
    edit_branch,
    git,
    manifest,
    nothing,
    plan_of,
    project,
    record,
    release,
)

BRANCH = "rendered/prod"
DEPLOYMENT = "manifests/assist/deployment-chat.yaml"
SERVICE = "manifests/assist/service-chat.yaml"
STAGING = Release("acme", "staging", "main")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path / "project")


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--bare", "deploy.git")
    return tmp_path / "deploy.git"


def local(root: Path, **settings: object) -> GitTarget:
    return GitTarget(GitSettings(BRANCH, **settings), RELEASE, root)  # type: ignore[arg-type]


def pushing(root: Path, remote: str, branch: str = BRANCH, of: Release = RELEASE, folder: str = "") -> GitTarget:
    return GitTarget(GitSettings(branch, remote, folder), of, root)


def read(target: GitTarget) -> TargetState:
    state = target.read()
    assert state.value is not None, state.diagnostics
    return state.value


def codes(found: Checked[Any]) -> list[str]:
    return [finding.code.id for finding in found.diagnostics]


def file(repository: Path, name: str, branch: str = BRANCH) -> str:
    return git(repository, "show", f"{branch}:{name}") + "\n"


class TestTheUsersOwnRepository:
    def test_work_tree_index_and_head_are_untouched(self, root: Path) -> None:
        (root / "environments" / "prod" / "chat.yaml").write_text("half an edit\n")
        (root / "staged.txt").write_text("staged")
        (root / "untracked.txt").write_text("untracked")
        git(root, "add", "staged.txt")
        index = (root / ".git" / "index").read_bytes()
        status, head = (
            git(root, "status", "--porcelain"),
            git(root, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD"),
        )
        assert apply(local(root), chat()).value
        assert apply(local(root), nothing(), "destroy").value
        assert (root / ".git" / "index").read_bytes() == index
        assert git(root, "status", "--porcelain") == status
        assert git(root, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD") == head
        assert git(root, "branch", "--format=%(refname:short)").split() == ["main", BRANCH]

    def test_no_hook_of_the_repository_runs(self, root: Path, tmp_path: Path, deploy: Path) -> None:
        marker = tmp_path / "ran"
        hooks = root / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction", "pre-push", "post-checkout"):
            (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {marker}\n")
            (hooks / name).chmod(0o755)
        git(root, "remote", "add", "origin", str(deploy))
        for target in (local(root), local(root, push=True), pushing(root, "../deploy.git", "other")):
            assert apply(target, chat()).value
        assert not marker.exists(), marker.read_text()

    def test_a_branch_that_is_checked_out_is_refused(self, root: Path, tmp_path: Path) -> None:
        found = apply(GitTarget(GitSettings("main"), RELEASE, root), chat())
        assert codes(found) == ["OD655"]
        apply(local(root), chat())
        git(root, "worktree", "add", "--quiet", str(tmp_path / "second"), BRANCH)
        before = git(root, "rev-parse", BRANCH)
        refused = apply(local(root), chat(2))
        assert codes(refused) == ["OD655"]
        assert str(tmp_path / "second") in refused.diagnostics[0].message
        assert git(root, "rev-parse", BRANCH) == before

    def test_a_lock_that_somebody_left_is_named(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("opsdecl.targets.git.branches._LOCK_TRIES", 2)
        apply(local(root), chat())
        lock = root / ".git" / "refs" / "heads" / "rendered" / "prod.lock"
        lock.write_text("")
        found = apply(local(root), chat(2))
        assert codes(found) == ["OD666"]
        assert "prod.lock" in found.diagnostics[0].message
        lock.unlink()
        assert apply(local(root), chat(2)).value

    def test_push_goes_to_origin(self, root: Path, deploy: Path) -> None:
        assert codes(local(root, push=True).read()) == ["OD646"]
        git(root, "remote", "add", "origin", "../deploy.git")
        assert apply(local(root, push=True), chat()).value
        assert DEPLOYMENT in git(deploy, "ls-tree", "-r", "--name-only", BRANCH)
        assert git(root, "branch", "--list", BRANCH) == ""
        by_name = GitTarget(GitSettings(BRANCH, "origin"), RELEASE, root)
        assert actions(plan_of(read(by_name), chat())) == {}

    def test_outside_of_git_only_remotes_work(self, tmp_path: Path, deploy: Path) -> None:
        plain = tmp_path / "plain"
        plain.mkdir()
        assert codes(local(plain).read()) == ["OD642"]
        assert apply(pushing(plain, "../deploy.git"), chat()).value
        assert (plain / ".opsdecl" / ".gitignore").read_text() == "*\n"

    def test_signature_and_message_of_the_commit(self, root: Path) -> None:
        apply(local(root), chat(), summary="prod: chat is new\n\nBecause people asked.")
        said = git(root, "log", "-1", "--format=%an|%ae|%cn|%aI|%B", BRANCH)
        assert said.startswith(
            "Ana Lopez|ana@acme.example|Ana Lopez|2026-03-01T09:12:00+00:00|prod: chat is new\n\nBecause"
        )
        trailers = git(root, "log", "-1", "--format=%(trailers:only)", BRANCH)
        assert "Opsdecl-Release: acme/prod/main\nOpsdecl-Environment: prod\nOpsdecl-Kind: apply\n" in trailers
        assert "Approved-By: ml-leads (asserted by CI)" in trailers


class TestDrift:
    """Somebody's commit on the rendered branch."""

    @pytest.fixture
    def scratch(self, tmp_path: Path) -> Path:
        return tmp_path / "scratch"

    def test_a_hand_edit_is_live_and_says_who(self, root: Path, scratch: Path) -> None:
        apply(local(root), chat())
        before = read(local(root))
        edited = file(root, DEPLOYMENT).replace("revisionHistoryLimit: 1", "revisionHistoryLimit: 99")
        commit = edit_branch(root, scratch, BRANCH, {DEPLOYMENT: edited}, by="Cid Doe")
        state = read(local(root))
        (drifted,) = [o for o in state.objects if o.live != o.applied]
        assert drifted.live is not None
        assert drifted.applied is not None
        assert (drifted.live["spec"]["revisionHistoryLimit"], drifted.applied["spec"]["revisionHistoryLimit"]) == (
            99,
            1,
        )
        assert drifted.changed_by.startswith("Cid Doe, 20")
        assert commit[:7] in drifted.changed_by
        assert state.identity != before.identity
        assert state.revision == before.revision
        change = {c.address: c for c in plan_of(state, chat()).changes}["LLM.chat/main/deployment"]
        assert (change.action, change.cause) == ("update", "drift")
        newest = (local(root).history(1).value or ())[0]
        assert (newest.kind, newest.id, newest.summary) == ("edit", commit, "by hand")
        blamed = local(root).blame("LLM.chat/main/deployment").value
        assert blamed is not None
        assert blamed.id == commit

    def test_undoing_drift_restores_the_file(self, root: Path, scratch: Path) -> None:
        apply(local(root), chat())
        before = file(root, DEPLOYMENT)
        edit_branch(
            root,
            scratch,
            BRANCH,
            {DEPLOYMENT: before.replace("revisionHistoryLimit: 1", "revisionHistoryLimit: 99"), SERVICE: None},
        )
        assert apply(local(root), chat()).value.counts == {"create": 1, "update": 1}
        assert file(root, DEPLOYMENT) == before
        assert actions(plan_of(read(local(root)), chat())) == {}

    def test_deleted_and_added_files_are_told_apart(self, root: Path, scratch: Path) -> None:
        apply(local(root), chat())
        added = {SERVICE: None, "manifests/assist/extra.yaml": "kind: X\n", "README.md": "outside of manifests\n"}
        edit_branch(root, scratch, BRANCH, added)
        state = read(local(root))
        (gone,) = [o for o in state.objects if o.live is None]
        assert gone.address == "LLM.chat/main/service"
        assert gone.changed_by.startswith("Ben Hand")
        assert state.unowned == ("manifests/assist/extra.yaml",)
        apply(local(root), chat())
        listing = git(root, "ls-tree", "-r", "--name-only", BRANCH).split()
        assert {SERVICE, "manifests/assist/extra.yaml", "README.md"} <= set(listing)

    def test_another_style_of_the_same_object_is_no_drift(self, root: Path, scratch: Path) -> None:
        apply(local(root), chat())
        edit_branch(root, scratch, BRANCH, {DEPLOYMENT: "# a comment\n" + file(root, DEPLOYMENT)})
        state = read(local(root))
        assert actions(plan_of(state, chat())) == {}
        assert [o.address for o in state.objects if o.live_digest != o.applied_digest] == []

    @pytest.mark.parametrize(
        "text",
        ["<<<<<<< HEAD\na: 1\n", "", "just text\n", "- a\n", "a: &x [1]\nb: *x\n", "{" * 5000,
         "a: !!python/name:os.x\n", "apiVersion: v1\nkind: Service\n", "a: 1\n---\nb: 2\n", "\x00",
         "apiVersion: v1\nkind: Service\nmetadata: {name: other, namespace: assist}\n"],
    )  # fmt: skip
    def test_a_file_that_is_no_object_any_more_is_drift(self, root: Path, scratch: Path, text: str) -> None:
        apply(local(root), chat())
        edit_branch(root, scratch, BRANCH, {DEPLOYMENT: text})
        found = local(root).read()
        assert found.value is not None
        assert [(f.code.id, f.severity.word) for f in found.diagnostics] == [("OD658", "warning")]
        assert DEPLOYMENT in found.diagnostics[0].message
        change = {c.address: c for c in plan_of(found.value, chat()).changes}["LLM.chat/main/deployment"]
        assert (change.action, change.cause) == ("create", "drift")
        assert apply(local(root), chat()).value
        assert local(root).read().diagnostics == ()

    def test_a_revert_of_our_commit_is_drift(self, root: Path, scratch: Path) -> None:
        apply(local(root), chat(1))
        first = read(local(root))
        apply(local(root), chat(2))
        git(root, "clone", "--quiet", "--branch", BRANCH, str(root), str(scratch))
        git(scratch, "revert", "--no-edit", "HEAD")
        git(scratch, "push", "--quiet", "origin", f"HEAD:{BRANCH}")
        state = read(local(root))
        assert actions(plan_of(state, chat(2))) == {"LLM.chat/main/deployment": "update"}
        assert state.identity != first.identity
        assert apply(local(root), chat(2)).value

    def test_a_damaged_record_is_restored(self, root: Path, scratch: Path) -> None:
        apply(local(root), chat())
        good = file(root, ".opsdecl/release.json")
        for bad in ("{", None):
            edit_branch(root, scratch, BRANCH, {".opsdecl/release.json": bad})
            assert actions(plan_of(read(local(root)), chat())) == {}
            assert apply(local(root), chat()).value
            assert file(root, ".opsdecl/release.json") == good

    def test_a_forged_commit_with_a_damaged_record_is_an_error(self, root: Path, scratch: Path) -> None:
        apply(local(root), chat())
        for record_text, code in (("{}", "OD656"), ('{"formatVersion": 9, "toolVersion": "7.0.0"}', "OD657")):
            edit_branch(root, scratch, BRANCH, {".opsdecl/release.json": record_text})
            git(scratch, "commit", "--amend", "--quiet", "--message", "forged\n\nOpsdecl-Release: acme/prod/main")
            git(scratch, "push", "--quiet", "--force", "origin", f"HEAD:{BRANCH}")
            assert codes(local(root).read()) == [code]

    def test_history_that_was_rewritten_is_stale(self, root: Path) -> None:
        apply(local(root), chat(1))
        first = git(root, "rev-parse", BRANCH)
        apply(local(root), chat(2))
        state = read(local(root))
        git(root, "update-ref", f"refs/heads/{BRANCH}", first)
        late = local(root).write(
            chat(3), plan_of(state, chat(3)), record(), expected=state.identity, emit=lambda event: None
        )
        assert codes(late) == ["OD510"]
        assert git(root, "rev-parse", BRANCH) == first


class TestSeveralReleasesOnOneBranch:
    def test_each_keeps_to_its_folder(self, root: Path, deploy: Path) -> None:
        prod = pushing(root, str(deploy), "rendered", folder="prod")
        staging = pushing(root, str(deploy), "rendered", STAGING, folder="staging")
        apply(prod, chat(1))
        state = read(prod)
        apply(staging, chat(5, STAGING))
        assert read(prod).identity == state.identity
        assert codes(apply(prod, chat(2))) == []
        assert actions(plan_of(read(staging), chat(5, STAGING))) == {}
        assert [len(t.history(9).value or ()) for t in (prod, staging)] == [2, 1]
        apply(prod, nothing(), "destroy")
        assert actions(plan_of(read(staging), chat(5, STAGING))) == {}

    def test_two_releases_in_one_folder_are_refused(self, root: Path, deploy: Path) -> None:
        apply(pushing(root, str(deploy), "rendered"), chat())
        other = pushing(root, str(deploy), "rendered", STAGING)
        assert codes(other.read()) == ["OD665"]
        assert "acme/prod/main" in other.read().diagnostics[0].message

    @pytest.fixture
    def elsewhere(self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A git that, as long as the file holds lines, first moves another folder of the branch."""
        real, moves = shutil.which("git"), tmp_path / "moves"
        moves.write_text("")
        script = f"""#!/bin/sh
        case " $* " in *" update-ref "*)
          if [ -s {moves} ]; then
            sed -i 1d {moves}
            export GIT_DIR={root}/.git GIT_INDEX_FILE={tmp_path}/other GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x
            export GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x
            {real} read-tree refs/heads/{BRANCH}
            {real} update-index --add --cacheinfo 100644,$(date +%N | {real} hash-object -w --stdin),other/file
            new=$({real} commit-tree -m other -p refs/heads/{BRANCH} $({real} write-tree))
            {real} update-ref refs/heads/{BRANCH} $new
            unset GIT_DIR GIT_INDEX_FILE
          fi;;
        esac
        exec {real} "$@"
        """
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git").write_text(script.replace("\n        ", "\n"))
        (tmp_path / "bin" / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
        return moves

    def test_others_moving_the_branch_is_waited_out(self, root: Path, elsewhere: Path) -> None:
        prod = local(root, folder="prod")
        apply(prod, chat(1))
        elsewhere.write_text("move\n" * 3)
        assert apply(prod, chat(2)).value
        assert elsewhere.read_text() == ""
        assert "other/file" in git(root, "ls-tree", "-r", "--name-only", BRANCH)
        assert git(root, "rev-list", "--count", BRANCH) == "5"
        assert actions(plan_of(read(prod), chat(2))) == {}

    def test_a_branch_that_never_rests_is_given_up(
        self, root: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opsdecl.targets.git.target._PAUSE", 0.0)
        prod = local(root, folder="prod")
        apply(prod, chat(1))
        elsewhere.write_text("move\n" * 100)
        assert codes(apply(prod, chat(2))) == ["OD661"]
        assert actions(plan_of(read(prod), chat(1))) == {}


class TestRemotes:
    @pytest.mark.parametrize("form", ["../deploy.git", "{deploy}", "file://{deploy}"])
    def test_paths_and_files(self, root: Path, deploy: Path, form: str) -> None:
        target = pushing(root, form.format(deploy=deploy))
        assert apply(target, chat()).value
        assert DEPLOYMENT in git(deploy, "ls-tree", "-r", "--name-only", BRANCH)
        assert git(root, "status", "--porcelain") == ""

    def test_another_clone_sees_and_continues(self, root: Path, deploy: Path, tmp_path: Path) -> None:
        apply(pushing(root, str(deploy)), chat(1))
        second = pushing(project(tmp_path / "second"), str(deploy))
        apply(second, chat(2))
        assert actions(plan_of(read(pushing(root, str(deploy))), chat(2))) == {}
        git(deploy, "fsck", "--strict")

    def test_a_remote_that_is_gone_is_not_empty(self, root: Path, deploy: Path) -> None:
        target = pushing(root, str(deploy))
        apply(target, chat())
        deploy.rename(deploy.with_name("moved.git"))
        for found in (target.read(), target.history(3), target.read_revision("abcdef"), target.blame("LLM.chat")):
            assert found.value is None
            assert codes(found) == ["OD646"]

    def test_a_branch_that_was_deleted_is_empty(self, root: Path, deploy: Path) -> None:
        target = pushing(root, str(deploy))
        apply(target, chat())
        git(deploy, "update-ref", "-d", f"refs/heads/{BRANCH}")
        assert read(target).objects == ()
        assert apply(target, chat()).value.counts == {"create": 3}

    def test_branches_whose_names_contain_each_other(self, root: Path, deploy: Path) -> None:
        apply(pushing(root, str(deploy), "rendered"), chat())
        git(deploy, "branch", "-m", "rendered", "rendered/prod")
        assert read(pushing(root, str(deploy), "rendered/prod")).objects
        found = apply(pushing(root, str(deploy), "rendered"), chat())
        assert codes(found) == ["OD648"]
        assert "rendered/prod" in found.diagnostics[0].message

    def test_a_refusing_hook_of_the_remote_is_quoted(self, root: Path, deploy: Path) -> None:
        hook = deploy / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho only bots may push here >&2\nexit 1\n")
        hook.chmod(0o755)
        found = apply(pushing(root, str(deploy)), chat())
        assert codes(found) == ["OD648"]
        assert "only bots may push here" in found.diagnostics[0].message
        assert read(pushing(root, str(deploy))).objects == ()

    @pytest.mark.parametrize(
        ("says", "code"),
        [("git@host: Permission denied (publickey).", "OD647"), ("Host key verification failed.", "OD647"),
         ("ssh: Could not resolve hostname host: Name or service not known", "OD646"),
         ("ssh: connect to host host port 22: Connection refused", "OD646"),
         ("ERROR: Repository not found.", "OD646")],
    )  # fmt: skip
    def test_ssh_that_fails(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, code: str
    ) -> None:
        ssh = tmp_path / "ssh"
        ssh.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 255\n")
        ssh.chmod(0o755)
        monkeypatch.setenv("GIT_SSH", str(ssh))
        for remote in ("git@host:team/deploy.git", "ssh://git@host/team/deploy.git"):
            found = pushing(root, remote).read()
            assert codes(found) == [code]
            assert "host" in found.diagnostics[0].message

    def test_ssh_that_works(self, root: Path, deploy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ssh = tmp_path / "ssh"
        ssh.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
        ssh.chmod(0o755)
        monkeypatch.setenv("GIT_SSH", str(ssh))
        target = pushing(root, f"git@host:{deploy}")
        assert apply(target, chat()).value
        assert actions(plan_of(read(target), chat())) == {}

    def test_a_remote_that_says_nothing_is_given_up(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ssh = tmp_path / "ssh"
        ssh.write_text("#!/bin/sh\nsleep 60\n")
        ssh.chmod(0o755)
        monkeypatch.setenv("GIT_SSH", str(ssh))
        monkeypatch.setattr(run, "NETWORK_SECONDS", 0.3)
        assert codes(pushing(root, "git@host:x.git").read()) == ["OD654"]

    def test_nothing_listens(self, root: Path) -> None:
        found = pushing(root, "https://ben:hunter2@127.0.0.1:1/deploy.git").read()
        assert codes(found) == ["OD646"]
        assert "hunter2" not in found.diagnostics[0].message + found.diagnostics[0].hint

    @pytest.mark.parametrize(
        "settings",
        [GitSettings("-x"), GitSettings("a..b"), GitSettings("a", "ext::sh -c id"), GitSettings("a", "-u"),
         GitSettings("a", folder="../x"), GitSettings("a", folder=".git/hooks"), GitSettings("a", "ssh://-oProxyCommand=x/y")],
    )  # fmt: skip
    def test_hostile_settings_never_reach_git(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, settings: GitSettings
    ) -> None:
        monkeypatch.setenv("PATH", "/nonexistent")
        found = GitTarget(settings, RELEASE, root).read()
        assert codes(found) == ["OD645"]

    def test_a_hostile_address_of_a_configured_remote(self, root: Path, tmp_path: Path) -> None:
        git(root, "config", "remote.evil.url", f"ext::sh -c 'touch {tmp_path}/ran'")
        assert codes(pushing(root, "evil").read()) == ["OD645"]
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("damaged", ["HEAD", "config", "objects"])
    def test_a_mirror_that_was_damaged_is_made_again(self, root: Path, deploy: Path, damaged: str) -> None:
        apply(pushing(root, str(deploy)), chat())
        (mirror,) = [p for p in (root / ".git" / "opsdecl").iterdir() if p.is_dir()]
        if damaged == "objects":
            shutil.rmtree(mirror / damaged)
        else:
            (mirror / damaged).write_text("garbage")
        assert actions(plan_of(read(pushing(root, str(deploy))), chat())) == {}

    @pytest.mark.parametrize("form", ["config", "commondir", "link"])
    def test_a_mirror_that_came_with_the_project_runs_nothing(self, tmp_path: Path, form: str) -> None:
        """Outside a repository, where mirrors lie beside the project and an archive may have brought one."""
        folder, ran = tmp_path / "unpacked", tmp_path / "ran"
        folder.mkdir()
        pushing(folder, "git@host:x.git").read()
        (mirror,) = [p for p in (folder / ".opsdecl" / "git").iterdir() if p.is_dir()]
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
        program.chmod(0o755)
        evil = tmp_path / "evil.git"
        git(tmp_path, "init", "--quiet", "--bare", str(evil))
        git(evil, "config", "core.sshCommand", str(program))
        if form == "config":
            shutil.copy(evil / "config", mirror / "config")
        elif form == "commondir":
            (mirror / "commondir").write_text(str(evil))
        else:
            shutil.rmtree(mirror)
            mirror.symlink_to(evil)
        assert pushing(folder, "git@host:x.git").read().value is None
        assert not ran.exists()
        assert (evil / "HEAD").exists()

    def test_locks_that_a_kill_left_in_the_mirror_are_ours_to_remove(
        self, root: Path, deploy: Path, tmp_path: Path
    ) -> None:
        apply(pushing(root, str(deploy)), chat())
        apply(pushing(project(tmp_path / "second"), str(deploy)), chat(2))
        (seen,) = (root / ".git" / "opsdecl").glob("*/refs/opsdecl/*")
        seen.with_suffix(".lock").write_text("")
        assert actions(plan_of(read(pushing(root, str(deploy))), chat(2))) == {}

    def test_a_remote_that_lost_its_objects_is_not_empty(self, root: Path, deploy: Path, tmp_path: Path) -> None:
        apply(pushing(root, str(deploy)), chat())
        shutil.rmtree(deploy / "objects")
        (deploy / "objects").mkdir()
        found = pushing(project(tmp_path / "second"), str(deploy)).read()
        assert found.value is None
        assert [d.severity.word for d in found.diagnostics] == ["error"]

    def test_logins_of_a_ci_checkout_are_used_for_its_remote(self, root: Path, tmp_path: Path) -> None:
        helper = tmp_path / "helper"
        helper.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\n")
        helper.chmod(0o755)
        ssh = tmp_path / "ssh"
        ssh.write_text(f"#!/bin/sh\necho ssh >> {tmp_path}/asked\nexit 255\n")
        ssh.chmod(0o755)
        git(root, "config", "core.sshCommand", str(ssh))
        pushing(root, "git@host:x.git").read()
        assert (tmp_path / "asked").read_text() == "ssh\n"


class TestCompanions:
    ARGO: dict[str, object] = {"repository": "https://git.acme.example/deploy.git", "automated": True}  # noqa: RUF012

    def test_argocd_orders_by_waves_that_are_no_drift(self, root: Path) -> None:
        target = local(root, argocd=self.ARGO, folder="clusters/prod")
        apply(target, chat())
        deployment = file(root, f"clusters/prod/{DEPLOYMENT}")
        assert '    argocd.argoproj.io/sync-wave: "1"\n' in deployment
        assert "annotations" not in file(root, f"clusters/prod/{SERVICE}")
        assert actions(plan_of(read(target), chat())) == {}
        application = file(root, "clusters/prod/argocd/application.yaml")
        for line in ("name: acme-prod-main", "path: clusters/prod/manifests", f"targetRevision: {BRANCH}",
                     "repoURL: https://git.acme.example/deploy.git", "recurse: true", "prune: true"):  # fmt: skip
            assert line in application

    def test_turning_argocd_on_and_off_touches_no_object(self, root: Path) -> None:
        apply(local(root), chat())
        plain = git(root, "rev-parse", f"{BRANCH}^{{tree}}")
        assert apply(local(root, argocd=self.ARGO), chat()).value.counts == {}
        assert "sync-wave" in file(root, DEPLOYMENT)
        assert apply(local(root), chat()).value.counts == {}
        assert git(root, "rev-parse", f"{BRANCH}^{{tree}}") == plain

    def test_an_edited_annotation_of_ours_is_drift(self, root: Path, tmp_path: Path) -> None:
        target = local(root, argocd=self.ARGO)
        apply(target, chat())
        edit_branch(
            root, tmp_path / "s", BRANCH, {DEPLOYMENT: file(root, DEPLOYMENT).replace('wave: "1"', 'wave: "7"')}
        )
        assert actions(plan_of(read(target), chat())) == {"LLM.chat/main/deployment": "update"}

    def test_an_edited_companion_is_told_and_restored(self, root: Path, tmp_path: Path) -> None:
        target = local(root, argocd=self.ARGO)
        apply(target, chat())
        edit_branch(root, tmp_path / "s", BRANCH, {"argocd/application.yaml": "kind: Other\n"})
        assert codes(target.read()) == ["OD664"]
        apply(target, chat())
        assert target.read().diagnostics == ()

    def test_flux_reads_the_same_folder(self, root: Path) -> None:
        flux = {"repository": "git@git.acme.example:team/deploy.git", "secret": "deploy-key", "interval": "1m"}
        apply(local(root, flux=flux), chat())
        sync = file(root, "flux/sync.yaml")
        for line in ("kind: GitRepository", "kind: Kustomization", "url: ssh://git@git.acme.example/team/deploy.git",
                     "path: \"./manifests\"", f"branch: {BRANCH}", "interval: 1m", "name: deploy-key"):  # fmt: skip
            assert line in sync

    def test_passwords_of_the_remote_are_not_published(self, root: Path) -> None:
        git(root, "remote", "add", "origin", "https://ben:hunter2@git.acme.example/deploy.git")
        apply(local(root, argocd={}, flux={}), chat())
        everything = git(root, "grep", "-h", "", BRANCH)
        assert "https://git.acme.example/deploy.git" in everything
        assert "hunter2" not in everything

    def test_without_an_address_there_is_nothing_to_point_at(self, root: Path) -> None:
        assert codes(apply(local(root, argocd={}), chat())) == ["OD667"]

    def test_destroy_leaves_a_path_that_can_be_synced_to_nothing(self, root: Path) -> None:
        target = local(root, argocd=self.ARGO)
        apply(target, chat())
        assert "allowEmpty: false" in file(root, "argocd/application.yaml")
        apply(target, nothing(), "destroy")
        assert "allowEmpty: true" in file(root, "argocd/application.yaml")
        assert git(root, "ls-tree", "-r", "--name-only", BRANCH, "manifests").split() == ["manifests/.gitkeep"]


class TestLayout:
    def test_files_are_where_people_look(self, root: Path) -> None:
        objects = release(
            manifest("A.a/main/ns", "Namespace", "assist", namespace=""),
            manifest("A.a/main/service", "Service", "chat"),
            manifest("A.a/main/knative", "Service", "chat", api_version="serving.knative.dev/v1"),
            manifest("A.a/main/role", "ConfigMap", "system:Odd/../name"),
        )
        apply(local(root), objects)
        files = git(root, "ls-tree", "-r", "--name-only", BRANCH, "manifests").split()
        assert files[:1] == ["manifests/_cluster/namespace-assist.yaml"]
        assert {"manifests/assist/service-chat.yaml", "manifests/assist/service.serving.knative.dev-chat.yaml"} < set(
            files
        )
        odd = next(f for f in files if "odd" in f)
        assert odd.startswith("manifests/assist/configmap-system_odd_name_")
        assert actions(plan_of(read(local(root)), objects)) == {}
        fewer = release(*(m for m in objects.manifests if m.address.role != "knative"))
        apply(local(root), fewer)
        assert actions(plan_of(read(local(root)), fewer)) == {}
        assert len(git(root, "ls-tree", "-r", "--name-only", BRANCH, "manifests").split()) == 3

    def test_a_file_where_a_folder_must_be(self, root: Path, tmp_path: Path) -> None:
        apply(local(root), release(manifest("A.a/main/s", "Service", "s", namespace="risk")))
        edit_branch(root, tmp_path / "s", BRANCH, {"manifests/assist": "in the way"})
        both = release(manifest("A.a/main/s", "Service", "s", namespace="risk"), *chat().manifests)
        assert apply(local(root), both).value
        assert actions(plan_of(read(local(root)), both)) == {}

    def test_sha256_repositories(self, tmp_path: Path) -> None:
        folder = tmp_path / "p"
        folder.mkdir()
        git(folder, "init", "--quiet", "--object-format=sha256")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", "start")
        apply(local(folder), chat())
        assert apply(local(folder), nothing(), "destroy").value.counts == {"delete": 3}
        assert apply(local(folder), chat()).value
        assert actions(plan_of(read(local(folder)), chat())) == {}

    def test_blame_suggests_the_nearest(self, root: Path) -> None:
        apply(local(root), chat(), summary="first")
        apply(local(root), chat(2), summary="second")
        named = {n: local(root).blame(n).value for n in ("LLM.chat", "Service assist/chat", "LLM.chat/main/deployment")}
        assert {n: r.summary for n, r in named.items() if r} == {
            "LLM.chat": "second",
            "Service assist/chat": "first",
            "LLM.chat/main/deployment": "second",
        }
        unknown = local(root).blame("LLM.caht")
        assert (codes(unknown), unknown.diagnostics[0].hint) == (["OD660"], "did you mean `LLM.chat`?")


def test_of_two_who_make_the_very_same_commit_one_wins(tmp_path: Path, deploy: Path) -> None:
    """Both read before either writes, with one name in one second: their commits have one id."""
    users = [pushing(project(tmp_path / name), str(deploy)) for name in ("one", "two")]
    states = [read(user) for user in users]
    assert states[0].identity == states[1].identity
    desired = chat()
    first = users[0].write(
        desired, plan_of(states[0], desired), record(), expected=states[0].identity, emit=lambda _: None
    )
    assert first.value is not None, first.diagnostics
    commit = git(deploy, "rev-parse", BRANCH).strip()
    late = open_branch(users[1].settings, users[1].root)
    late.git.run("fetch", "--quiet", "--no-write-fetch-head", str(deploy), BRANCH)
    assert not late.publish(commit, "", signature("Ada <ada@acme.test>", "2026-11-02T00:00:00+00:00"))
