"""What a protected environment demands of models and images, and what the catalogue knows against a document."""

import re
from collections.abc import Iterator, Mapping

from opsdecl.catalog.types import ModelFacts
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Related, Severity, SpecPath
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.codes import knowledge
from opsdecl.spec.kinds.run import RUN_KINDS
from opsdecl.spec.types import Json

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def unpinned_models(scene: Scene) -> Iterator[Diagnostic]:
    """Weights that may change behind their name. An entry of the catalogue without a recorded commit is a warning:
    the document is not at fault."""
    if not scene.settings["protected"]:
        return
    for document in scene.served():
        spec = document.effective["spec"]
        facts = document.effective.get("model")
        if facts is not None and _source_type(spec) == "hub" and not _COMMIT.fullmatch(facts.get("revision", "")):
            yield _unpinned(scene, document, facts)
        yield from _unpinned_adapters(scene, document)
        source = spec.get("source") if document.address.kind not in RUN_KINDS else None
        if isinstance(source, Mapping) and "digest" not in source and "training" not in source:
            message = f"nothing says which bytes `{source['uri']}` must have"
            yield _finding(scene, document, ("spec", "source"), message, "add `digest: sha256:…` beside the uri")


def _unpinned_adapters(scene: Scene, document: CompiledDocument) -> Iterator[Diagnostic]:
    """Of the adapters that the document loads."""
    for address in document.references.values():
        adapter = scene.documents.get(address) if address.kind == "Adapter" else None
        source = adapter.effective["spec"]["source"] if adapter is not None else {}
        if adapter is not None and source["type"] == "hub" and not _COMMIT.fullmatch(source.get("revision", "")):
            message = f"`{source['uri']}` has no commit, and {document.address} loads it"
            path: SpecPath = ("spec", "source", "revision" if "revision" in source else "uri")
            yield _finding(scene, adapter, path, message, "add `revision`, 40 hexadecimal digits")


def _source_type(spec: Mapping[str, Json]) -> str:
    found: str = spec.get("weights", {}).get("source", {}).get("type", "")
    return found


def _unpinned(scene: Scene, document: CompiledDocument, facts: Mapping[str, Json]) -> Diagnostic:
    model, revision = document.effective["spec"]["model"], facts.get("revision", "")
    if isinstance(model, str):
        message = f"the catalogue records no revision of `{model}`"
        hint = f'pin it: `model: {{uri: "{facts["uri"]}", revision: <commit>}}`, or in catalog/models.yaml'
        return _finding(scene, document, ("spec", "model"), message, hint, Severity.WARNING)
    message = f"`{revision}` may move: it is no commit" if revision else f"`{facts['uri']}` has no revision"
    path: SpecPath = ("spec", "model", "revision") if revision else ("spec", "model")
    return _finding(scene, document, path, message, "write the commit, 40 hexadecimal digits")


def _finding(
    scene: Scene,
    document: CompiledDocument,
    path: SpecPath,
    message: str,
    hint: str,
    severity: Severity | None = None,
) -> Diagnostic:
    protected = Related("the environment is protected", scene.in_environment(("spec", "protected")))
    return Diagnostic(
        codes.UNPINNED_MODEL,
        message,
        at=scene.place(document.address, path),
        hint=hint,
        related=(protected,),
        severity_override=severity,
        subject=str(document.address),
    )


def unpinned_images(scene: Scene) -> Iterator[Diagnostic]:
    """Images of documents and of the Runtimes that they use, each once. Tags that always move are refused elsewhere."""
    if not scene.settings["protected"]:
        return
    used = {address for document in scene.served() for address in document.references.values()}
    for document in (*scene.served(), *(scene.documents[a] for a in sorted(used) if a in scene.documents)):
        for path, image in _images(document):
            if "@sha256:" not in image and not _unused(scene, document, path):
                yield Diagnostic(
                    codes.UNPINNED_IMAGE,
                    f"`{image}` has no digest, and its tag can be given to other bytes",
                    at=scene.place(document.address, path),
                    hint=f"write `{image}@sha256:…`",
                    related=(Related("the environment is protected", scene.in_environment(("spec", "protected"))),),
                    subject=str(document.address),
                )


def _unused(scene: Scene, document: CompiledDocument, path: SpecPath) -> bool:
    """An image that nothing runs here needs no digest."""
    tuning = scene.settings["platform"]["tuning"]
    return document.address.kind == "Tuning" and path == ("spec", "image") and tuning == "katib"


def _images(document: CompiledDocument) -> Iterator[tuple[SpecPath, str]]:
    """Of the document itself, and of the programs that prepare and check its data, or measure it."""
    spec = document.effective["spec"]
    if isinstance(spec.get("image"), str):
        yield ("spec", "image"), spec["image"]
    explainer = (spec.get("explain") or {}).get("explainer")
    if explainer:
        yield ("spec", "explain", "explainer", "image"), explainer["image"]
    if "transformer" in spec:
        yield ("spec", "transformer", "image"), spec["transformer"]["image"]
    if "guardrails" in spec:
        yield ("spec", "guardrails", "image"), spec["guardrails"]["image"]
    for index, step in enumerate(spec.get("prepare") or ()):
        yield ("spec", "prepare", index, "image"), step["image"]
    for index, measure in enumerate(spec.get("measures") or ()):
        yield ("spec", "measures", index, "image"), measure["image"]
    if isinstance(spec.get("checks"), Mapping) and "image" in spec["checks"]:
        yield ("spec", "checks", "image"), spec["checks"]["image"]


def licenses_that_differ(scene: Scene) -> Iterator[Diagnostic]:
    """The licence in the card against the catalogue's."""
    for document, facts in _from_catalog(scene):
        license_ = document.effective["spec"].get("card", {}).get("license")
        known = facts.license.lower() not in ("", "unknown")
        if known and license_ is not None and license_.lower() != facts.license.lower():
            yield Diagnostic(
                knowledge.LICENSE_DIFFERS,
                f"the card says `{license_}`, and the catalogue knows `{facts.license}` for {facts.name}",
                at=scene.place(document.address, ("spec", "card", "license")),
                hint=f"write `license: {facts.license}`, or override the entry in catalog/models.yaml",
                related=(Related("the model", scene.place(document.address, ("spec", "model"))),),
                subject=str(document.address),
            )


def gated_without_token(scene: Scene) -> Iterator[Diagnostic]:
    """A gated model that would be downloaded by nobody in particular."""
    for document, facts in _from_catalog(scene):
        spec = document.effective["spec"]
        source = spec.get("weights", {}).get("source", {})
        asks_hub = source.get("type") == "hub" and not spec["weights"].get("offline") and "endpoint" not in source
        if facts.gated and asks_hub and "token" not in source and not _token_in_environment(document.effective):
            yield Diagnostic(
                knowledge.GATED_WITHOUT_TOKEN,
                f"`{facts.name}` is only downloaded with an accepted licence, and no token is named",
                at=scene.place(document.address, ("spec", "model")),
                hint="add `weights: {source: {type: hub, token: {secret: …, key: token}}}`",
                subject=str(document.address),
            )


def _token_in_environment(effective: Mapping[str, Json]) -> bool:
    variables = (effective["spec"].get("engine", {}).get("env", {}), effective.get("runtime", {}).get("env", {}))
    return any(name in each for each in variables for name in _TOKENS)


def _from_catalog(scene: Scene) -> Iterator[tuple[CompiledDocument, ModelFacts]]:
    """Documents whose weights the catalogue knows: by the name of the entry, or written out with the same address."""
    by_address = {facts.uri: facts for facts in scene.catalog.models.values()}
    for document in scene.served():
        model = document.effective["spec"].get("model")
        facts = by_address.get(str(model.get("uri"))) if isinstance(model, Mapping) else scene.catalog.models.get(model)
        if facts is not None:
            yield document, facts
