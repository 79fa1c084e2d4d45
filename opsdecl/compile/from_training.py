"""Models and adapters against the Training that makes them: namespace, volume, kind of files, what is said of both."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from opsdecl.compile.rollout import ONE_NODE_AT_A_TIME, nodes_of, replicas_of, way_of
from opsdecl.compile.scene import Scene
from opsdecl.compile.trained import ROOT, SERVING_KINDS
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, Related, SpecPath
from opsdecl.diag.codes import trained as codes
from opsdecl.fleet.strategy import lowest_serving
from opsdecl.fleet.types import Way

FRAMEWORKS: Mapping[str, frozenset[str]] = {
    "sklearn": frozenset({"sklearn"}),
    "xgboost": frozenset({"xgboost"}),
    "pytorch": frozenset({"torch"}),
    "tensorflow": frozenset({"jax"}),
    "lightgbm": frozenset(),
}
"""Frameworks that write a format by themselves; any may write the formats that are not here."""
_WEIGHTS = frozenset({"torch", "jax"})


class _Pair(Struct, frozen=True):
    """A document, the Training that it names, and the path at which it does."""

    scene: Scene
    document: CompiledDocument
    training: CompiledDocument
    path: SpecPath

    def finding(self, code: Code, message: str, hint: str, path: SpecPath = (), there: SpecPath = ()) -> Diagnostic:
        """At the path where the training is named, or at another of the document; `there` is a path of the training."""
        place = self.scene.place
        related = (Related("the training", place(self.training.address, there)),) if there else ()
        return Diagnostic(
            code,
            message,
            at=place(self.document.address, path or self.path),
            hint=hint,
            related=related,
            subject=str(self.document.address),
        )


def from_training(scene: Scene) -> Iterator[Diagnostic]:
    """Each document that names a Training, and each model that loads an adapter from one."""
    for document in scene.documents.values():
        if document.address.kind not in SERVING_KINDS:
            continue
        training = _training(scene, document)
        if training is not None:
            yield from _CHECKS[document.address.kind](_Pair(scene, document, training, _path(document)))
        if document.address.kind == "LLM":
            yield from _adapters(scene, document)


def _training(scene: Scene, document: CompiledDocument) -> CompiledDocument | None:
    named = document.references.get(ROOT)
    return scene.documents.get(named) if named is not None else None


def _path(document: CompiledDocument) -> SpecPath:
    inside = ("weights", "source") if document.address.kind == "LLM" else ("source",)
    return ("spec", *inside, "training")


def _adapters(scene: Scene, model: CompiledDocument) -> Iterator[Diagnostic]:
    for address in model.references.values():
        adapter = scene.documents.get(address) if address.kind == "Adapter" else None
        training = _training(scene, adapter) if adapter is not None else None
        if adapter is not None and training is not None:
            index = model.effective["spec"]["adapters"].index(address.name)
            yield from _mounted(_Pair(scene, model, training, ("spec", "adapters", index)))


def _model(pair: _Pair) -> Iterator[Diagnostic]:
    spec, made = pair.document.effective["spec"], pair.training.effective["spec"]["framework"]
    fitting = FRAMEWORKS.get(spec["format"])
    if fitting is not None and made not in fitting:
        message = f"{pair.training.address} trains with `{made}`, and the server reads the format `{spec['format']}`"
        named = f"name a training with {' or '.join(sorted(fitting))}, or set the `format` that this one makes"
        hint = named if fitting else "name an address: `uri: …`"
        yield pair.finding(codes.MAKES_SOMETHING_ELSE, message, hint, there=("spec", "framework"))
    table = pair.training.effective["spec"].get("table") or {}
    if spec["format"] == "sklearn" and made == "sklearn" and table and not table["joblib"]:
        message = f"the recipe of {pair.training.address} writes `model.skops`, and the server reads joblib files"
        hint = "set `joblib: true` in the `table` of the training, or serve it with an image of your own"
        yield pair.finding(codes.MAKES_SOMETHING_ELSE, message, hint, there=("spec", "table"))
    if _method(pair) != "full":
        yield _an_adapter(pair)
    yield from _mounted(pair)


def _llm(pair: _Pair) -> Iterator[Diagnostic]:
    made = pair.training.effective["spec"]["framework"]
    if made not in _WEIGHTS:
        message = f"{pair.training.address} trains with `{made}`, which makes no language model"
        hint = "name a training with torch or jax"
        yield pair.finding(codes.MAKES_SOMETHING_ELSE, message, hint, there=("spec", "framework"))
    elif _method(pair) != "full":
        yield _an_adapter(pair)
    yield from _same_base(pair, "model")
    yield from _mounted(pair)


def _adapter(pair: _Pair) -> Iterator[Diagnostic]:
    base = pair.training.effective["spec"].get("base") or {}
    if base.get("method", "full") == "full":
        message = f"{pair.training.address} trains all weights, and an adapter is made by `lora` or `qlora`"
        hint = "serve it as an LLM: `weights: {source: {type: training, training: …}}`"
        yield pair.finding(codes.MAKES_SOMETHING_ELSE, message, hint, there=("spec", "base"))
        return
    yield from _same_base(pair, "base")
    said = pair.document.effective["spec"]
    if said["rank"] != base["rank"]:
        message = f"the adapter is said to have rank {said['rank']}, and {pair.training.address} trains {base['rank']}"
        path, there = ("spec", "rank"), ("spec", "base", "rank")
        yield pair.finding(codes.SAID_OTHERWISE, message, f"write `rank: {base['rank']}`", path, there)
    trained, targets = base.get("targets") or (), said.get("targets") or ()
    if targets and set(targets) != set(trained):
        modules = ", ".join(trained) or "all linear ones"
        message = f"the adapter is said to change {', '.join(targets)}, and {pair.training.address} trains {modules}"
        hint = f"write `targets: [{modules}]`" if trained else "remove `targets`"
        yield pair.finding(codes.SAID_OTHERWISE, message, hint, ("spec", "targets"), ("spec", "base", "targets"))


_CHECKS = {"Model": _model, "LLM": _llm, "Adapter": _adapter}


def _method(pair: _Pair) -> str:
    return str((pair.training.effective["spec"].get("base") or {}).get("method", "full"))


def _an_adapter(pair: _Pair) -> Diagnostic:
    message = f"{pair.training.address} trains by `{_method(pair)}`, which makes an adapter and no model of its own"
    hint = "make an Adapter of it, `source: {type: training, training: …}`, that an LLM loads"
    return pair.finding(codes.MAKES_SOMETHING_ELSE, message, hint, there=("spec", "base", "method"))


def _same_base(pair: _Pair, field: str) -> Iterator[Diagnostic]:
    """The model that the document says it belongs to, and the one that training starts from."""
    said, started = _uri(pair.scene, pair.document, ("spec", field)), pair.training.effective.get("model", {})
    if started and said != started.get("uri"):
        named = str(started["uri"])
        message = f"`{said}` is said here, and {pair.training.address} starts from `{named}`"
        yield pair.finding(
            codes.SAID_OTHERWISE, message, f"write `{named}`", ("spec", field), ("spec", "base", "model")
        )


def _uri(scene: Scene, document: CompiledDocument, path: SpecPath) -> str:
    named = document.effective[str(path[0])][path[1]]
    if not isinstance(named, str):
        return str(named["uri"])
    return scene.catalog.models[named].uri if named in scene.catalog.models else named


def _mounted(pair: _Pair) -> Iterator[Diagnostic]:
    """What pods that mount the volume need of it."""
    here, there = (d.effective["metadata"]["namespace"] for d in (pair.document, pair.training))
    if here != there:
        message = f"{pair.training.address} runs in namespace `{there}`, and {pair.document.address} in `{here}`"
        hint = f"set metadata.namespace of one of them to that of the other, such as `{there}`"
        yield pair.finding(codes.TRAINED_ELSEWHERE, message, hint, there=("metadata", "namespace"))
    way = way_of(pair.document.effective["spec"], pair.scene.settings["capacity"]["pools"])
    yield from _shared(pair, way)
    yield from _stops(pair, way)


def _shared(pair: _Pair, way: Way) -> Iterator[Diagnostic]:
    output, spec = pair.training.effective["spec"]["output"], pair.document.effective["spec"]
    mode = output["accessMode"]
    if output.get("claim") or mode not in ONE_NODE_AT_A_TIME:
        return
    most = replicas_of(spec.get("replicas", {}))[1] * nodes_of(spec.get("accelerator"))
    if most > 1 or not way.recreate or mode == "ReadWriteOncePod":
        why = f"and {most} pods of {pair.document.address} mount it" if most > 1 else "and pods mount it beside the run"
        message = f"the volume of {pair.training.address} is mounted `{mode}`, {why}"
        hint = "set `output: {accessMode: ReadWriteMany}` in the training"
        yield pair.finding(codes.OUTPUT_NOT_SHARED, message, hint, there=("spec", "output"))


def _stops(pair: _Pair, way: Way) -> Iterator[Diagnostic]:
    wanted = replicas_of(pair.document.effective["spec"].get("replicas", {}))[0]
    left = lowest_serving(way, wanted)
    if left < wanted:
        message = f"while another run of {pair.training.address} goes on, {left} of {wanted} replicas answer"
        hint = "keep GPUs free in its pool (`reserve`), or set `rollout: {strategy: rolling, maxSurge: 1}`"
        yield pair.finding(codes.STOPS_TO_WAIT, message, hint)
