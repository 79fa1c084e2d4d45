"""A small project of two teams, cut into partitions, and edits of it."""

from pathlib import Path

from tests.support.git import commit, repository
from tests.support.project import write_files

ENVIRONMENT = "environments/prod/environment.yaml"
MODELS = "environments/prod/models.yaml"
_HEAD = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {{name: prod, owner: team-platform}}
spec:
  partitionBy: {by}
  namespaces: [{namespace}]
  platform: {{scaling: none}}
  networkPolicy: {{enabled: false}}
  targets:
    {target}
"""
_MODEL = """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {{name: {name}, owner: {owner}}}
spec:
  source: {{uri: "s3://models/{name}/1"}}
  format: mlflow
  runtime: mlserver
  replicas: {{count: 1}}
  resources: {{cpu: "100m", memory: 64Mi}}
"""
_RUNTIME = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: mlserver, owner: team-platform}
spec:
  engine: mlserver
  version: "1.7.1"
  image: example.com/mlserver:1.7.1
  port: 8080
"""


def write_project(folder: Path, target: str, namespace: str = "assist", by: str = "owner", **owners: str) -> Path:
    """A git repository; `owners` maps models to their teams."""
    models = "---\n".join(_MODEL.format(name=name, owner=owner) for name, owner in owners.items())
    files = {
        "environments/project.yaml": "apiVersion: opsdecl.dev/v1\nkind: Project\nmetadata: {name: acme}\n",
        ENVIRONMENT: _HEAD.format(by=by, namespace=namespace, target=target),
        MODELS: models,
        "environments/prod/runtime.yaml": _RUNTIME,
    }
    return repository(write_files(folder, files))


def edit(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text()
    assert old in text, text
    (project / file).write_text(text.replace(old, new))
    commit(project, f"{old} -> {new}"[:60])
