"""Codes that a literate case cannot show: why, and the test that does."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`test` is `path::function`, from the root of the repository."""

    reason: str
    test: str


_BYTES = "a Markdown file holds text that can be read"
_FILES = "a Markdown file holds plain files only"
_SIZE = "it takes a file of a size that nobody wants to read"

COVERED_ELSEWHERE: Mapping[str, Elsewhere] = {
    "OD101": Elsewhere(_FILES, "tests/unit/spec_load/test_work_tree.py::test_a_file_that_cannot_be_read_is_reported"),
    "OD102": Elsewhere(_FILES, "tests/unit/spec_load/test_work_tree.py::test_links_are_reported_and_not_followed"),
    "OD103": Elsewhere(_FILES, "tests/unit/spec_load/test_work_tree.py::test_a_pipe_is_reported_and_never_opened"),
    "OD104": Elsewhere(_FILES, "tests/unit/spec_load/test_work_tree.py::test_a_name_that_cannot_be_shown_is_escaped"),
    "OD105": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_a_file_that_is_too_large_is_not_parsed"),
    "OD106": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_a_project_that_is_too_large_is_refused"),
    "OD107": Elsewhere(_BYTES, "tests/unit/spec_load/test_decode.py::test_other_encodings_are_named"),
    "OD108": Elsewhere(_BYTES, "tests/unit/spec_load/test_decode.py::test_invisible_characters_are_named"),
    "OD123": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_deep_nesting_is_refused"),
    "OD124": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_aliases_of_aliases_are_refused"),
    "OD125": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_a_very_long_value_is_refused"),
    "OD126": Elsewhere(_SIZE, "tests/unit/spec_load/test_hostile.py::test_too_many_documents_are_refused"),
    "OD139": Elsewhere("the lock lies outside of `environments/`", "tests/unit/spec_load/test_load.py::test_lock"),
    "OD401": Elsewhere(
        "no two fields name objects alike today",
        "tests/unit/render/test_manifests.py::test_two_resources_with_one_key_are_an_error_that_names_both",
    ),
    "OD412": Elsewhere(
        "plain Kubernetes needs no kind without a schema",
        "tests/unit/render/test_schemas.py::test_a_kind_without_schema_is_noted_once",
    ),
}
