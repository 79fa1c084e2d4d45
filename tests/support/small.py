"""What small projects have in common: the Project, a Runtime, a target, and texts that tests put in place of others."""

from collections.abc import Mapping

TARGET = 'main: {type: git, remote: ".", branch: rendered/prod}'
PROJECT_FILE: Mapping[str, str] = {
    "environments/project.yaml": """\
apiVersion: opsdecl.dev/v1
kind: Project
metadata: {name: harbor-ai}
spec: {defaultEnvironment: prod}
"""
}
VLLM = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec: {engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}
"""


def with_texts(files: Mapping[str, str], changed: Mapping[str, str]) -> dict[str, str]:
    """The files, with texts replaced in all that have them; at least one has each."""
    found = dict(files)
    for old, new in changed.items():
        assert any(old in text for text in found.values()), old
        found = {name: text.replace(old, new) for name, text in found.items()}
    return found
