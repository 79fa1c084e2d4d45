"""OD8xx: policies, approvals, evidence."""

from opsdecl.diag.types import Code, Severity

DENIED = Code(
    "OD801",
    "Denied by a policy",
    "A rule of a policy of level `deny` does not hold. Policies are what this organisation agreed on; the finding "
    "names the policy and the rule, and points at the value that decided.\n\n"
    "Change the value. Where the rule itself is wrong for this case, change the policy or its `match`, which is a "
    "change that is reviewed like any other.",
    "kind: LLM\nmetadata: {name: chat}   # the rule says: has(metadata.owner) && metadata.owner != ''",
)
WARNED = Code(
    "OD802",
    "Against a policy that warns",
    "A rule of a policy of level `warn` does not hold. Nothing is refused; the finding is shown in the plan so that "
    "somebody decides about it.\n\n"
    "Change the value, or leave it and say in the review why.",
    "spec: {replicas: {count: 1}}   # the rule says: spec.replicas.count >= 2",
    Severity.WARNING,
)
NO_EXPRESSION = Code(
    "OD803",
    "Expression cannot be read",
    "The text of a rule is no expression of the Common Expression Language (CEL). The message says at which character "
    "it stops making sense. Optional selection (`a.?b`) and messages in braces are not supported.\n\n"
    "Correct the expression. Quote it in YAML where it begins with `!`, `[`, `{` or a quote, or holds `: ` or ` #`.",
    "expression: spec.replicas.min = 2   # comparison is ==",
)
UNKNOWN_NAME = Code(
    "OD804",
    "Unknown variable in an expression",
    "Rules over documents see `metadata`, `spec`, `kind`, `environment`, and `runtime` where the document names one. "
    "Rules over rendered objects, that is with `match.objects`, see `object`. Messages also see `name`.\n\n"
    "Use one of these, or bind the name with a macro such as `list.all(x, …)`.",
    "match: {objects: [Deployment]}\nexpression: has(metadata.labels)   # write object.metadata.labels",
)
NO_VERDICT = Code(
    "OD805",
    "Rule gives neither true nor false",
    "The expression of a rule is the condition that must hold, so it must give true or false. This one gives a number, "
    "a text, a list or a map.\n\n"
    "Compare it with something. A text belongs into `message` or `messageExpression`.",
    "expression: spec.replicas.min + 1",
)
NOT_EVALUATED = Code(
    "OD806",
    "Rule cannot be evaluated",
    "The expression is sound, but gives no answer for some of what it looks at: a field is missing, types do not go "
    "together, or it would take too long. A policy of level `deny` then denies, because a rule that fails must not let "
    "things pass; one of level `warn` says so.\n\n"
    "Test for fields that may be missing with `has(…)`, and narrow `match` to what the rule is about.",
    "expression: spec.accelerator.count <= 8   # for documents without accelerator: !has(spec.accelerator) || …",
)
UNKNOWN_KIND = Code(
    "OD807",
    "Policy looks at a kind that cannot be",
    "`match.kinds` names kinds of documents, such as LLM or Model. A kind that does not exist, or that rules never "
    "look at, would make the policy silently pass everything.\n\n"
    "Correct the name. Kinds of rendered objects, such as Deployment, belong into `match.objects`.",
    "match: {kinds: [Deployment]}   # match: {objects: [Deployment]}",
)
IDLE = Code(
    "OD808",
    "Policy looks at nothing",
    "In none of the environments is there anything that the policy's `match` fits, so its rules are never evaluated. "
    "A policy that never applies gives a false sense of safety.\n\n"
    "Check kinds, labels, namespaces and environments in `match`, or remove the policy.",
    "match: {kinds: [LLM], labels: {tier: gold}}   # no LLM has this label",
    Severity.NOTE,
)
UNKNOWN_FIELD = Code(
    "OD809",
    "Unknown field in an expression",
    "The expression reads a field that none of the kinds it looks at has. `has(…)` of such a field is always false, so "
    "the rule would always or never hold, whatever people write.\n\n"
    "Correct the name. Fields are spelled as in YAML; `opsdecl explain LLM.spec` lists them.",
    "expression: has(spec.replica)   # spec.replicas",
)
TOO_COSTLY = Code(
    "OD810",
    "Expression costs too much",
    "Expressions run while people wait, so what they may cost is bounded. Macros inside macros multiply, and patterns "
    "with large repetition counts take long to prepare.\n\n"
    "Nest fewer macros, shorten the pattern, or split the rule.",
    "expression: \"spec.model.matches('(((a{900}){900}){900})')\"",
)
UNKNOWN_FUNCTION = Code(
    "OD811",
    "Unknown function in an expression",
    "Expressions have the functions and macros of CEL, and some that Kubernetes adds: `quantity`, `isQuantity`, "
    "`compareTo`, `isGreaterThan`, `isLessThan`, `lowerAscii`, `upperAscii`, `trim` and `split`.\n\n"
    "Use one of these.",
    "expression: metadata.name.beginsWith('x')   # startsWith",
)
CODES: tuple[Code, ...] = (
    DENIED,
    WARNED,
    NO_EXPRESSION,
    UNKNOWN_NAME,
    NO_VERDICT,
    NOT_EVALUATED,
    UNKNOWN_KIND,
    IDLE,
    UNKNOWN_FIELD,
    TOO_COSTLY,
    UNKNOWN_FUNCTION,
)
