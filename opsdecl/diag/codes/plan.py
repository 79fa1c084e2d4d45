"""OD5xx: plans, containment, inventory, locks."""

from opsdecl.diag.types import Code, Severity

NOT_A_PLAN = Code(
    "OD501",
    "Not a plan file",
    "The file is not a plan as opsdecl writes it: it is no JSON, was cut off, or holds something else. Nothing can be "
    "checked against it, so nothing is applied.\n\n"
    "Write the plan again with `opsdecl plan --out FILE`, and hand over the whole file.",
    "opsdecl apply --env prod --plan truncated.json",
)
PLAN_FORMAT_UNKNOWN = Code(
    "OD502",
    "A plan file of another format version",
    "The plan was written by a version of opsdecl whose plans this version does not read. Guessing what its fields "
    "mean could apply something that nobody reviewed.\n\n"
    "Use the same version of opsdecl for plan and apply, or make the plan again with this one.",
    '{"formatVersion": 2, "toolVersion": "9.0.0"}',
)
PLAN_MALFORMED = Code(
    "OD503",
    "A plan file with a missing or wrong field",
    "The file says it is a plan, but one of its fields is missing or holds something else than it should. Plans are "
    "not meant to be edited: an edited plan is not the one that was reviewed.\n\n"
    "Write the plan again with `opsdecl plan --out FILE`.",
    '{"formatVersion": 1, "environment": 7}',
)
PLAN_TOO_LARGE = Code(
    "OD504",
    "A plan file beyond all bounds",
    "Plans are bounded in size and depth, so that a hostile or broken file cannot exhaust the machine that applies "
    "it. This one is far beyond what a real plan needs.\n\n"
    "Check where the file comes from, and write the plan again with `opsdecl plan --out FILE`.",
    "opsdecl apply --env prod --plan 900-megabytes.json",
)
STALE = Code(
    "OD510",
    "Stale plan",
    "Something moved since the plan was made: applying now would do more than what was reviewed. Each finding names "
    "one object or field, what was reviewed and what it is now. Nothing was written.\n\n"
    "Make the plan again, have it reviewed, and apply that one.",
    "opsdecl apply --env prod --plan p.json   # somebody applied another change in between",
)
DESIRED_DIFFERS = Code(
    "OD511",
    "The specs are not the ones that were reviewed",
    "The plan file binds the digest of every object that the specs ask for. Compiled now, they ask for something "
    "else: the commit, the lock or the tool differs from the reviewed one. Nothing was written.\n\n"
    "Check out the reviewed commit, or make the plan again and have it reviewed.",
    "opsdecl plan --env prod --out p.json; vi environments/prod/chat.yaml; opsdecl apply --env prod --plan p.json",
)
OTHER_RELEASE = Code(
    "OD512",
    "A plan for something else",
    "The plan file was made for another environment or another target. What was reviewed there says nothing about "
    "this one.\n\n"
    "Give the plan of this environment, or name the environment that the plan was made for.",
    "opsdecl apply --env prod --plan plan-for-staging.json",
)
UNREVIEWED_DRIFT = Code(
    "OD513",
    "Undoing drift that nobody reviewed",
    "Somebody changed an object outside opsdecl after the plan was made, or the plan did not look at what is there. "
    "Applying would undo that change, and the reviewed plan does not say so.\n\n"
    "Make a plan with `--live` and have it reviewed, or repeat the apply with `--revert-drift`.",
    "kubectl scale deployment chat --replicas 5   # after the review",
)
PRUNE_BUDGET = Code(
    "OD520",
    "More deletions than the budget allows",
    "The plan deletes more objects than the target's prune budget. A moved folder, a wrong branch or a mistaken "
    "overlay looks exactly like this, so the plan stops here instead of emptying the environment.\n\n"
    "If all of it is meant, raise spec.targets.<name>.prune.budget in the same change, where reviewers see it.",
    "targets:\n  main: {type: git, prune: {budget: 10}}",
)
PROTECTED = Code(
    "OD521",
    "A protected object would be deleted",
    "The object is protected, by its kind or namespace in the target's prune settings or by itself, and the plan "
    "deletes or replaces it. What it holds would be gone.\n\n"
    "Let go of it with `--forget ADDRESS` to keep the object, or take the protection away in a reviewed change first.",
    "targets:\n  main: {type: git, prune: {protect: [PersistentVolumeClaim]}}",
)
DEPENDENCY_CYCLE = Code(
    "OD530",
    "Objects wait for each other",
    "Each of these objects must be there before the next, in a circle, so there is no order in which they can be "
    "applied.\n\n"
    "This cannot come from specs alone: please report it, with the documents that the finding names.",
    "LLM.chat/main/deployment -> LLM.chat/main/service -> LLM.chat/main/deployment",
)
BEFORE_UNKNOWN = Code(
    "OD540",
    "What was before is unknown",
    "The base of the comparison cannot be compiled, in whole or for these documents, so the plan cannot tell what is "
    "new in them. It shows every object of theirs as an update that may mean anything.\n\n"
    "Compare with a base that compiles (`--base REF`), or with what is applied (`--live`).",
    "opsdecl plan --env prod --base broken-commit",
    Severity.WARNING,
)

UNCOMMITTED = Code(
    "OD550",
    "Uncommitted files would reach a protected environment",
    "Files of the project differ from the commit that is checked out, and the environment is protected: nobody could "
    "ever read again what was applied. Nothing was written.\n\n"
    "Commit the files, or put them away, and apply again.",
    "git status --short   #  M environments/prod/chat.yaml",
)
NOT_REVIEWABLE = Code(
    "OD551",
    "The plan holds errors",
    "The plan was made all the same, so that it can be read, but what it holds errors about must not be applied. "
    "Nothing was written.\n\n"
    "Mend what the findings name, and plan again.",
    "opsdecl apply --env prod --plan p.json   # p.json holds a finding of severity error",
)
LOCK_MOVED = Code(
    "OD541",
    "The lock moves",
    "This change replaces `opsdecl.lock`, so another version of the tool or of its tables compiles the specs from now "
    "on. Objects may change although no spec does. A plan between two commits compiles both sides with one tool and "
    "cannot show that.\n\n"
    "Look at a plan with `--live`: it compares with what was applied, and names the tool as the cause.",
    "opsdecl validate --update-lock",
    Severity.NOTE,
)
CODES: tuple[Code, ...] = (
    NOT_A_PLAN,
    PLAN_FORMAT_UNKNOWN,
    PLAN_MALFORMED,
    PLAN_TOO_LARGE,
    STALE,
    DESIRED_DIFFERS,
    OTHER_RELEASE,
    UNREVIEWED_DRIFT,
    PRUNE_BUDGET,
    PROTECTED,
    DEPENDENCY_CYCLE,
    BEFORE_UNKNOWN,
    UNCOMMITTED,
    NOT_REVIEWABLE,
    LOCK_MOVED,
)
