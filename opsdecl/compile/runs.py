"""What an environment makes of documents with runs: pins, ends of personal data, and what a branch would repeat."""

import re
from collections.abc import Iterator

from opsdecl.addr import SpecAddress
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related, SpecPath
from opsdecl.diag.codes import admission, preparing
from opsdecl.diag.codes import runs as codes
from opsdecl.spec.kinds.run import KEPT_BY, RUN_KINDS
from opsdecl.spec.types import Json

_COMMIT = re.compile(r"[0-9a-f]{40}")


def runs(scene: Scene) -> tuple[CompiledDocument, ...]:
    """Documents whose work is done in runs."""
    return tuple(document for document in scene.served() if document.address.kind in RUN_KINDS)


def removed_on_branch(scene: Scene) -> Iterator[Diagnostic]:
    branches = [name for name, target in scene.settings["targets"].items() if target["type"] == "git"]
    for document in runs(scene) if branches else ():
        if "removeAfter" in document.effective["spec"]["run"] and not _is_kept(scene, document):
            path: SpecPath = ("spec", "run", "removeAfter")
            yield Diagnostic(
                codes.REMOVED_ON_BRANCH,
                f"whoever syncs the branch of target `{branches[0]}` would start runs of {document.address} again",
                at=scene.place(document.address, path),
                hint="remove the field",
                related=(Related("the target", scene.in_environment(("spec", "targets", branches[0]))),),
                subject=str(document.address),
            )


def _is_kept(scene: Scene, document: CompiledDocument) -> bool:
    """Where what runs it removes nothing, the field does nothing at all, which is told as that."""
    setting, operators = KEPT_BY.get(document.address.kind, ("training", frozenset[str]()))
    return scene.settings["platform"][setting] in operators


def unpinned_data(scene: Scene) -> Iterator[Diagnostic]:
    for document in runs(scene) if scene.settings["protected"] else ():
        source = document.effective["spec"].get("source")
        if document.address.kind == "Dataset" and (why := _unpinned(source)):
            yield Diagnostic(
                codes.UNPINNED_DATA,
                why[0],
                at=scene.place(document.address, ("spec", "source", *why[1])),
                hint=why[2],
                related=(Related("the environment is protected", scene.in_environment(("spec", "protected"))),),
                subject=str(document.address),
            )


def _unpinned(source: Json) -> tuple[str, SpecPath, str] | None:
    """What is wrong, the field, and what to do; None where the bytes are fixed."""
    match source["type"]:
        case "hf" | "git-lfs":
            revision = source.get("revision", "")
            if _COMMIT.fullmatch(revision):
                return None
            said = f"`{revision}` may move: it is no commit" if revision else "no commit of the repository is named"
            return said, ("revision",) if revision else (), "add `revision`, 40 hexadecimal digits"
        case "oci":
            image = source["image"]
            return None if "@sha256:" in image else (f"`{image}` has no digest", ("image",), "add `@sha256:…`")
        case _:
            said = f"nothing says which bytes `{source.get('uri') or source.get('claim')}` must have"
            return None if "digest" in source else (said, (), "add `digest: sha256:…`")


def steps_on_ray(scene: Scene) -> Iterator[Diagnostic]:
    """Steps that ask for Ray where it is not, and RayJobs that nothing removes."""
    platform = scene.settings["platform"]
    here = "kuberay" in (platform["preparation"], platform["training"])
    for document in runs(scene):
        spec = document.effective["spec"]
        steps = [(i, s["name"]) for i, s in enumerate(spec.get("prepare") or ()) if s.get("ray")]
        for index, name in steps if not here else ():
            yield Diagnostic(
                preparing.NO_RAY,
                f"step `{name}` runs on Ray, and environment `{scene.environment.address.name}` has no KubeRay",
                at=scene.place(document.address, ("spec", "prepare", index, "ray")),
                hint="set platform.preparation of the Environment to `kuberay`, or give the step `shards` in its place",
                related=(Related("the environment", scene.in_environment(("spec", "platform"))),),
                subject=str(document.address),
            )
        if steps and here and "removeAfter" in spec["run"]:
            yield Diagnostic(
                preparing.RAY_KEPT,
                f"the RayJob of step `{steps[0][1]}` stays: `removeAfter` removes Jobs alone",
                at=scene.place(document.address, ("spec", "run", "removeAfter")),
                hint="remove it by hand once the data is prepared, or remove the field",
                subject=str(document.address),
            )


def personal_data(scene: Scene) -> Iterator[Diagnostic]:
    for document in runs(scene):
        spec = document.effective["spec"]
        held = spec.get("personalData", "none")
        if held != "none" and "retention" not in spec:
            yield Diagnostic(
                codes.NO_RETENTION,
                f"the data is `{held}`, and nothing says how long it may be kept",
                at=scene.place(document.address, ("spec", "personalData")),
                hint="add `retention: 365d`",
                subject=str(document.address),
            )


def data_elsewhere(scene: Scene) -> Iterator[Diagnostic]:
    for document in runs(scene):
        here = document.effective["metadata"]["namespace"]
        for index, name in enumerate(document.effective["spec"].get("datasets") or ()):
            used = scene.documents.get(SpecAddress("Dataset", name))
            there = used.effective["metadata"]["namespace"] if used is not None else here
            if used is not None and there != here:
                yield Diagnostic(
                    codes.DATA_ELSEWHERE,
                    f"{used.address} lies in namespace `{there}`, and {document.address} runs in `{here}`",
                    at=scene.place(document.address, ("spec", "datasets", index)),
                    hint=f"set metadata.namespace of one of them to that of the other, such as `{there}`",
                    related=(Related("the dataset", scene.place(used.address, ("metadata", "namespace"))),),
                    subject=str(document.address),
                )


def nothing_kept(scene: Scene) -> Iterator[Diagnostic]:
    for document in runs(scene):
        spec = document.effective["spec"]
        if spec.get("spot") and "checkpoints" not in spec:
            yield Diagnostic(
                codes.NOTHING_KEPT,
                f"a node of {document.address} can be taken away, and nothing is kept on the way",
                at=scene.place(document.address, ("spec", "spot")),
                hint="add `checkpoints: {every: 30m}`",
                subject=str(document.address),
            )


def ends_with_a_node(scene: Scene) -> Iterator[Diagnostic]:
    """A JobSet counts a node that is taken away among its retries."""
    for document in runs(scene) if scene.settings["platform"]["training"] == "jobset" else ():
        spec = document.effective["spec"]
        if spec.get("spot") and spec.get("retries") == 0:
            yield Diagnostic(
                admission.ENDS_WITH_A_NODE,
                f"a JobSet counts a lost node as a failure, so the first that is taken away ends {document.address}",
                at=scene.place(document.address, ("spec", "retries")),
                hint="set `retries` to 1 or more, remove `spot`, or set platform.training of the Environment to job",
                related=(Related("nodes can be taken away", scene.place(document.address, ("spec", "spot"))),),
                subject=str(document.address),
            )
