"""The runner of literate cases: it fails where found and expected differ, and says how."""

import pytest

from opsdecl.diag import Diagnostic, Span
from opsdecl.spec.load import load_project
from opsdecl.spec.positions import Positions
from opsdecl.spec.types import SourceTree
from tests.support.literate import MINIMAL_PROJECT, Case, check_case, parse_cases

PAGE = """\
# Notes without blocks

# A name

Prose, and a block that is none of the project's:

```console
$ opsdecl validate
```

```yaml
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: A}   # error: [OD134] "the name `A`"
```

## Another file

````yaml environments/dev/other.yaml
# error-file: [OD131] "no `apiVersion`"
kind: "x  # error: [OD112] "double quote"  # error: [OD112] "closed"
````

```jinja environments/dev/x.jinja
{{ a }}
```

```yaml environments/project.yaml absent
```
"""


def loaded(tree: SourceTree) -> tuple[Diagnostic, ...]:
    positions = Positions(tree)
    return tuple(finding.located(positions.locate) for finding in load_project(tree).diagnostics)


def case(text: str) -> Case:
    (found,) = parse_cases("page.md", f"# A case\n\n```yaml\n{text}\n```\n")
    return found


def test_a_page_is_read() -> None:
    first, second = parse_cases("page.md", PAGE)
    assert (first.id, second.id) == ("page-a-name", "page-another-file")
    assert first.files == {
        "environments/dev/case.yaml": "apiVersion: opsdecl.dev/v1\nkind: Runtime\nmetadata: {name: A}\n"
    }
    assert [str(e) for e in first.expected] == ['environments/dev/case.yaml:3: error[OD134] "the name `A`"']
    assert second.files == {
        "environments/dev/other.yaml": '\nkind: "x\n',
        "environments/dev/x.jinja": "{{ a }}\n",
    }
    assert [(e.code, e.line) for e in second.expected] == [("OD131", None), ("OD112", 2), ("OD112", 2)]
    paths = {entry.path for entry in second.tree().entries()}
    assert paths == {*MINIMAL_PROJECT, *second.files} - {"environments/project.yaml"}


@pytest.mark.parametrize("page", ["# A\n```yaml\na: 1\n", "# A\n```yaml\n```\n```yaml\n```\n"])
def test_a_page_that_is_no_case_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match=r"page\.md"):
        parse_cases("page.md", page)


def test_agreement_is_silent() -> None:
    first, _ = parse_cases("page.md", PAGE)
    assert check_case(first, loaded) == ""


@pytest.mark.parametrize(
    ("text", "report"),
    [
        ("a: yes", 'found, not expected:  environments/dev/case.yaml:1:4: error[OD117] "`yes` is'),
        ("- 1  # error: [OD117] \"x\"", 'expected, not found:  environments/dev/case.yaml:1: error[OD117] "x"'),
        ("- yes  # warning: [OD117] \"yes\"", "expected, not found:  environments/dev/case.yaml:1: warning[OD117]"),
        ("- yes  # error: [OD117] \"else\"", "expected, not found:  environments/dev/case.yaml:1: error[OD117]"),
        ("- 1  # error: [OD117] \"yes\"\n- yes", "expected, not found:  environments/dev/case.yaml:1:"),
        ("- yes  # error: [OD117] \"yes\"  # error: [OD117] \"yes\"", "expected, not found:"),
    ],
)  # fmt: skip
def test_each_difference_is_told(text: str, report: str) -> None:
    assert report in check_case(case(text), loaded)


def test_a_finding_without_a_place_meets_an_expectation_for_the_file() -> None:
    def validate(_: SourceTree) -> tuple[Diagnostic, ...]:
        finding = load_project(case("a: yes").tree()).diagnostics[0]
        return (Diagnostic(finding.code, "no place"), Diagnostic(finding.code, "line", Span("x.yaml", 3, 1, 3, 2)))

    page = '# A\n```yaml x.yaml\n# error-file: [OD117] "no place"\n# error-file: [OD117] "line"\n```\n'
    (found,) = parse_cases("page.md", page)
    assert check_case(found, validate) == ""
