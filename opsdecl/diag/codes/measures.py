"""OD350 to OD352: what Monitors measure by jobs."""

from opsdecl.diag.types import Code

NOWHERE_TO_PUSH = Code(
    "OD350",
    "Nobody would hear of what is measured",
    "A measure of a Monitor runs as a job and ends, so Prometheus cannot scrape it: it hands its numbers to a "
    "Pushgateway, and the environment names none.\n\n"
    "Name the address of the Pushgateway in the Environment, and have Prometheus scrape it.",
    "kind: Monitor\nspec:\n  measures: [{name: inputs, about: data-drift}]   # without monitoring.pushgateway",
)
NOT_MEASURED = Code(
    "OD351",
    "A name that no measure or watched model has",
    "An alert looks at a measure of its Monitor, and a measure tells of one model that the Monitor watches. Here the "
    "name is none of these, or nothing says which of several models is meant, so the alert could never be raised.\n\n"
    "Correct the name, or name the model.",
    "alerts: [{name: InputsDrift, measure: inptus, above: 0.2}]",
)
JUDGE_OUT_OF_REACH = Code(
    "OD352",
    "The judge does not let the job in",
    "Answers are scored by asking a language model where it is served, and its NetworkPolicy keeps out the pods of the "
    "namespace in which the Monitor's job runs. Nothing would be measured.\n\n"
    "Let the namespace in by `access.from` of the judge, or put the Monitor beside it.",
    "kind: LLM\nmetadata: {name: judge, namespace: tools}\nspec: {access: {from: []}}   # and a Monitor asks it",
)

CODES: tuple[Code, ...] = (NOWHERE_TO_PUSH, NOT_MEASURED, JUDGE_OUT_OF_REACH)
