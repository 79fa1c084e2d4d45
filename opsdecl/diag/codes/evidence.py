"""OD856 to OD868: evidence of evaluations, and the gates that demand it."""

from opsdecl.diag.types import Code, Severity

NO_EVIDENCE = Code(
    "OD856",
    "Change without evidence",
    "A gate of the environment demands evidence of an evaluation before something else answers, and none speaks of "
    "what the document would answer with. Evidence is a file below `evidence/` in the project.\n\n"
    "Let the evaluation run where its candidates are, and collect what it found:\n"
    "    opsdecl evidence collect --env staging\n"
    "Then commit the file.",
    "gates: {quality: {evaluation: churn-quality}}   # and nothing below evidence/",
)
STALE_EVIDENCE = Code(
    "OD857",
    "Evidence that is stale",
    "There is evidence about the document, and since it was measured something changed that its answers come from: "
    "the model, a prompt, an adapter, the engine. The message names the fields. What was found then says nothing of "
    "what would answer now.\n\n"
    "Let the evaluation run again with the new values, and collect what it finds.",
    "kind: LLM\nspec: {chatTemplate: {file: environments/base/chat.jinja}}   # edited since it was measured",
)
FAILED_EVIDENCE = Code(
    "OD858",
    "Evidence that speaks against the change",
    "What would answer was measured, and does not reach what the evaluation demands of it: an absolute bound, or not "
    "to be worse than the version in use by more than the tolerance. Of several measurements the last one counts.\n\n"
    "Improve the model. Where the bound is wrong, change the evaluation, which is reviewed like anything else, and "
    "collect again.",
    "thresholds: [{metric: roc_auc, min: 0.8}]   # and the evidence says 0.71",
)
SIMULATED_EVIDENCE = Code(
    "OD859",
    "Evidence that is only simulated",
    "The run that found it was none: a simulated node played it. Such evidence shows that everything fits together, "
    "and says nothing of the model, so it opens no gate.\n\n"
    "Measure on real nodes. A gate of a trial environment may say `allowSimulated: true`.",
    "gates: {quality: {evaluation: churn-quality}}   # and the run was on a simulated cluster",
)
NOT_COMPARED = Code(
    "OD860",
    "Version in use that was not measured",
    "A threshold compares with the version in use (`against: current`), and no evidence of the same evaluation on the "
    "same data speaks of that version.\n\n"
    "Measure the version in use as well: name it as a candidate, or let the evaluation run where it is declared.",
    "thresholds: [{metric: roc_auc, against: current}]   # and what prod answers with now was never measured",
)
EVIDENCE_BROKEN = Code(
    "OD861",
    "File of evidence that cannot be used",
    "A file below `evidence/` is no evidence, or not what its name says: it is named by the digest of its bytes, so a "
    "file that was edited has the wrong name. It counts as if it were not there.\n\n"
    "Collect it again, or remove the file.",
    "evidence/0000….json   # edited by hand",
    Severity.WARNING,
)
RESULT_BROKEN = Code(
    "OD862",
    "Result that cannot be used",
    "The run of an evaluation ended well, and what it left as its result is missing, no JSON of the published schema "
    "(`schemas/evaluation-result.schema.json`), or lacks a metric. Nothing was written.\n\n"
    "Mend the program, and raise `run.attempt` for another run.",
    '{"metrics": {"roc_auc": "NaN"}}',
)
RESULT_OF_OTHER = Code(
    "OD863",
    "Result of something else",
    "The result names another request than the one that the specs make of this run, or the digest of another model "
    "than the one that is declared. It says nothing of what is declared. Nothing was written.\n\n"
    "Apply the specs, let the run end, and collect again.",
    "opsdecl evidence collect   # and the specs changed since the run was started",
)
NOT_ENDED = Code(
    "OD864",
    "Evaluation that has not ended well",
    "The run of a candidate is not there, still works, or failed, so that there is nothing to collect from it. What "
    "others found is collected all the same.\n\n"
    "Look at `opsdecl status`. A run that failed is not repeated by itself: mend its cause, and raise `run.attempt`.",
    "opsdecl evidence collect   # right after the apply",
    Severity.WARNING,
)
NOT_PROVEN = Code(
    "OD865",
    "Measured before the version was out",
    "The evaluation asks a language model where it is served. The rollout of the declared version ended after the run "
    "had begun, or its end cannot be told, so that an earlier version may have answered. Nothing was written.\n\n"
    "Raise `run.attempt` now that the version is out, and apply.",
    "opsdecl apply   # starts the rollout and the evaluation at once",
)
NO_SUCH_EVIDENCE = Code(
    "OD866",
    "No evidence under this name",
    "Evidence is named by the beginning of its digest, and the project has none, or several, that begin so.\n\n"
    "Look at `opsdecl evidence list`.",
    "opsdecl evidence show 12ab",
)
NO_WINNER = Code(
    "OD867",
    "Evaluation without a winner",
    "`selection` names the best of the candidates by their evidence. Here there is no candidate with valid evidence "
    "that reaches all thresholds and constraints, or the evaluation selects nothing.\n\n"
    "The message says what stands against each. Collect evidence first.",
    "opsdecl promote --from staging --to prod --winner churn-quality   # before anything was collected",
)
IDLE_GATE = Code(
    "OD868",
    "Gate that can never open, or looks at nothing",
    "A gate demands the evidence of an evaluation that no environment of the project declares, or names a document "
    "that the environment does not have. It would refuse for ever, or never.\n\n"
    "Correct the name.",
    "gates: {quality: {evaluation: chrun-quality}}",
)
CODES: tuple[Code, ...] = (
    NO_EVIDENCE,
    STALE_EVIDENCE,
    FAILED_EVIDENCE,
    SIMULATED_EVIDENCE,
    NOT_COMPARED,
    EVIDENCE_BROKEN,
    RESULT_BROKEN,
    RESULT_OF_OTHER,
    NOT_ENDED,
    NOT_PROVEN,
    NO_SUCH_EVIDENCE,
    NO_WINNER,
    IDLE_GATE,
)
CLOSED: tuple[Code, ...] = (NO_EVIDENCE, STALE_EVIDENCE, FAILED_EVIDENCE, SIMULATED_EVIDENCE, NOT_COMPARED)
"""A gate stands in the way."""
