"""OD404 to OD409: exceptions of policies, and environments that neither has."""

from opsdecl.diag.types import Code, Severity

EXCEPTED = Code(
    "OD404",
    "Excepted from a policy",
    "A rule of a policy does not hold, and an exception of the policy says until when that is agreed, who answers for "
    "it and why. Nothing is refused; the finding stays, so that nobody forgets it.\n\n"
    "Nothing needs to be done before that day. From the day after it is a finding like any other.",
    "exceptions: [{name: chat-moves, documents: [LLM.chat], until: '2027-01-31', owner: team-a, reason: OPS-12}]",
    Severity.NOTE,
)
EXCEPTION_ENDS = Code(
    "OD405",
    "Exception ends",
    "The last day of an exception is less than two weeks away, or over. After it the rule holds again for the "
    "documents that it named, and a policy of level `deny` refuses them.\n\n"
    "Change the documents so that they keep the rule, and remove the exception; or move its day, with a reason that "
    "reviewers can read.",
    "exceptions: [{name: chat-moves, until: '2026-12-05', …}]   # on 2026-11-29",
    Severity.WARNING,
)
EXCEPTS_NOTHING = Code(
    "OD406",
    "Exception that excepts nothing",
    "An exception names a document that no environment has, or documents that keep the rules anyway. It is misspelt "
    "or no longer needed, and would excuse whatever gets that name, or breaks the rule, next.\n\n"
    "Correct the name, or remove the exception.",
    "exceptions: [{name: chat-moves, documents: [LLM.chta], …}]",
    Severity.WARNING,
)
UNKNOWN_RULE = Code(
    "OD407",
    "Exception from a rule that the policy does not have",
    "`rules` of an exception names rules of the same policy. One that is not there excepts nobody from anything.\n\n"
    "Use the name of one of the policy's rules, or leave `rules` out to except from all of them.",
    "rules: [{name: owner, …}]\nexceptions: [{name: chat-moves, rules: [owners], …}]",
    Severity.WARNING,
)
TOO_LONG = Code(
    "OD408",
    "Exception that lasts too long",
    "An exception ends further ahead than the policy allows (`longestException`, a year where it says nothing). What "
    "nobody looks at again for longer is not an exception, but another rule.\n\n"
    "Choose an earlier day, and move it when it comes near; or narrow the rule or `match`.",
    "longestException: 90d\nexceptions: [{name: chat-moves, until: '2099-12-31', …}]",
)
NOWHERE = Code(
    "OD409",
    "Policy for an environment that there is not",
    "`match.environments` of a policy names an environment that the project does not have. Where it is misspelt, the "
    "policy passes everything in the one that was meant.\n\n"
    "Correct the name, or remove it.",
    "match: {kinds: [LLM], environments: [prd]}   # prod",
    Severity.WARNING,
)
CODES: tuple[Code, ...] = (EXCEPTED, EXCEPTION_ENDS, EXCEPTS_NOTHING, UNKNOWN_RULE, TOO_LONG, NOWHERE)
