"""A policy -> what is wrong with it, whether or not it looks at anything."""

from collections.abc import Callable, Iterator

from opsdecl.cel import cost, functions
from opsdecl.cel.engine import compile_expression
from opsdecl.cel.reads import Usage
from opsdecl.cel.syntax import Call, Collection, ExpressionError, Literal, Node
from opsdecl.diag import Code, Diagnostic
from opsdecl.diag.codes import policy as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.policy.fields import unknown_fields
from opsdecl.policy.findings import at_policy, at_rule
from opsdecl.policy.message import placeholders
from opsdecl.policy.select import NEVER_JUDGED
from opsdecl.policy.types import MESSAGE_VARIABLES, Placing, Policy, Rule

_SNIPPET = 24
_NUMBER_OR_TEXT = frozenset({"+", "-", "*", "/", "%", "-_", "size", "map", "filter", "quantity", "split"})
_NOT_A_VERDICT = (_NUMBER_OR_TEXT | functions.CONVERSIONS | functions.TIMES) - {"dyn"}


def check_policy(policy: Policy, place: Placing) -> Iterator[Diagnostic]:
    yield from _check_kinds(policy, place)
    for rule in policy.rules:
        yield from _check_rule(policy, rule, place)


def usable_rules(policy: Policy) -> tuple[Rule, ...]:
    """Rules whose expression is sound enough to be evaluated."""
    return tuple(rule for rule in policy.rules if not any(_expression_errors(policy, rule.expression, verdict=True)))


def _check_kinds(policy: Policy, place: Placing) -> Iterator[Diagnostic]:
    from opsdecl.spec.kinds import KINDS

    subject = str(policy.address)
    for index, kind in enumerate(policy.match.kinds):
        at = at_policy(policy.address, ("spec", "match", "kinds", index), place)
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS) or f"use one of: {', '.join(sorted(set(KINDS) - NEVER_JUDGED))}"
            message = f"`{kind}` is no kind of document"
            yield Diagnostic(codes.UNKNOWN_KIND, message, at, hint=_object_hint(kind, hint), subject=subject)
        elif kind in NEVER_JUDGED:
            message = f"rules never look at documents of kind {kind}"
            yield Diagnostic(codes.UNKNOWN_KIND, message, at, hint="remove it from `match.kinds`", subject=subject)


def _object_hint(kind: str, hint: str) -> str:
    workloads = {"Deployment", "StatefulSet", "LeaderWorkerSet", "Job", "CronJob"}
    known = workloads | {"Service", "ConfigMap", "ServiceAccount", "NetworkPolicy"}
    return f"rendered objects are chosen with `match.objects: [{kind}]`" if kind in known else hint


def _check_rule(policy: Policy, rule: Rule, place: Placing) -> Iterator[Diagnostic]:
    report = _reporter(policy, rule, place)
    yield from report("expression", _expression_errors(policy, rule.expression, verdict=True))
    if rule.message_expression:
        yield from report("messageExpression", _expression_errors(policy, rule.message_expression, verdict=False))
    for expression, _ in placeholders(rule.message):
        yield from report("message", _expression_errors(policy, expression, verdict=False))


_Problem = tuple[Code, str, str]
"""Code, message, hint."""


def _reporter(policy: Policy, rule: Rule, place: Placing) -> Callable[[str, Iterator[_Problem]], Iterator[Diagnostic]]:
    def report(field: str, problems: Iterator[_Problem]) -> Iterator[Diagnostic]:
        for code, message, hint in problems:
            at = at_rule(rule, field, place)
            about = f"`{field}` of rule `{rule}`: {message}"
            yield Diagnostic(code, about, at, hint=hint, subject=str(policy.address))

    return report


def _expression_errors(policy: Policy, text: str, *, verdict: bool) -> Iterator[_Problem]:
    """Nothing where the expression can be evaluated. `verdict`: it must give true or false."""
    try:
        program = compile_expression(text)
    except ExpressionError as error:
        message = f"{error.message}, {_at(text, error.offset)}"
        yield codes.NO_EXPRESSION, message, error.hint
        return
    node, used = program.node, program.usage
    names = policy.variables | (frozenset() if verdict else MESSAGE_VARIABLES)
    yield from _unknown_names(text, used, names, policy)
    yield from _unknown_functions(text, used)
    if not policy.over_objects:
        yield from unknown_fields(policy.match.kinds, used.reads)
    yield from _too_costly(node)
    if verdict and _is_no_verdict(node):
        yield codes.NO_VERDICT, "it gives something other than true or false", "compare it with something"


def _at(text: str, offset: int) -> str:
    rest = " ".join(text[offset : offset + _SNIPPET].split())
    return f"at character {offset + 1}" + (f", before `{rest}`" if rest else "")


def _unknown_names(text: str, used: Usage, names: frozenset[str], policy: Policy) -> Iterator[_Problem]:
    for name, offset in used.variables.items():
        if name in names or name in functions.TYPE_NAMES:
            continue
        there = ", ".join(sorted(names))
        hint = did_you_mean(name, names) or f"there is: {there}"
        if name == "object" or (policy.over_objects and name in ("metadata", "spec")):
            hint = _other_side(policy, name)
        yield codes.UNKNOWN_NAME, f"`{name}` is no variable, {_at(text, offset)}", hint


def _other_side(policy: Policy, name: str) -> str:
    if policy.over_objects:
        return f"write `object.{name}`: the policy matches rendered objects"
    return "give `match.objects` for rules over rendered objects"


def _unknown_functions(text: str, used: Usage) -> Iterator[_Problem]:
    for call in used.calls:
        is_name = call.function[0].isalpha() and call.function != "in"
        if is_name and call.function not in functions.KNOWN:
            hint = did_you_mean(call.function, functions.KNOWN)
            yield codes.UNKNOWN_FUNCTION, f"`{call.function}` is no function, {_at(text, call.offset)}", hint


def _too_costly(node: Node) -> Iterator[_Problem]:
    """What would be refused even over collections of one item."""
    if cost.steps(node, 1) > cost.MAX_STEPS:
        message = f"it may take more than {cost.MAX_STEPS:,} steps on any input"
        yield codes.TOO_COSTLY, message, "nest fewer macros, or write a shorter pattern"


def _is_no_verdict(node: Node) -> bool:
    match node:
        case Literal(text):
            return text not in ("true", "false")
        case Collection():
            return True
        case Call(function):
            return function in _NOT_A_VERDICT
        case _:
            return False
