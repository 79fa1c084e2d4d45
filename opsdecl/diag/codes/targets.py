"""OD6xx: git (from 40 on), clusters and Pulumi have modules of their own."""

from opsdecl.diag.types import Code, Severity

GIT_MISSING = Code(
    "OD640",
    "Git is not installed",
    "Targets of type git, and plans against a git reference, need the `git` program, and it is not on the PATH.\n\n"
    "Install git 2.38 or newer. Validation and rendering work without it.",
    "git: command not found",
)
NOT_A_REPOSITORY = Code(
    "OD642",
    "Not a git repository",
    "The project, or the place that a target names, is not (inside) a git repository, so that there is no history to "
    "compare with and no branch to write to.\n\n"
    "Run `git init` in the project, or correct the target's `remote`.",
    "targets: {main: {type: git, remote: ../not-a-repository}}",
)
NOT_TRUSTED = Code(
    "OD643",
    "Git does not trust this repository",
    "The repository's folder belongs to another user, and git refuses to read its settings, because settings can run "
    "commands. This is common in containers, where the checkout belongs to the host's user.\n\n"
    "Change the owner of the folder, or tell git that it is safe with the command of the hint.",
    "fatal: detected dubious ownership in repository at '/src'",
)
UNKNOWN_REF = Code(
    "OD644",
    "No such git reference",
    "The name is no branch, tag or commit of the repository, so that there is nothing to compare with.\n\n"
    "Check the spelling, or fetch the branch first. In CI a checkout often holds one branch only.",
    "opsdecl plan --base origin/mian",
)
UNSAFE_NAME = Code(
    "OD645",
    "A name that git must not be given",
    "Names that start with a dash are options to git, and some forms of remote addresses run programs. A repository, "
    "branch or folder named so is refused before git sees it.\n\n"
    "Use a plain path, or an address of the form https://, ssh://, git://, file:// or user@host:path; a branch name as "
    "`git check-ref-format` allows it; and a folder inside the branch.",
    "targets: {main: {type: git, remote: 'ext::sh -c id'}}",
)
UNREACHABLE = Code(
    "OD646",
    "The git remote cannot be reached",
    "The remote did not answer, or there is no repository at its address. What it holds is unknown, so nothing is "
    "assumed about it: an unreachable target is never taken for an empty one.\n\n"
    "Check the address and the network, then run the command again.",
    "targets: {main: {type: git, remote: 'https://git.example.invalid/deploy.git'}}",
)
NOT_ALLOWED = Code(
    "OD647",
    "The git remote did not let us in",
    "The remote asked for a login that git could not give. opsdecl never prompts: it uses the credential helpers and "
    "ssh keys that git itself is set up with.\n\n"
    "Run the command of the hint to see the same answer from git, and set up a credential helper, a deploy key or an "
    "ssh agent.",
    "fatal: could not read Username for 'https://git.example.com': terminal prompts disabled",
)
PUSH_REFUSED = Code(
    "OD648",
    "The git remote refused the commit",
    "The remote took part in the conversation and then declined the new commit: a protected branch, a hook, a quota or "
    "a missing right to write. Nothing was changed.\n\n"
    "Its own words are in the message. Allow the identity that applies to push to the rendered branch.",
    "! [remote rejected] rendered/prod (protected branch hook declined)",
)
GIT_FAILED = Code(
    "OD649",
    "Git could not do this",
    "A git command failed for a reason that has no code of its own: a damaged repository, a full disk, no rights.\n\n"
    "git's own words are in the message; `git fsck` in the repository that it names is a good next step.",
    "fatal: unable to write loose object file: No space left on device",
)
SHALLOW = Code(
    "OD650",
    "The clone is too shallow to compare",
    "The repository was cloned without its full history, and the part that is missing is needed to tell what this "
    "change adds to the base.\n\n"
    "Fetch what is missing with the command of the hint. In GitHub Actions, `fetch-depth: 0` of actions/checkout does "
    "the same.",
    "git clone --depth=1 …; opsdecl plan --base origin/main",
)
MERGE_CONFLICT = Code(
    "OD651",
    "This change conflicts with the base",
    "A plan shows what merging this change into the base gives, and git cannot merge the two: both changed the same "
    "lines.\n\n"
    "Merge or rebase onto the base, resolve the files named, and plan again.",
    "CONFLICT (content): Merge conflict in environments/prod/chat.yaml",
)
NO_COMMON_HISTORY = Code(
    "OD652",
    "No common history with the base",
    "The base and this change have no commit in common, so that there is no merge of the two to plan for.\n\n"
    "Name a base that this branch was made from.",
    "opsdecl plan --base rendered/prod",
)
GIT_TOO_OLD = Code(
    "OD653",
    "This git is too old",
    "The base has moved on since this branch was made, and merging the two without touching the work tree needs "
    "`git merge-tree --write-tree`, which came with git 2.38.\n\n"
    "Update git, or merge the base into the branch first.",
    "git version 2.34.1",
)
TIMED_OUT = Code(
    "OD654",
    "Git did not answer in time",
    "A git command took longer than allowed and was stopped; most often a remote that accepts connections and then "
    "says nothing. Nothing was changed here.\n\n"
    "Try again, and check the remote with `git ls-remote`.",
    "git ls-remote https://slow.example.com/deploy.git",
)
BRANCH_IN_USE = Code(
    "OD655",
    "The target branch is checked out",
    "The rendered branch is the one that a work tree has checked out. Moving it would make every file there look "
    "changed, and the next commit would undo the apply.\n\n"
    "Switch that work tree to another branch, or name another branch in the target.",
    "targets: {main: {type: git, remote: ., branch: main}}",
)
RECORD_UNREADABLE = Code(
    "OD656",
    "The release record cannot be read",
    "The target's `.opsdecl/release.json` says what the release owns. In the last commit of opsdecl it is missing "
    "or damaged, so that what may be changed or removed is unknown.\n\n"
    "Restore the file from an earlier commit of the rendered branch, or point the target at a new branch or folder.",
    ".opsdecl/release.json: Expecting ',' delimiter",
)
RECORD_NEWER = Code(
    "OD657",
    "The release was written by a newer opsdecl",
    "The release record has a format that this version does not know. Guessing could remove objects.\n\n"
    "Update opsdecl to at least the version that the message names.",
    '{"formatVersion": 2, "toolVersion": "0.9.0"}',
)
NOT_AN_OBJECT = Code(
    "OD658",
    "A rendered file no longer holds its object",
    "Somebody changed a file of the rendered branch so that it is not one readable YAML object any more. It counts as "
    "drift: the next apply restores it.\n\n"
    "Look at the file on the rendered branch; make wanted changes in the specs.",
    "manifests/assist/deployment-chat.yaml: <<<<<<< HEAD",
    Severity.WARNING,
)
UNKNOWN_REVISION = Code(
    "OD659",
    "No such revision",
    "The revision is not a commit of the target's branch.\n\n"
    "`opsdecl history` lists the revisions there are; a unique beginning of the id is enough.",
    "opsdecl rollback --to 0000000",
)
UNKNOWN_OBJECT = Code(
    "OD660",
    "No such object in the release",
    "The release holds nothing by this address or name.\n\n"
    "Write an address (`LLM.chat/main/deployment`), a document (`LLM.chat`), or an object (`Deployment assist/chat`).",
    "opsdecl blame LLM.caht",
)
BUSY = Code(
    "OD661",
    "The target branch moves too fast",
    "Other releases share the branch and moved it each time that this one was about to be recorded. "
    "Nothing was changed.\n\n"
    "Run the command again, or give the release a branch of its own.",
    "targets: {main: {type: git, branch: rendered, folder: prod}}",
)
NOT_WRITTEN = Code(
    "OD662",
    "A file could not be written",
    "The operating system refused to write the file: no space, no right, or a read-only disk. What was there before is "
    "unchanged.\n\n"
    "Make room or choose another place, and run the command again.",
    "opsdecl plan --out /plan.json",
)
FILE_EXISTS = Code(
    "OD663",
    "The file exists already",
    "Writing would replace a file that opsdecl did not make. Nothing was written.\n\n"
    "Choose an empty folder, or repeat with `--keep-existing`: what exists stays as it is, the rest is written.",
    "opsdecl init .",
)
COMPANION_EDITED = Code(
    "OD664",
    "A file beside the objects was edited",
    "opsdecl writes the Argo CD or Flux files beside the objects, and somebody changed or removed one on the rendered "
    "branch. The next apply restores it.\n\n"
    "Make the change in the target's settings (`argocd`, `flux`).",
    "argocd/application.yaml",
    Severity.WARNING,
)
OTHER_RELEASE = Code(
    "OD665",
    "The folder belongs to another release",
    "Two releases are set to write to the same folder of the same branch. Each would remove what the other wrote.\n\n"
    "Give each environment and target a `branch` or a `folder` of its own.",
    "dev and prod: {type: git, branch: rendered, folder: ''}",
)
LOCK_LEFT = Code(
    "OD666",
    "A git lock file is in the way",
    "Another git process works on the branch, or one was stopped and left its lock behind. Nothing was changed.\n\n"
    "Wait for the other process. If there is none, remove the lock file that the message names.",
    "fatal: Unable to create '.git/refs/heads/rendered/prod.lock': File exists.",
)

NO_ADDRESS = Code(
    "OD667",
    "Argo CD and Flux need an address for the branch",
    "The target writes a local branch, and there is no remote whose address an Application or a GitRepository could "
    "name.\n\n"
    "Set `argocd.repository` or `flux.repository` to the address by which the cluster reads the branch.",
    "targets: {main: {type: git, remote: ., argocd: {}}}",
)

CODES: tuple[Code, ...] = (
    GIT_MISSING,
    NOT_A_REPOSITORY,
    NOT_TRUSTED,
    UNKNOWN_REF,
    UNSAFE_NAME,
    UNREACHABLE,
    NOT_ALLOWED,
    PUSH_REFUSED,
    GIT_FAILED,
    SHALLOW,
    MERGE_CONFLICT,
    NO_COMMON_HISTORY,
    GIT_TOO_OLD,
    TIMED_OUT,
    BRANCH_IN_USE,
    RECORD_UNREADABLE,
    RECORD_NEWER,
    NOT_AN_OBJECT,
    UNKNOWN_REVISION,
    UNKNOWN_OBJECT,
    BUSY,
    NOT_WRITTEN,
    FILE_EXISTS,
    COMPANION_EDITED,
    OTHER_RELEASE,
    LOCK_LEFT,
    NO_ADDRESS,
)
