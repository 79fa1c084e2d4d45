"""OD358 to OD362: evaluations, before they run."""

from opsdecl.diag.types import Code, Severity

UNKNOWN_SPLIT = Code(
    "OD358",
    "Unknown split",
    "An evaluation measures on a split of a dataset, or a training reads one, and the dataset declares none of that "
    "name.\n\n"
    "Name one of its `splits`, or declare it there.",
    "kind: Evaluation\nspec: {dataset: customers, split: tset}   # splits: {test: …}",
)
MEASURED_ELSEWHERE = Code(
    "OD359",
    "Candidate in another namespace",
    "A run reads volumes and Secrets of its own namespace only, and models let in callers of their own namespace. An "
    "evaluation can measure what is in its namespace.\n\n"
    "Set `metadata.namespace` of the evaluation to that of its candidates; one for each namespace where they differ.",
    "kind: Evaluation\nmetadata: {name: quality, namespace: risk}\nspec: {candidates: [{llm: chat}]}   # in assist",
)
NOT_MEASURABLE = Code(
    "OD360",
    "Candidate without files",
    "The evaluation reads the files of a model, and this one has none that a run could mount or fetch: they are part "
    "of the image of its server.\n\n"
    "Name the files in `source` of the Model.",
    "kind: Model\nspec: {format: custom, image: ghcr.io/acme/fraud:1}   # no source",
)
NOTHING_TIED = Code(
    "OD361",
    "Evidence that is tied to no bytes",
    "What is measured is not fixed by a digest or a commit, so that evidence speaks of whatever lay at the address on "
    "that day. It stays valid while something else may answer.\n\n"
    "Add `digest` to the source of the Model, or `revision` to the model of the LLM.",
    "kind: Model\nspec: {source: {uri: s3://models/churn/latest}}   # no digest, and an Evaluation measures it",
    Severity.WARNING,
)
ADAPTER_NOT_ASKED = Code(
    "OD362",
    "Adapter that the model does not load",
    "The evaluation asks a language model for an adapter, and the model loads none of that name, so that every request "
    "would be refused.\n\n"
    "Name one of the model's `adapters`, or add it there.",
    "candidates: [{llm: chat, adapter: legal}]   # LLM.chat: adapters: [medical]",
)
CODES: tuple[Code, ...] = (UNKNOWN_SPLIT, MEASURED_ELSEWHERE, NOT_MEASURABLE, NOTHING_TIED, ADAPTER_NOT_ASKED)
