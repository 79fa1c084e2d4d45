"""Status of a release: documents that do not work come first, each with its reason."""

from opsdecl.apply.types import ObjectStatus, Readiness, Revision, Status
from opsdecl.view.status import is_ready, render_status

REVISION = Revision("4be1c22aa7d0", "2026-11-02T09:12:00+00:00", "ci <ci@acme.test>", "8d11e02f", "", "", "", "apply")


def row(address: str, thing: str, readiness: Readiness) -> ObjectStatus:
    return ObjectStatus(address, thing, readiness)


STATUS = Status(
    REVISION,
    (
        row("LLM.chat/main/deployment", "Deployment assist/chat", Readiness("Current", "", 2, 2)),
        row("LLM.chat/main/service", "Service assist/chat", Readiness("Current")),
        row(
            "LLM.summarise/main/deployment", "Deployment docs/summarise", Readiness("InProgress", "1 of 3 ready", 1, 3)
        ),
        row(
            "LLM.vision/main/deployment",
            "Deployment docs/vision",
            Readiness("Failed", "Unschedulable: no node with 2 free GPUs", 0, 1),
        ),
        row("LLM.vision/main/service", "Service docs/vision", Readiness("Current")),
    ),
)


def test_documents_with_their_pods_and_reasons_the_worst_first() -> None:
    assert render_status("prod", "main", STATUS).splitlines() == [
        "prod · main · 5 objects · revision 4be1c22aa7 applied 2026-11-02 09:12 by ci (8d11e02)",
        "  ✗ LLM vision     0/1  Deployment docs/vision: Unschedulable: no node with 2 free GPUs",
        "  ◐ LLM summarise  1/3  Deployment docs/summarise: 1 of 3 ready",
        "  ● LLM chat       2/2  ready",
    ]
    assert not is_ready(STATUS)


def test_nothing_was_applied_and_somebody_is_at_it() -> None:
    shown = render_status("prod", "main", Status(None, (), "ada on ci-7, process 12"))
    assert shown == "prod · main · 0 objects\n  held by ada on ci-7, process 12\n"
    assert is_ready(Status(None, ()))
