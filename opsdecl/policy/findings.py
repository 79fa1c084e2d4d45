"""Verdicts -> what people read: the rule's words, the value at fault, and where it was set."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from opsdecl.addr import SpecAddress, format_path, parse_path
from opsdecl.diag import Diagnostic, Place, Related, Severity, SpecPath
from opsdecl.diag.codes import policy as codes
from opsdecl.diag.codes.exceptions import EXCEPTED
from opsdecl.policy.message import message_of, shown
from opsdecl.policy.types import Exemption, Placing, Policy, Rule, Subject, Verdict

_NAMED = 3
"""Things that a finding about a broken rule names before it only counts."""


def finding(policy: Policy, rule: Rule, subject: Subject, verdict: Verdict, place: Placing) -> Diagnostic:
    """One thing that breaks one rule, at the value at fault."""
    path = _pointed_at(rule, subject) or verdict.culprit
    value = f": {_described(path, subject)}" if path else ""
    return Diagnostic(
        codes.DENIED if policy.denies else codes.WARNED,
        f"{_sentence(message_of(rule, subject))} ({subject.title}{value})",
        _place(subject, path, place),
        label=f"against policy `{rule}`",
        related=(Related(_about(policy, rule), _rule_place(rule, place)),),
        subject=str(subject.document),
    )


def _about(policy: Policy, rule: Rule) -> str:
    about = f": {_sentence(policy.description)}" if policy.description else ""
    return f"rule `{rule.name}` of policy `{policy.address.name}`{about}"


def _pointed_at(rule: Rule, subject: Subject) -> SpecPath:
    """The rule's own `path`, as a path into the variables. Without a variable in front it means the object's."""
    try:
        path = parse_path(rule.path)
    except ValueError:
        return ()
    return path if not path or path[0] in subject.values else ("object", *path)


def _described(path: SpecPath, subject: Subject) -> str:
    value: Any = subject.values
    shown_path = format_path(path[1:] if path[0] == "object" else path)
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return f"`{shown_path}` is not set"
    return f"`{shown_path}` is {_quantified(value)}"


def _quantified(value: Any) -> str:
    if isinstance(value, dict | list) and len(shown(value)) > 40:
        return f"a {'map' if isinstance(value, dict) else 'list'} of {len(value)}"
    return f'"{shown(value)}"' if isinstance(value, str) and value else shown(value)


def _place(subject: Subject, path: SpecPath, place: Placing) -> Place | None:
    """Where the value was set, else what encloses it, else the document."""
    origin = subject.origin(path) if path else None
    found = place(subject.document, origin) if origin else None
    return found or place(subject.document, ())


def _rule_place(rule: Rule, place: Placing) -> Place | None:
    return place(rule.policy, rule.field("expression")) or place(rule.policy, ())


def _sentence(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")


def unanswered(policy: Policy, rule: Rule, subject: Subject, verdict: Verdict, place: Placing) -> Diagnostic:
    """One rule that gave no answer for one thing, at the thing."""
    return Diagnostic(
        codes.NOT_EVALUATED,
        f"rule `{rule}` cannot be evaluated for {subject.title}: {_why(verdict)}",
        place(subject.document, ()),
        related=(Related(_about(policy, rule), _rule_place(rule, place)),),
        subject=str(subject.document),
    )


def excepted(found: Diagnostic, exemption: Exemption, place: Placing) -> Diagnostic:
    """The same finding as a note that says who excepted it, and until when."""
    said = f"{found.message}, excepted until {exemption.until} by {exemption.owner}: {_sentence(exemption.reason)}"
    return replace(found, code=EXCEPTED, message=said, hint="", related=(*found.related, _granted(exemption, place)))


def ended(found: Diagnostic, exemption: Exemption, place: Placing) -> Diagnostic:
    """The finding that it is again, since its exception is over."""
    return replace(
        found,
        message=f"{found.message}; the exception by {exemption.owner} expired on {exemption.until}",
        hint="keep the rule, or move the day of the exception with a reason that reviewers can read",
        related=(*found.related, _granted(exemption, place)),
    )


def _granted(exemption: Exemption, place: Placing) -> Related:
    at = at_policy(exemption.policy, exemption.field("name"), place)
    return Related(f"exception `{exemption.name}` of policy `{exemption.policy.name}`", at)


class Failures:
    """Rules that could not be evaluated, and for what: one finding for each reason, however many things it touches."""

    def __init__(self) -> None:
        self._found: dict[Rule, dict[Verdict, list[Subject]]] = {}

    def add(self, rule: Rule, verdict: Verdict, subject: Subject) -> None:
        self._found.setdefault(rule, {}).setdefault(verdict, []).append(subject)

    def by_rule(self) -> Iterator[tuple[Rule, tuple[Verdict, list[Subject]]]]:
        for rule, reasons in self._found.items():
            for failed in reasons.items():
                yield rule, failed


def broken_rule(
    policy: Policy, rule: Rule, failed: tuple[Verdict, list[Subject]], environment: str, place: Placing
) -> Diagnostic:
    """A rule that gave no answer for some things. It denies them where its policy denies."""
    verdict, subjects = failed
    outcome = "so it denies" if policy.denies else "so it says nothing"
    return Diagnostic(
        codes.NOT_EVALUATED,
        f"rule `{rule}` cannot be evaluated in {environment} for {_named(subjects)}, {outcome}: {_why(verdict)}",
        _rule_place(rule, place),
        hint=_way_out(verdict),
        related=tuple(_related(subject, verdict, place) for subject in subjects[:_NAMED]),
        severity_override=Severity.ERROR if policy.denies else Severity.WARNING,
        subject=str(policy.address),
    )


def _why(verdict: Verdict) -> str:
    return f"`{verdict.missing}` is missing" if verdict.missing else verdict.failure


def _named(subjects: list[Subject]) -> str:
    names = ", ".join(subject.title for subject in subjects[:_NAMED])
    return names if len(subjects) <= _NAMED else f"{names} and {len(subjects) - _NAMED} more"


def _way_out(verdict: Verdict) -> str:
    if verdict.missing and "[*]" not in verdict.missing and "." in verdict.missing:
        return f"test for it first: `has({verdict.missing}) && …`"
    if verdict.missing:
        return "test for it first with `has(…)`"
    return ""


def _related(subject: Subject, verdict: Verdict, place: Placing) -> Related:
    return Related(f"evaluated for {subject.title}", place(subject.document, ()))


def at_rule(rule: Rule, field: str, place: Placing) -> Place | None:
    """The field of a rule inside its policy."""
    return place(rule.policy, rule.field(field)) or place(rule.policy, ())


def at_policy(address: SpecAddress, path: SpecPath, place: Placing) -> Place | None:
    return place(address, path) or place(address, ())
