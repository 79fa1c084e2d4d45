"""What a proposal asks of the world, through the targets that can."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from opsdecl.diag import Checked
from opsdecl.flows.moved import World
from opsdecl.targets.alertmanager import raised_alerts
from opsdecl.targets.git.remote import branch_commit
from opsdecl.targets.git.repository import Repository, last_change
from opsdecl.targets.hub.revisions import newest_revision


def world_of(repository: Repository, now: datetime, alerts: Iterable[str]) -> World:
    """`alerts` are those that the caller says are raised."""

    def hub(kind: str, name: str, branch: str) -> Checked[str]:
        asked: Literal["model", "dataset"] = "dataset" if kind == "dataset" else "model"
        return newest_revision(asked, name, branch)

    return World(
        now=now,
        hub=hub,
        branch=branch_commit,
        alerts=raised_alerts,
        changed=lambda files: last_change(repository, files).value,
        given=frozenset(alerts),
    )
