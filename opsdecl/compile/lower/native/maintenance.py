"""Maintenance on plain Kubernetes: a CronJob that clones the repository and proposes a commit."""

from typing import Any

from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.security import container_security, pod_security
from opsdecl.compile.lower.native.variables import env_list, from_secret, literal
from opsdecl.compile.lower.native.volumes import HOME, scratch
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked
from opsdecl.spec.kinds.maintenance import MaintenanceSpec
from opsdecl.spec.kinds.variables import SecretReference

CRON_NAME = 52
"""Longest name of a CronJob: its Jobs get the minute of their start."""
CONTAINER = "propose"
_LIMIT_S = 1800
SCRIPT = """\
set -eu
cd "$HOME"
git clone --quiet --branch "$1" -- "$2" repository
cd repository
shift 2
exec opsdecl propose "$@"
"""
"""The whole history: when a training last changed is read from it."""
_HELPER = '!f() { echo "username=$REPOSITORY_USERNAME"; echo "password=$REPOSITORY_PASSWORD"; }; f'


def lower_maintenance(subject: Subject) -> Checked[tuple[Resource, ...]]:
    spec: MaintenanceSpec = subject.document.model.spec
    job = {
        "backoffLimit": 1,
        "activeDeadlineSeconds": _LIMIT_S,
        "ttlSecondsAfterFinished": 7 * 86400,
        "template": {"metadata": {"labels": subject.pod_labels}, "spec": _pod(subject, spec)},
    }
    cron = {
        "schedule": traced(spec.schedule, "spec", "schedule"),
        "timeZone": "Etc/UTC",
        # Two at a time would propose the same.
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"spec": job},
    }
    name = object_name(subject.base, limit=CRON_NAME)
    return Checked((make_resource(subject, "cronjob", "batch/v1", "CronJob", {"spec": cron}, name=name),))


def _pod(subject: Subject, spec: MaintenanceSpec) -> dict[str, Any]:
    parts = scratch()
    repository = spec.repository
    container = {
        "name": CONTAINER,
        "image": traced(subject.image(spec.image), "spec", "image"),
        "command": ["/bin/sh", "-c", SCRIPT, CONTAINER],
        "args": [
            traced(repository.branch, "spec", "repository", "branch"),
            traced(repository.url, "spec", "repository", "url"),
            *_asked(subject, spec),
        ],
        "env": env_list({**parts.env, **_login(spec)}),
        "volumeMounts": list(parts.mounts),
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": container_security(read_only_root=True),
    }
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(own_user=False),
        "containers": [container],
        "volumes": list(parts.volumes),
    }


def _asked(subject: Subject, spec: MaintenanceSpec) -> list[Any]:
    options = [Traced(text, ("spec", "repository", "pushOptions")) for text in spec.repository.push_options]
    return [
        str(subject.document.address),
        "--env",
        subject.environment_name,
        "--push",
        "origin",
        *(part for option in options for part in ("--push-option", option)),
    ]


def _login(spec: MaintenanceSpec) -> dict[str, Any]:
    """Who commits, and how git logs in; the password is in no argument and in no file."""
    variables: dict[str, Any] = {
        "GIT_CONFIG_COUNT": literal("3"),
        "GIT_CONFIG_KEY_0": literal("user.name"),
        "GIT_CONFIG_VALUE_0": literal("opsdecl maintenance"),
        "GIT_CONFIG_KEY_1": literal("user.email"),
        "GIT_CONFIG_VALUE_1": literal("opsdecl@localhost"),
        "GIT_CONFIG_KEY_2": literal("credential.helper"),
        "GIT_CONFIG_VALUE_2": literal(_HELPER if spec.repository.credentials else ""),
        "XDG_CONFIG_HOME": literal(f"{HOME}/.config"),
    }
    secret = spec.repository.credentials
    for name in ("username", "password") if secret is not None else ():
        assert secret is not None
        reference = SecretReference(secret=secret.secret, key=name)
        origin = ("spec", "repository", "credentials")
        variables[f"REPOSITORY_{name.upper()}"] = Traced(from_secret(reference), origin)
    return variables
