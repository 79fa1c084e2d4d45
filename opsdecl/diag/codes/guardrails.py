"""OD444 to OD449: checks in front of language models."""

from opsdecl.diag.types import Code, Severity

CHECKS_NOTHING = Code(
    "OD444",
    "Guardrails that check nothing",
    "The document puts guardrails in front of the model, and no check is listed for what they would look at. Requests "
    "would take the longer way, and nobody would be protected by it.\n\n"
    "List checks in `input` or `output`, or remove the field.",
    "guardrails: {engine: nemo-guardrails, image: registry.test/nemo:0.24.1}   # neither input nor output",
)
CHECKS_CANNOT_RUN = Code(
    "OD445",
    "A configuration that the guardrails would refuse",
    "The engine of the guardrails reads its configuration at the first request. Where a check is misspelt, or its "
    "prompt or model is missing, the pods become ready and every request fails.\n\n"
    "Correct what the finding names. A check that is newer than the list in this version is only a warning.",
    "guardrails:\n  input: [self check input]\n  config: {text: '{}'}   # no prompt self_check_input",
)
CHECKS_PASSED_BY = Code(
    "OD446",
    "Guardrails that requests can pass by",
    "Checks protect only where every request goes through them. Here something else in the cluster can reach the "
    "engine's own port, behind the checks.\n\n"
    "Do what the finding says, or check requests where they enter the cluster.",
    "platform: {serving: kserve}\n---\nguardrails: {engine: nemo-guardrails, …}",
)
JUDGE_NOT_REACHED = Code(
    "OD447",
    "A judge that the guardrails cannot ask",
    "The checks ask another model for its verdict. Where that model lets them not in, or is the one that is judged, no "
    "verdict comes, and every request is refused.\n\n"
    "Let the guarded model in at `access` of the judge, or name another one.",
    "guardrails: {judge: shield, …}   # and shield lets in another namespace only",
)
PORT_TAKEN = Code(
    "OD448",
    "Two servers of a pod on one port",
    "The checks run beside the engine, in one pod, so both cannot listen on the same port: the second one to start "
    "ends, and starts again for ever.\n\n"
    "Set `guardrails.port` to another one.",
    "kind: Runtime\nspec: {port: 8090}\n---\nguardrails: {port: 8090, …}",
)
STREAMS_REFUSED = Code(
    "OD449",
    "Streams are refused",
    "Answers are checked as a whole, so a request that asks for a stream is answered with an error. Programs that "
    "show an answer while it is written usually ask for one.\n\n"
    "Add `streaming: {}` to let answers out piece by piece, each once it is checked.",
    "guardrails:\n  output: [self check output]   # and no streaming",
    Severity.NOTE,
)

CODES: tuple[Code, ...] = (
    CHECKS_NOTHING,
    CHECKS_CANNOT_RUN,
    CHECKS_PASSED_BY,
    JUDGE_NOT_REACHED,
    PORT_TAKEN,
    STREAMS_REFUSED,
)
