"""OD444 to OD449, OD492 to OD494: checks in front of models."""

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
    "model itself, behind the checks.\n\n"
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
BEYOND_FILTERS = Code(
    "OD492",
    "Checks at a gateway that makes none",
    "The Gateway API has no filter of its own that hands the body of a request to a program. Envoy Gateway has an "
    "object for it, which it applies to Routes that send requests to Services. The environment does not say that its "
    "Gateways are Envoy Gateway's, or routes by pools, so the checks would be dropped in silence.\n\n"
    "Set `platform.filters` to envoy-gateway and `platform.routing` to gateway-api, or put `guardrails` on the model: "
    "there they run in its own pods, whatever the gateway is.",
    "kind: Environment\nspec: {platform: {routing: gateway-api}}\n---\nkind: Route\nspec: {guardrails: {…}, …}",
)
HELD_WHOLE = Code(
    "OD493",
    "Bodies that are held until they are whole",
    "A gateway that hands a body over `buffered` waits for the end of it. Envoy Gateway keeps 32 KiB unless somebody "
    "set another limit: a longer request is answered with 413, a longer answer becomes a 500. An answer that is "
    "written while it is read comes in one piece, at the end.\n\n"
    "Raise `connection.bufferLimit` in the ClientTrafficPolicy of the Gateway, or use `full-duplex-streamed` where "
    "the server that checks can take pieces.",
    "guardrails: {service: {name: checks, port: 9002}, input: buffered}",
    Severity.NOTE,
)
MUST_BE_OPENED = Code(
    "OD494",
    "A Service that its owner must open",
    "The server that checks is in another namespace. A gateway asks it only where a ReferenceGrant in that namespace "
    "allows it; until then every request of the Route fails. opsdecl makes no objects in namespaces of others.\n\n"
    "Have the owner make the ReferenceGrant that the finding describes, or use a Service of the Route's namespace.",
    "guardrails: {service: {name: checks, namespace: safety, port: 9002}, input: buffered}",
    Severity.NOTE,
)

CODES: tuple[Code, ...] = (
    CHECKS_NOTHING,
    CHECKS_CANNOT_RUN,
    CHECKS_PASSED_BY,
    JUDGE_NOT_REACHED,
    PORT_TAKEN,
    STREAMS_REFUSED,
    BEYOND_FILTERS,
    HELD_WHOLE,
    MUST_BE_OPENED,
)
