"""OD85x, OD877: model cards, bills of materials, what answered when."""

from opsdecl.diag.types import Code

NO_CARD = Code(
    "OD850",
    "Nothing to describe under this name",
    "A card, a bill of materials and a trace are about documents that are served, or loaded by one that is: of kind "
    "LLM, Model or Adapter. The name is that of no such document in this environment.\n\n"
    "Name the document with its kind, such as `LLM.chat`; `opsdecl graph` lists what an environment has.",
    "opsdecl card LLM.chta --env prod   # it is called LLM.chat",
)
NOTHING_ANSWERED = Code(
    "OD851",
    "Nothing answered then",
    "The document was no part of any release of the environment at the time that was asked for: nothing had been "
    "applied yet, it had not been declared, or it had been removed. The message says which, with the time in UTC.\n\n"
    "Look at `opsdecl history`, and at the offset of the time that was asked for: without one it is UTC.",
    "opsdecl trace LLM.chat --at 2020-01-01   # before the first apply",
)
NOT_REMEMBERED = Code(
    "OD852",
    "The history does not reach that far back",
    "A cluster and a Pulumi stack keep a bounded number of revisions (`targets.*.revisions`), and those of the time "
    "that was asked for are gone. A git target keeps all.\n\n"
    "Ask for a later time. Keep more revisions where such questions are expected.",
    "targets: {main: {type: cluster, context: prod, revisions: 10}}   # the eleventh apply drops the first",
)
NOT_IN_BOTH = Code(
    "OD853",
    "Nothing to promote under this name",
    "`opsdecl promote` carries values of a document from one environment to another that has it too. The document is "
    "not in both of them, or of a kind that has nothing to promote.\n\n"
    "Name an LLM, a Model, an Adapter or a Runtime that both have. Declare it in the other environment first.",
    "opsdecl promote --from staging --to prod LLM.draft   # prod has no such document",
)
NOT_EDITABLE = Code(
    "OD854",
    "File that cannot be edited for you",
    "A value was to be written into this file while all else in it stays as it is, and the file cannot be read in the "
    "way that this needs.\n\n"
    "Edit it by hand; the message says what stands against it.",
    "spec: *shared   # a document that another one shares",
)
BRANCH_THERE = Code(
    "OD855",
    "The branch is there already",
    "A promotion is a commit on a branch of its own, and a branch of that name exists. Nothing was written.\n\n"
    "The same promotion from the same commit has the same name: look whether somebody proposed it already.",
    "opsdecl promote --from staging --to prod --branch release-12   # release-12 exists",
)
NO_SUCH_COMPOSITION = Code(
    "OD877",
    "Nothing answered with that composition",
    "Spans, evidence and cards name what answers come from by a digest. No state that the targets of the environment "
    "remember has a model with the one that was asked for: it is another environment's, it is older than the revisions "
    "that are kept, or digits are missing.\n\n"
    "Take environment and digest from the same span (`opsdecl.environment`, `opsdecl.composition`).",
    "opsdecl trace --composition sha256:0000000000000000 --env prod",
)
CODES: tuple[Code, ...] = (
    NO_CARD,
    NOTHING_ANSWERED,
    NOT_REMEMBERED,
    NOT_IN_BOTH,
    NOT_EDITABLE,
    BRANCH_THERE,
    NO_SUCH_COMPOSITION,
)
