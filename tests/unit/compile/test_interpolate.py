"""Expressions: what they give, and what they refuse."""

from typing import Any

import pytest

from opsdecl.compile.interpolate import interpolate

NAMES = {
    "vars": {"region": "eu-west-1", "count": 3, "share": 0.5, "on": True, "items": "three", "big": "x" * 60_000},
    "environment": {"name": "prod"},
    "project": {"name": "acme"},
    "metadata": {"name": "chat", "labels": {"tier": "gold"}},
}


def give(text: str) -> Any:
    done = interpolate({"a": text}, lambda: NAMES, exempt=lambda path: False)
    assert done.problems == (), text
    return done.value["a"]


def refuse(text: str) -> tuple[str, str]:
    done = interpolate({"a": text}, lambda: NAMES, exempt=lambda path: False)
    assert done.value == {"a": text}
    (problem,) = done.problems
    assert problem.path == ("a",)
    return problem.problem, problem.reason or ".".join(problem.name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${{ vars.region }}", "eu-west-1"),
        ("${{ vars.count }}", 3),
        ("${{ vars.share }}", 0.5),
        ("${{ vars.on }}", True),
        ("gold-${{ vars.region }}-${{ vars.count + 1 }}", "gold-eu-west-1-4"),
        ("is ${{ vars.on }}", "is true"),
        ("${{ vars['region'] | upper }}", "EU-WEST-1"),
        ("${{ vars.items }}", "three"),
        ("${{ 4 if environment.name == 'prod' else 1 }}", 4),
        ("${{ vars.absent | default('none') }}", "none"),
        ("${{ metadata.labels.tier ~ '/' ~ project.name }}", "gold/acme"),
        ("${{ '}}' }}", "}}"),
        ("{% raw %} {{ x }} {# y #} ${{ vars.count }}\n", "{% raw %} {{ x }} {# y #} 3\n"),
        ("$ {{ vars.count }} ${VAR}", "$ {{ vars.count }} ${VAR}"),
    ],
)
def test_gives(text: str, value: Any) -> None:
    given = give(text)
    assert given == value
    assert type(given) is type(value)


@pytest.mark.parametrize(
    ("text", "problem", "reason"),
    [
        ("${{ vars.regoin }}", "unknown-name", "vars.regoin"),
        ("${{ regoin }}", "unknown-name", "regoin"),
        ("${{ self }}", "unknown-name", "self"),
        ("${{ vars.region.upper }}", "unknown-name", "vars.region.upper"),
        ("${{ vars.a.b.c }}", "unknown-name", "vars.a"),
        ("${{ vars }}", "result", "a mapping"),
        ("${{ none }}", "result", "nothing"),
        ("${{ vars.big ~ vars.big }}", "result", "more than 65536 characters"),
        ("${{ 'a' * 1000000000 }}", "result", "works on numbers"),
        ("${{ '%1000000000d' % 1 }}", "result", "works on numbers"),
        ("${{ vars.count / 0 }}", "result", "do not fit together"),
        ("${{ vars.count < 'a' }}", "result", "do not fit together"),
        ("${{ 999999999 * 999999999 }}", "result", "too large"),
        ("${{ ''.__class__.__mro__ }}", "invalid", "cannot be reached"),
        ("${{ vars['__class__'] }}", "unknown-name", "vars.__class__"),
        ("${{ range(3) }}", "invalid", "calls cannot be used"),
        ("${{ [1] }}", "invalid", "lists cannot be used"),
        ("${{ 2 ** 99999 }}", "invalid", "powers cannot be used"),
        ("${{ vars.region | replace('', 'xx') }}", "invalid", "no filter `replace`"),
        ("${{ vars[vars.region] }}", "invalid", "plain text in quotes"),
        ("${{ vars.region", "invalid", "not closed"),
        ("${{ }}", "invalid", ""),
        ("${{ " + "(" * 5_000 + " }}", "invalid", "nested too deeply"),
        ("${{ " + "9" * 5_000 + " }}", "invalid", "too large"),
        ("${{ 1" + " + 1" * 200 + " }}", "invalid", "too long"),
        ("${{ 1 }}" + "x" * 70_000, "invalid", "at most 65536 characters"),
    ],
)
def test_refuses(text: str, problem: str, reason: str) -> None:
    found, said = refuse(text)
    assert found == problem
    assert reason in said


def test_exempt_fields_keep_their_braces() -> None:
    value = {"template": "${{ messages }}", "region": "${{ vars.region }}"}
    done = interpolate(value, lambda: NAMES, exempt=lambda path: path == ("template",))
    assert done.value == {"template": "${{ messages }}", "region": "eu-west-1"}


def test_names_of_fields_are_not_expressions() -> None:
    done = interpolate({"${{ vars.region }}": 1}, lambda: NAMES, exempt=lambda path: False)
    assert [p.reason for p in done.problems] == ["expressions stand for values, not for names of fields"]


def test_values_without_expressions_are_shared_and_used_names_are_told() -> None:
    value = {"a": ["b", {"c": 1}]}
    assert interpolate(value, lambda: NAMES, exempt=lambda path: False).value is value
    done = interpolate({"a": "${{ vars.region ~ vars.absent|default('') }}"}, lambda: NAMES, exempt=lambda path: False)
    assert done.used == (("vars", "region"), ("vars", "absent"))
