"""Rules of Routes: each destination is one model, shares make 100, nothing stands twice."""

from collections.abc import Iterator

from opsdecl.diag import SpecPath
from opsdecl.diag.codes import guardrails as codes_of_guardrails
from opsdecl.diag.codes import routes
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.route import Backend, Destination, Route
from opsdecl.spec.rules.types import DocumentRule, Finding

WHOLE = 100


def destinations(document: Route) -> Iterator[Finding]:
    spec = document.spec
    listed = (("backends", spec.backends), ("shadow", spec.shadow), ("fallbacks", spec.fallbacks))
    for field, entries in listed:
        for index, entry in enumerate(entries):
            yield from _one_model(entry, ("spec", field, index))


def _one_model(entry: Destination, path: SpecPath) -> Iterator[Finding]:
    if entry.llm is None and entry.model is None:
        yield Finding(codes.ONE_OF_FIELDS, path, "this names no model", "add `llm: …` or `model: …`")
    elif entry.llm is not None and entry.model is not None:
        message = "this names two models, and one entry has one"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "model"), message, "write a second entry for the other", True)
    elif isinstance(entry, Backend) and entry.adapter is not None and entry.llm is None:
        message = "`adapter` belongs to a language model, and this backend is a classic one"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "adapter"), message, "name an `llm`, or remove `adapter`", True)


def backends_once(document: Route) -> Iterator[Finding]:
    seen: set[tuple[str | None, ...]] = set()
    for index, backend in enumerate(document.spec.backends):
        named = (backend.llm, backend.model, backend.adapter)
        if named in seen:
            message = f"`{backend.adapter or backend.llm or backend.model}` is a backend already"
            hint = "add its weight to the other one, and remove it"
            yield Finding(codes.DUPLICATE_ENTRY, ("spec", "backends", index), message, hint)
        seen.add(named)


def shares(document: Route) -> Iterator[Finding]:
    backends = document.spec.backends
    weights = [backend.weight for backend in backends]
    if len(backends) == 1:
        if weights[0] is not None and weights[0] != WHOLE:
            message = f"the only backend has a weight of {weights[0]}, and gets all requests whatever it is"
            path: SpecPath = ("spec", "backends", 0, "weight")
            yield Finding(routes.SHARES_DO_NOT_ADD_UP, path, message, "remove `weight`, or add another backend")
        return
    missing = [index for index, weight in enumerate(weights) if weight is None]
    for index in missing:
        message = f"one of {len(backends)} backends says no share of the requests"
        yield Finding(
            routes.SHARES_DO_NOT_ADD_UP, ("spec", "backends", index), message, "add `weight`, so that all make 100"
        )
    total = sum(weight or 0 for weight in weights)
    if not missing and total != WHOLE:
        message = f"the weights of the backends make {total}, not {WHOLE}"
        hint = f"correct them by {WHOLE - total:+d}"
        yield Finding(routes.SHARES_DO_NOT_ADD_UP, ("spec", "backends"), message, hint)


def matches_once(document: Route) -> Iterator[Finding]:
    listed: tuple[tuple[str, tuple[object, ...]], ...] = (
        ("hostnames", document.spec.hostnames),
        ("paths", tuple((path.path, path.match) for path in document.spec.paths)),
    )
    for field, entries in listed:
        for index, entry in enumerate(entries):
            if entry in entries[:index]:
                shown = entry if isinstance(entry, str) else document.spec.paths[index].path
                message = f"`{shown}` stands in `{field}` twice"
                yield Finding(codes.DUPLICATE_ENTRY, ("spec", field, index), message, "remove it")


def timeouts(document: Route) -> Iterator[Finding]:
    whole, one = document.spec.timeouts.request, document.spec.timeouts.backend
    if whole is not None and one is not None and one.seconds > whole.seconds > 0:
        message = f"`timeouts.backend` is {one}, above `request`, which is {whole}"
        hint = f"set it to {whole} or less"
        yield Finding(codes.BOUNDS_REVERSED, ("spec", "timeouts", "backend"), message, hint)


def guardrails(document: Route) -> Iterator[Finding]:
    checks, path = document.spec.guardrails, ("spec", "guardrails")
    if checks is None:
        return
    if checks.input is None and checks.output is None:
        message = "`guardrails` hands neither requests nor answers to its server"
        hint = "add `input: buffered` or `output: buffered`, or remove the field"
        yield Finding(codes_of_guardrails.CHECKS_NOTHING, path, message, hint)
    whole = document.spec.timeouts.request
    if whole is not None and checks.timeout.seconds > whole.seconds > 0:
        message = f"`guardrails.timeout` is {checks.timeout}, above `timeouts.request`, which is {whole}"
        yield Finding(codes.BOUNDS_REVERSED, (*path, "timeout"), message, f"set it to less than {whole}")
    held = [name for name in ("input", "output") if getattr(checks, name) == "buffered"]
    if held:
        bodies = {"input": "requests", "output": "answers"}
        message = f"{' and '.join(bodies[name] for name in held)} above the gateway's buffer, 32 KiB, are refused"
        if "output" in held:
            message += ", and answers come in one piece"
        hint = "raise the buffer of the Gateway, or use `full-duplex-streamed` where the server can take pieces"
        yield Finding(codes_of_guardrails.HELD_WHOLE, (*path, held[-1]), message, hint)


_ROUTE = frozenset({"Route"})

RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_ROUTE, (("spec", "backends"), ("spec", "shadow"), ("spec", "fallbacks")), destinations),
    DocumentRule(_ROUTE, (("spec", "backends"),), backends_once),
    DocumentRule(_ROUTE, (("spec", "backends"),), shares),
    DocumentRule(_ROUTE, (("spec", "hostnames"), ("spec", "paths")), matches_once),
    DocumentRule(_ROUTE, (("spec", "timeouts"),), timeouts),
    DocumentRule(_ROUTE, (("spec", "guardrails"), ("spec", "timeouts")), guardrails),
)
