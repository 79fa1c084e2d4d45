"""A chat template as a ConfigMap whose name follows its content, so that pods restart when it changes."""

from collections.abc import Iterator

from opsdecl.addr import Address
from opsdecl.compile.lower.names import object_name, text_hash
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import render as codes
from opsdecl.spec.kinds.engine import ChatTemplate

ROLE = "chat-template"
FOLDER = "/etc/opsdecl/chat-template"
FILE = "chat.jinja"
PATH = f"{FOLDER}/{FILE}"


def template_text(subject: Subject, template: ChatTemplate | None) -> Traced | None:
    """The text written in the document, or the content of its file as the compiler resolved it."""
    if template is None:
        return None
    if template.text is not None:
        return Traced(template.text, ("spec", "chatTemplate", "text"))
    content = subject.document.effective.get("chatTemplate")
    origin: SpecPath = ("spec", "chatTemplate", "file")
    return Traced(content, origin) if isinstance(content, str) else None


def missing_template(subject: Subject, template: ChatTemplate | None) -> Iterator[Diagnostic]:
    if template is not None and template.file and template_text(subject, template) is None:
        yield Diagnostic(
            codes.TEMPLATE_MISSING,
            f"`{template.file}` is no text file of this project",
            at=subject.place(("spec", "chatTemplate", "file")),
            hint="write the path from the root of the project, below environments/",
            subject=str(subject.document.address),
        )


def template_map(subject: Subject, text: Traced | None) -> Resource | None:
    if text is None:
        return None
    inputs = {"immutable": True, "data": {FILE: text}}
    return make_resource(subject, ROLE, "v1", "ConfigMap", inputs, name=_name(subject, text))


def template_parts(subject: Subject, text: Traced | None) -> PodParts:
    if text is None:
        return PodParts()
    after: tuple[Address, ...] = (subject.shared(ROLE),)
    volume = {"name": ROLE, "configMap": {"name": Traced(_name(subject, text), text.path)}}
    mount = {"name": ROLE, "mountPath": FOLDER, "readOnly": True}
    return PodParts(volumes=(volume,), mounts=(mount,), depends_on=after)


def _name(subject: Subject, text: Traced) -> str:
    return object_name(subject.base, f"{ROLE}-{text_hash(text.value)}")
