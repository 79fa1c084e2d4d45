"""What answered when, told from the revisions that a cluster keeps."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsdecl.diag import Checked
from opsdecl.diff.types import SourceRef
from opsdecl.flows.plan import Wanted, open_built, plan_live
from opsdecl.flows.trace import parse_period, trace
from opsdecl.spec.source import WorkTree
from opsdecl.transparency.types import Trace
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import assist
from tests.support.literate import MINIMAL_PROJECT
from tests.support.past import apply_at
from tests.support.project import write_files

__all__ = ["assist"]
NOW = datetime(2026, 12, 1, tzinfo=UTC)
CHAT = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: phi-4
  runtime: vllm
  sampling: {temperature: 0.2}
  card: {license: mit}
"""


@pytest.mark.slow
def test_what_answered_is_told_from_kept_revisions(
    cluster: ControlPlane, assist: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    target = f"main: {{type: cluster, context: {cluster.context}, namespace: {assist}, revisions: 3, waitAtMost: 1s}}"
    environment = MINIMAL_PROJECT["environments/dev/environment.yaml"].replace(
        'main: {type: git, remote: ".", branch: rendered/dev}', target
    )
    files = {**MINIMAL_PROJECT, "environments/dev/environment.yaml": environment, "environments/dev/chat.yaml": CHAT}
    root = write_files(tmp_path, files)
    chat = root / "environments/dev/chat.yaml"

    def asked(at: str) -> Checked[Trace]:
        opened = open_built(WorkTree(root), Wanted("dev"))
        assert opened.built is not None, opened.diagnostics
        return trace(opened.built, root, Wanted("dev"), "LLM.chat", parse_period(at), NOW)

    def temperature(at: str) -> float:
        found = asked(at)
        assert found.value is not None, found.diagnostics
        (answer,) = found.value.answers
        assert answer.composition is not None
        return float(answer.composition.sampling["temperature"])

    apply_at(root, "dev", "Ana Lopez <ana@acme.example>", "2026-10-01T10:00:00+00:00")
    assert "nothing was applied to main before 2026-10-01 10:00 UTC" in asked("2026-09-01").diagnostics[0].message
    chat.write_text(CHAT.replace("0.2", "0.7"))
    apply_at(root, "dev", "Ben Okoro <ben@acme.example>", "2026-11-01T10:00:00+00:00", "behaviour: Dora Weiss")
    assert temperature("2026-10-15") == 0.2
    assert temperature("2026-11-01T11:00+01:00") == 0.7
    later = asked("2026-11-15").value
    assert later is not None
    assert later.answers[0].brought_by.approvals == ("behaviour: Dora Weiss",)

    # A change that only the card knows of makes a revision too, and then nothing is left to do.
    chat.write_text(chat.read_text().replace("license: mit", "license: apache-2.0"))
    apply_at(root, "dev", "Cleo Tan <cleo@acme.example>", "2026-11-20T10:00:00+00:00")
    again = plan_live(WorkTree(root), root, Wanted("dev"), SourceRef())
    assert again.plan is not None
    assert again.plan.transparency == ()
    chat.write_text(chat.read_text().replace("0.7", "0.9"))
    apply_at(root, "dev", "Cleo Tan <cleo@acme.example>", "2026-11-25T10:00:00+00:00")
    gone = asked("2026-10-15")
    assert [d.code.id for d in gone.diagnostics] == ["OD852"]
    assert "main remembers 3 revisions, the oldest of 2026-11-01 10:00 UTC" in gone.diagnostics[0].message
