"""Plans as people will see them: several documents, behaviour, removal, drift, data loss, findings, approvals."""

from typing import Any

from opsdecl.diff.types import (
    Action,
    Approval,
    BaseRef,
    Cause,
    ChangeClass,
    DesiredRef,
    DocumentChange,
    Effects,
    FieldChange,
    Finding,
    ObjectChange,
    ObjectRef,
    Origin,
    Plan,
    ReleasePlan,
    SourceRef,
    Step,
)

BASE = BaseRef(ref="origin/main", commit="3f2a91c" + "0" * 33, digest="sha256:" + "b" * 64)
DIGEST = "sha256:" + "d1" * 32
CHAT, RUNTIMES = "environments/prod/chat.yaml", "environments/base/runtimes.yaml"


def field(
    path: str,
    before: Any,
    after: Any,
    where: str = "",
    *classes: ChangeClass,
    reason: str = "",
    absent: tuple[Any, ...] = (),
) -> FieldChange:
    """`where` is `file:line`."""
    file, _, line = where.rpartition(":")
    origin = Origin(file=file, line=int(line), column=3) if where else None
    return FieldChange(
        path=path, before=before, after=after, classes=classes, reason=reason, origin=origin, absent=absent
    )


def change(
    address: str,
    kind: str,
    name: str,
    action: Action = "update",
    *,
    classes: tuple[ChangeClass, ...] = (),
    cause: Cause = "spec",
    fields: tuple[FieldChange, ...] = (),
    reasons: tuple[str, ...] = (),
    namespace: str = "assist",
    by: str = "",
) -> ObjectChange:
    return ObjectChange(
        address=address,
        object=ObjectRef(api_version="apps/v1", kind=kind, namespace=namespace, name=name),
        action=action,
        cause=cause,
        classes=classes,
        reasons=reasons,
        fields=fields,
        digest_before="" if action == "create" else "sha256:" + "1" * 64,
        digest_after="" if action == "delete" else "sha256:" + "2" * 64,
        drifted_by=by,
    )


def plan(
    documents: tuple[DocumentChange, ...] = (),
    changes: tuple[ObjectChange, ...] = (),
    *,
    findings: tuple[Finding, ...] = (),
    approvals: tuple[Approval, ...] = (),
    summary: dict[str, int] | None = None,
    **more: Any,
) -> Plan:
    """A review plan of prod with one release."""
    counted = {"update": 0, "create": 0, "delete": 0, "noop": 41} if summary is None else summary
    release = ReleasePlan(
        id="acme-ml/prod/main",
        target="main",
        desired=DesiredRef(digest="sha256:" + "a" * 64),
        base=BASE,
        summary=counted,
        changes=changes,
        steps=(Step(verb="apply", wave=0, addresses=tuple(c.address for c in changes)),),
    )
    values: dict[str, Any] = {
        "tool_version": "0.1.0",
        "mode": "review",
        "environment": "prod",
        "source": SourceRef(commit="8d11e02" + "0" * 33, ref="HEAD"),
        "base": BASE,
        "releases": (release,),
        "documents": documents,
        "approvals": approvals,
        "summary": counted,
        "findings": findings,
    }
    return Plan(**{**values, **more})


def empty_plan() -> Plan:
    return plan()


def runtime_version(where: str = f"{RUNTIMES}:7") -> FieldChange:
    return field("runtime.version", "0.11.0", "0.15.1", where, "behaviour", reason="another engine answers")


def believable_plan() -> Plan:
    """Two models change through one Runtime and on their own, one goes and loses its cache, one gets an owner."""
    args = "spec.template.spec.containers[vllm].args"
    chat = DocumentChange(
        address="LLM.chat",
        action="update",
        classes=("behaviour", "capacity"),
        fields=(
            field("spec.engine.maxModelLen", 8192, 32768, f"{CHAT}:14", "behaviour", "rolling"),
            runtime_version(),
            field("spec.replicas.max", None, 6, f"{CHAT}:22", "capacity", absent=("before",)),
        ),
        effects=Effects(pods=(2, 6), gpus=(2, 6), gpu="h100-80gb", restart_field="spec.engine.maxModelLen"),
        shared_by={"runtime.version": 6},
        objects=("LLM.chat/main/deployment", "LLM.chat/main/hpa"),
    )
    followers = tuple(
        DocumentChange(
            address=f"LLM.{name}",
            action="update",
            classes=("behaviour",),
            fields=(runtime_version(),),
            effects=Effects(pods=(1, pods), gpus=(1, pods), gpu="l40s", restart_field="runtime.version"),
            shared_by={"runtime.version": 6},
            objects=(f"LLM.{name}/main/deployment",),
        )
        for name, pods in (("embed", 2), ("rank", 3), ("route", 2), ("tag", 1))
    )
    summarise = DocumentChange(
        address="LLM.summarise",
        action="update",
        classes=("behaviour",),
        fields=(runtime_version(),),
        effects=Effects(pods=(3, 3), gpus=(3, 3), gpu="l40s", restart_field="runtime.version"),
        shared_by={"runtime.version": 6},
        objects=("LLM.summarise/main/deployment",),
    )
    gone = DocumentChange(
        address="LLM.vision",
        action="delete",
        classes=("removal", "data-loss"),
        effects=Effects(pods=(1, 1), gpus=(2, 2), gpu="a100-80gb"),
        objects=("LLM.vision/main/deployment", "LLM.vision/main/cache"),
    )
    fraud = DocumentChange(
        address="Model.fraud",
        action="update",
        classes=("metadata",),
        fields=(field("metadata.owner", "team-risk", "team-fraud", "environments/base/fraud.yaml:5", "metadata"),),
        objects=("Model.fraud/main/deployment",),
    )
    deployments = tuple(
        change(
            f"LLM.{name}/main/deployment",
            "Deployment",
            name,
            classes=("behaviour",),
            fields=(field("spec.template.spec.containers[vllm].image", "vllm/vllm-openai:v0.11.0", "…:v0.15.1"),),
        )
        for name in ("chat", "summarise", "embed", "rank", "route", "tag")
    )
    others = (
        change("LLM.chat/main/hpa", "HorizontalPodAutoscaler", "chat", "create", classes=("capacity",)),
        change("LLM.vision/main/deployment", "Deployment", "vision", "delete", classes=("removal",)),
        change(
            "LLM.vision/main/cache",
            "PersistentVolumeClaim",
            "vision-cache",
            "delete",
            classes=("data-loss",),
            reasons=("the volume goes with its claim",),
        ),
        change("Model.fraud/main/deployment", "Deployment", "fraud", classes=("metadata",), namespace="risk"),
        change(
            "LLM.search/main/deployment",
            "Deployment",
            "search",
            cause="drift",
            classes=("rolling",),
            fields=(field(f"{args}[--max-num-seqs]", "512", "256"),),
            by="anna@acme.test in 4be1c22",
        ),
        change(
            "LLM.search/main/pdb", "PodDisruptionBudget", "search", cause="tool", reasons=("opsdecl writes a label",)
        ),
    )
    findings = (
        Finding(
            code="OD712",
            severity="error",
            title="A flag is gone from the engine",
            message="`engine.args.swapSpace` was removed in vLLM 0.12.0",
            file="environments/base/summarise.yaml",
            line=18,
            column=7,
            hint="remove it",
            subject="LLM.summarise",
        ),
        Finding(
            code="OD801",
            severity="warning",
            title="A policy warns",
            message="`gpu-models-have-owner`: `search` has no owner",
            file="environments/base/search.yaml",
            line=3,
            column=3,
            subject="LLM.search",
        ),
    )
    models = ("LLM.chat", "LLM.summarise", *(f.address for f in followers))
    approvals = (
        Approval(change_class="data-loss", group="platform", documents=("LLM.vision",)),
        Approval(change_class="removal", group="ml-leads", documents=("LLM.vision",)),
        Approval(change_class="behaviour", group="ml-leads", documents=models),
    )
    documents = (chat, *followers, summarise, gone, fraud)
    summary = {"update": 8, "create": 1, "delete": 2, "noop": 41}
    return plan(documents, (*deployments, *others), findings=findings, approvals=approvals, summary=summary)


def many_models_plan(number: int) -> Plan:
    """One Runtime changes; `number` models follow, each touched in the same way."""
    documents = tuple(
        DocumentChange(
            address=f"LLM.model-{index:04}",
            action="update",
            classes=("behaviour",),
            fields=(runtime_version(),),
            effects=Effects(pods=(1, 2), gpus=(1, 2), gpu="l40s", restart_field="runtime.version"),
            shared_by={"runtime.version": number},
            objects=(f"LLM.model-{index:04}/main/deployment",),
        )
        for index in range(number)
    )
    changes = tuple(
        change(d.objects[0], "Deployment", d.address.partition(".")[2], classes=("behaviour",)) for d in documents
    )
    return plan(documents, changes, summary={"update": number, "create": 0, "delete": 0, "noop": 0})


def distinct_models_plan(number: int) -> Plan:
    """As many models, each changed in its own way."""
    documents = tuple(
        DocumentChange(
            address=f"LLM.model-{index:04}",
            action="update",
            classes=("rolling",),
            fields=(
                field("spec.engine.maxNumSeqs", index, index + 1, f"environments/prod/m{index}.yaml:9", "rolling"),
            ),
            effects=Effects(pods=(1, 2)),
        )
        for index in range(number)
    )
    return plan(documents, summary={"update": number, "create": 0, "delete": 0, "noop": 0})
