"""What an evaluation measures, as its Job reaches it: files at /mnt/models, or an address that is asked."""

from typing import Any

from msgspec import Struct

from opsdecl.addr import MAIN, Address, SpecAddress, run_role
from opsdecl.compile.lower.names import base_name, shorten
from opsdecl.compile.lower.native.guard import RUNS, model_folder, waiting
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.security import container_security
from opsdecl.compile.lower.native.storage import MODEL_PATH, source_parts
from opsdecl.compile.lower.native.training import key_of_training, output_claim
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.rollout import nodes_of
from opsdecl.compile.types import CompiledDocument, Traced
from opsdecl.diag import Checked, Diagnostic, SpecPath
from opsdecl.diag.codes import evaluation as codes
from opsdecl.spec.kinds.evaluation import Candidate

_WAITING = "/waiting/training"


class Measured(Struct, frozen=True):
    """A candidate. `identity` is equal where its answers are; `address` is where it is asked, `served` as what;
    `output` where a training leaves its model; `files` what its files add to a pod; `key` is that of the run that makes
    them, in `pods`."""

    label: str
    document: CompiledDocument
    identity: str
    adapter: str = ""
    digest: str = ""
    address: str = ""
    served: str = ""
    output: str = ""
    files: PodParts = PodParts()
    key: str = ""
    pods: int = 1
    after: tuple[Address, ...] = ()

    def parts(self, image: Any) -> PodParts:
        """With a wait for a training that is not done."""
        if not self.key:
            return self.files
        wait = {
            "name": "wait-training",
            "image": image,
            "command": waiting(f"{_WAITING}/{RUNS}/{self.key}", self.pods),
            "volumeMounts": [{"name": "model", "mountPath": _WAITING, "readOnly": True}],
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": container_security(read_only_root=True),
        }
        return PodParts(self.files.volumes, self.files.mounts, self.files.env, (wait,), self.files.depends_on)


def measured(subject: Subject, candidate: Candidate, index: int) -> Checked[Measured]:
    """None where what is named did not compile, or has no files of its own."""
    kind, name = candidate.named[0]
    root = next((r for r, d in subject.measured.items() if d.address == (kind, name)), None)
    if root is None:
        return Checked(None)
    document = subject.measured[root]
    if kind == "LLM":
        return _asked(subject, candidate, index, document, root)
    return (
        Checked(_trained(candidate, document, root))
        if kind == "Training"
        else _files(subject, candidate, index, document, root)
    )


def _identity(subject: Subject, root: str) -> str:
    found: str = subject.document.effective[root]["answers"]
    return found


def _files(
    subject: Subject, candidate: Candidate, index: int, document: CompiledDocument, root: str
) -> Checked[Measured]:
    source = document.model.spec.source
    if source is None:
        finding = Diagnostic(
            codes.NOT_MEASURABLE,
            f"{document.address} has no `source`: its files are in the image of its server, which a run cannot read",
            at=subject.place(("spec", "candidates", index)),
            hint="put the files to where a `source` can name them, or measure another candidate",
            subject=str(subject.document.address),
        )
        return Checked(None, (finding,))
    identity = _identity(subject, root)
    if source.training is not None:
        made = document.effective["training"]
        training = SpecAddress("Training", made["name"])
        run = _Run(training, made["run"], made["claim"], made["pods"], (root, "source"))
        return Checked(_from_run(candidate, document, identity, run))
    parts = source_parts(subject, source, (root, "source"))
    return Checked(
        Measured(candidate.label, document, identity, digest=source.digest or "", files=parts, output=source.uri or "")
    )


def _asked(
    subject: Subject, candidate: Candidate, index: int, document: CompiledDocument, root: str
) -> Checked[Measured]:
    spec, metadata = document.model.spec, document.model.metadata
    if candidate.adapter is not None and candidate.adapter not in spec.adapters:
        loaded = ", ".join(spec.adapters) or "none"
        finding = Diagnostic(
            codes.ADAPTER_NOT_ASKED,
            f"{document.address} does not load the adapter `{candidate.adapter}`",
            at=subject.place(("spec", "candidates", index, "adapter")),
            hint=f"it loads: {loaded}",
            subject=str(subject.document.address),
        )
        return Checked(None, (finding,))
    base = shorten(base_name(metadata))
    served = candidate.adapter or next(iter(spec.served_names), metadata.name)
    return Checked(
        Measured(
            candidate.label,
            document,
            _identity(subject, root),
            adapter=candidate.adapter or "",
            address=f"http://{base}.{subject.namespace}/v1",
            served=served,
            after=(Address(document.address, MAIN, "deployment"),) if _has_deployment(subject, document) else (),
        )
    )


def _has_deployment(subject: Subject, document: CompiledDocument) -> bool:
    """Other platforms make its pods by objects of their own."""
    return (
        subject.environment.platform.serving == "native" and nodes_of(document.effective["spec"].get("accelerator")) < 2
    )


def _trained(candidate: Candidate, document: CompiledDocument, root: str) -> Measured:
    """The model that comes out of a run of exactly this training."""
    spec, key = document.model.spec, key_of_training(document)
    claim = output_claim(shorten(base_name(document.model.metadata)), spec.output)
    return _from_run(candidate, document, key, _Run(document.address, key, claim, spec.nodes, (root, "output")))


class _Run(Struct, frozen=True):
    """A run of a training, and the volume that it writes to. `path`: where that is said."""

    training: SpecAddress
    key: str
    claim: str
    pods: int
    path: SpecPath


def _from_run(candidate: Candidate, document: CompiledDocument, identity: str, run: _Run) -> Measured:
    volume = {"name": "model", "persistentVolumeClaim": {"claimName": Traced(run.claim, run.path), "readOnly": True}}
    mount = {"name": "model", "mountPath": MODEL_PATH, "subPath": model_folder(run.key), "readOnly": True}
    return Measured(
        candidate.label,
        document,
        identity,
        output=f"pvc://{run.claim}/{model_folder(run.key)}",
        files=PodParts(volumes=(volume,), mounts=(mount,)),
        key=run.key,
        pods=run.pods,
        after=(Address(run.training, MAIN, run_role(run.key)),),
    )
