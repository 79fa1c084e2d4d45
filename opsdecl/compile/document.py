"""One document: its layers, and what it asks of its surroundings -> `CompiledDocument`. Pure: it can be remembered."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import digest_of, format_path
from opsdecl.catalog.types import ModelFacts
from opsdecl.compile.compared import compared_facts, reference_facts
from opsdecl.compile.evaluated import MEASURED_KINDS, measured_facts
from opsdecl.compile.interpolate import ExpressionProblem, has_expressions, interpolate
from opsdecl.compile.judged import judge_facts
from opsdecl.compile.layers import ENVIRONMENT, Source
from opsdecl.compile.memo import Ask, Question
from opsdecl.compile.merge import MergeProblem, merge_layers
from opsdecl.compile.no_effect import ineffective_fields
from opsdecl.compile.provenance import lower_setters, winner
from opsdecl.compile.references import hint_for, resolve, select
from opsdecl.compile.routed import routed_facts, shares_of
from opsdecl.compile.schema import VARIABLES, KindSchema
from opsdecl.compile.trained import SERVING_KINDS, trained_facts, with_training
from opsdecl.compile.types import CompiledDocument
from opsdecl.compile.watched import watched_facts
from opsdecl.diag import Diagnostic, Place, Related, SpecPath
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.codes import spec as spec_codes
from opsdecl.diag.nearest import did_you_mean, nearest
from opsdecl.spec.types import Json


class DocumentResult(Struct, frozen=True, dict=True):
    """`document` is None where errors leave nothing to go on with. `used` are the names that expressions used."""

    source: Source
    document: CompiledDocument | None
    used: tuple[tuple[str, ...], ...]
    diagnostics: tuple[Diagnostic, ...]

    @cached_property
    def identity(self) -> str:
        """Equal where whatever refers to it would come out the same, in any run."""
        return f"{self.source.identity} {self.document.digest if self.document else 'broken'}"


class Draft(Struct, frozen=True):
    """A document on its way; each pass fills what it settles. `complete` turns False where no result can follow."""

    source: Source
    schema: KindSchema
    merged: Mapping[str, Json]
    value: Mapping[str, Json]
    used: tuple[tuple[str, ...], ...] = ()
    model: Any = None
    documents: Mapping[str, CompiledDocument] | None = None
    facts: ModelFacts | None = None
    effective: Mapping[str, Json] | None = None
    complete: bool = True

    @property
    def subject(self) -> str:
        return str(self.source.address)

    def place(self, path: SpecPath, *, key: bool = False) -> Place:
        """Where the value at a path was decided."""
        return winner(self.source.layers, self.schema.merge, path, key=key)

    def lower(self, path: SpecPath) -> tuple[Related, ...]:
        """The layers that the winner overrode."""
        setters = lower_setters(self.source.layers, self.schema.merge, path)
        return tuple(Related("overrides the value here", setter.place) for setter in setters)


PassResult = tuple[Draft, tuple[Diagnostic, ...]]


class DocumentPass(Struct, frozen=True):
    """One step: what must be settled before, and what is settled after."""

    name: str
    run: Callable[[Draft, Ask], PassResult]
    needs: frozenset[str]
    settles: frozenset[str]


def compile_document(source: Source, schema: KindSchema, ask: Ask) -> DocumentResult:
    """All passes in order; each does what it can on a draft that an earlier one found wanting."""
    draft = Draft(source, schema, {}, {})
    diagnostics: list[Diagnostic] = []
    for step in DOCUMENT_PASSES:
        draft, found = step.run(draft, ask)
        diagnostics += found
    return DocumentResult(source, _document(draft), draft.used, tuple(diagnostics))


def check_alone(source: Source, schema: KindSchema, ask: Ask) -> DocumentResult:
    """What can be said without surroundings: layers and shape. For environments that are broken themselves."""
    draft, found = merge(Draft(source, schema, {}, {}), ask)
    draft, shape = check_shape(replace(draft, complete=False), ask)
    return DocumentResult(source, None, (), (*found, *shape))


def _document(draft: Draft) -> CompiledDocument | None:
    if not draft.complete or draft.effective is None:
        return None
    return CompiledDocument(
        address=draft.source.address,
        model=draft.model,
        value={root: draft.value[root] for root in ("metadata", "spec") if root in draft.value},
        effective=draft.effective,
        layers=draft.source.layers,
        references={root: document.address for root, document in (draft.documents or {}).items()},
        digest=digest_of(draft.effective),
    )


def merge(draft: Draft, ask: Ask) -> PassResult:
    """Settles `merged`."""
    layers = draft.source.layers
    merged, problems = merge_layers([layer.value for layer in layers], draft.schema.merge)
    return replace(draft, merged=merged, value=merged), tuple(_merge_finding(draft, p) for p in problems)


def _merge_finding(draft: Draft, problem: MergeProblem) -> Diagnostic:
    at = draft.source.layers[problem.layer].place(problem.path, key=problem.problem != "deletes-nothing")
    field = format_path(problem.path[:-1])
    if problem.problem == "deletes-nothing":
        message = f"no lower layer has `{problem.name}` in `{field}`"
        hint = did_you_mean(problem.name, problem.candidates) or "remove the item"
        return Diagnostic(codes.DELETES_NOTHING, message, at=at, hint=hint, subject=draft.subject)
    if problem.problem == "delete-not-true":
        message = f"`$delete` in `{field}` is not `true`"
        return Diagnostic(codes.DELETE_MISUSED, message, at=at, hint="write `$delete: true`", subject=draft.subject)
    message = f"`$delete` means nothing in the mapping `{field}`" if field else "`$delete` means nothing here"
    hint = f"write `{problem.path[-2]}: null`" if len(problem.path) > 1 else "remove it"
    return Diagnostic(codes.DELETE_MISUSED, message, at=at, hint=hint, subject=draft.subject)


def insert_variables(draft: Draft, ask: Ask) -> PassResult:
    """Settles `value`."""
    done = interpolate(draft.merged, lambda: _names(draft, ask), exempt=lambda path: _exempt(draft, path))
    if done.value is draft.merged:
        return draft, ()
    findings = tuple(_expression_finding(draft, problem, _names(draft, ask)) for problem in done.problems)
    findings += _expressions_in_variables(draft)
    return replace(draft, value=done.value, used=done.used, complete=not findings), findings


def _exempt(draft: Draft, path: SpecPath) -> bool:
    return draft.schema.exempt(path) or (draft.schema.kind == ENVIRONMENT and path[:2] == VARIABLES)


def _expressions_in_variables(draft: Draft) -> tuple[Diagnostic, ...]:
    variables = _mapping(_mapping(draft.merged, "spec"), "variables") if draft.schema.kind == ENVIRONMENT else {}
    return tuple(
        Diagnostic(
            codes.INVALID_EXPRESSION,
            f"the variable `{name}` holds an expression",
            at=draft.place((*VARIABLES, name)),
            hint="write the value itself: variables are what expressions are made of",
            subject=draft.subject,
        )
        for name, value in variables.items()
        if has_expressions(value)
    )


def _names(draft: Draft, ask: Ask) -> Mapping[str, Json]:
    """The roots that expressions see. An environment sees its own variables."""
    surrounding = draft.merged if draft.schema.kind == ENVIRONMENT else _environment_values(ask)
    described = {k: v for k, v in _mapping(surrounding, "metadata").items() if not has_expressions(v)}
    return {
        "vars": _mapping(_mapping(surrounding, "spec"), "variables"),
        "environment": described,
        "project": {"name": ask(Question("project")).value},
        "metadata": {k: v for k, v in _mapping(draft.merged, "metadata").items() if not has_expressions(v)},
    }


def _environment_values(ask: Ask) -> Mapping[str, Json]:
    """Empty while the project itself is compiled, which belongs to no environment."""
    environment = ask(Question("environment")).value
    values: Mapping[str, Json] = environment.effective if environment is not None else {}
    return values


def _mapping(value: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _expression_finding(draft: Draft, problem: ExpressionProblem, names: Mapping[str, Json]) -> Diagnostic:
    at = draft.place(problem.path, key=problem.reason.endswith("names of fields"))
    if problem.problem == "unknown-name":
        return _unknown_name(draft, problem, names, at)
    code = codes.INVALID_EXPRESSION if problem.problem == "invalid" else codes.EXPRESSION_RESULT
    message = f"the expression in `{format_path(problem.path)}` cannot be used: {problem.reason}"
    hint = "use variables, comparisons, `~`, arithmetic, and `x if y else z`; see opsdecl explain " + code.id
    return Diagnostic(code, message, at=at, hint=hint, subject=draft.subject)


def _unknown_name(draft: Draft, problem: ExpressionProblem, names: Mapping[str, Json], at: Place) -> Diagnostic:
    known: Json = names
    for part in problem.name[:-1]:
        known = known[part]
    candidates = tuple(known) if isinstance(known, Mapping) else ()
    written = ".".join(problem.name)
    message = f"`{written}` has no value in this environment"
    what = "variable" if problem.name[0] == "vars" else "name"
    hint = hint_for(problem.name[-1], candidates, what)
    if problem.name[0] == "vars" and len(problem.name) == 2:
        hint += "; variables are declared in spec.variables of the Environment"
    return Diagnostic(codes.UNKNOWN_VARIABLE, message, at=at, hint=hint, subject=draft.subject)


def check_shape(draft: Draft, ask: Ask) -> PassResult:
    """Settles `model`. Scalars whose expression failed are not reported a second time."""
    checked = draft.schema.check(draft.value, draft.place)
    failed = () if draft.complete else tuple(_places_with_expressions(draft, draft.value, ()))
    found = tuple(d for d in checked.diagnostics if d.at not in failed)
    complete = draft.complete and not checked.failed
    return replace(draft, model=checked.value, complete=complete), _without_base(draft, found, ask)


def _places_with_expressions(draft: Draft, value: Json, path: SpecPath) -> Iterator[Place]:
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        yield from _places_with_expressions(draft, item, (*path, part))
    if isinstance(value, str) and has_expressions(value):
        yield draft.place(path)


def _without_base(draft: Draft, found: tuple[Diagnostic, ...], ask: Ask) -> tuple[Diagnostic, ...]:
    """An incomplete document that could be an overlay of another name: one finding that says so. None where a lower
    layer has it under a mistyped kind, which has a finding of its own."""
    missing = [d for d in found if d.code is spec_codes.MISSING_FIELD]
    if not missing or not draft.source.alone:
        return found
    kind, name = draft.source.address.kind, draft.source.address.name
    if ask(Question("mistyped", kind, name)).value:
        return tuple(d for d in found if d.code is not spec_codes.MISSING_FIELD)
    close = nearest(name, ask(Question("inherited", kind)).value)
    if close is None:
        return found
    finding = Diagnostic(
        codes.OVERLAY_WITHOUT_BASE,
        f"{kind} `{name}` is incomplete, and no inherited {kind} has that name to lay it over",
        at=draft.place(("metadata", "name")),
        hint=f"did you mean `{close}`? Otherwise write it out: " + "; ".join(dict.fromkeys(d.message for d in missing)),
        subject=draft.subject,
    )
    return (finding, *(d for d in found if d.code is not spec_codes.MISSING_FIELD))


def resolve_references(draft: Draft, ask: Ask) -> PassResult:
    """Settles `references`."""
    references = [*draft.schema.references]
    if draft.schema.is_served:
        references.append((("metadata", "namespace"), "namespaces"))
    found = resolve(draft.source.address, draft.value, references, draft.place, ask)
    selected = select(draft.value, draft.schema.selections, ask)
    complete = draft.complete and found.complete and selected.complete
    findings = tuple(replace(d, related=draft.lower(d.at.path)) for d in found.diagnostics if isinstance(d.at, Place))
    documents = {**selected.documents, **found.documents}
    return replace(draft, documents=documents, facts=found.model, complete=complete), findings


def fill_defaults(draft: Draft, ask: Ask) -> PassResult:
    """Settles `effective`: defaults, the environment's first namespace, and what is referred to under its own root."""
    if draft.model is None or not draft.complete:
        return draft, ()
    dumped = draft.model.model_dump(mode="json", by_alias=True, exclude_none=True)
    metadata = dumped["metadata"]
    if draft.schema.is_served and "namespace" not in metadata:
        metadata = {**metadata, "namespace": ask(Question("environment")).value.effective["spec"]["namespaces"][0]}
    effective = {"metadata": metadata, "spec": dumped["spec"]}
    effective |= {root: _taken(draft, document, ask) for root, document in (draft.documents or {}).items()}
    if (model := _model_facts(draft, ask)) is not None:
        effective["model"] = model
    if draft.schema.kind == "Route":
        effective |= shares_of(dumped["spec"])
    template = getattr(draft.model.spec, "chat_template", None)
    if (text := _content(template, ask)) is not None:
        effective["chatTemplate"] = text
    guard = getattr(draft.model.spec, "guardrails", None)
    if guard is not None and (text := _content(getattr(guard, "config", None), ask)) is not None:
        effective["guardrails"] = {"config": text}
    return replace(draft, effective=effective), ()


def _content(text: Any, ask: Ask) -> str | None:
    """Of the file that a field names in place of its text."""
    named = text.file if text is not None else None
    found: str | None = ask(Question("text", "", named)).value if named else None
    return found


def _taken(draft: Draft, document: CompiledDocument, ask: Ask) -> Mapping[str, Json]:
    """What a document takes from another: all that it says, but for kinds that change with little of it, and for what a
    Training made, of which the run counts."""
    if draft.schema.kind == "Evaluation" and document.address.kind in MEASURED_KINDS:
        return measured_facts(document)
    if draft.schema.kind == "Route":
        return routed_facts(document)
    if draft.schema.kind == "LLM" and document.address.kind == "LLM":
        return judge_facts(document)
    if draft.schema.kind == "Monitor":
        return compared_facts(document) if document.address.kind == "Dataset" else watched_facts(document)
    if draft.schema.kind == "Dataset":
        return reference_facts(document)
    if draft.schema.kind == "Maintenance":
        return {}
    if document.address.kind == "Training" and draft.schema.kind in SERVING_KINDS:
        return trained_facts(document, ask)
    return with_training(document)


def _model_facts(draft: Draft, ask: Ask) -> Mapping[str, Json] | None:
    """Of the model that is served: where it is, which revision, how large in GiB, under which licence. Unknown facts
    are left out. A repository of the same shape as an entry's has its size; its licence may be another."""
    if (facts := draft.facts) is not None:
        known = {
            "uri": facts.uri,
            "revision": facts.revision,
            "weightsGiB": facts.weights_gib,
            "license": facts.license,
        }
        return {name: value for name, value in known.items() if value != ""}
    spec = draft.model.spec
    inline: Any = getattr(spec, "model", None) or getattr(getattr(spec, "base", None), "model", None)
    if not hasattr(inline, "uri"):
        return None
    published: ModelFacts | None = ask(Question("weights", "", str(inline.uri))).value
    exactly = published is not None and published.uri == str(inline.uri)
    size = round(inline.weights.gib, 3) if inline.weights is not None else None
    known = {
        "uri": str(inline.uri),
        "revision": inline.revision,
        "weightsGiB": size if size is not None or published is None else published.weights_gib,
        "license": published.license if published is not None and exactly else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def find_ineffective(draft: Draft, ask: Ask) -> PassResult:
    """Settles `no-effect`."""
    if draft.model is None:
        return draft, ()
    environment = None if draft.schema.kind == ENVIRONMENT else ask(Question("environment")).value
    surroundings = (environment, draft.documents or {})
    written = (draft.value, draft.model)
    return draft, ineffective_fields(draft.source.layers, draft.schema, written, surroundings, own=draft.source.own)


DOCUMENT_PASSES = (
    DocumentPass("merge-layers", merge, needs=frozenset(), settles=frozenset({"merged"})),
    DocumentPass("insert-variables", insert_variables, needs=frozenset({"merged"}), settles=frozenset({"value"})),
    DocumentPass("check-shape", check_shape, needs=frozenset({"value"}), settles=frozenset({"model"})),
    DocumentPass(
        "resolve-references", resolve_references, needs=frozenset({"value"}), settles=frozenset({"references"})
    ),
    DocumentPass(
        "fill-defaults",
        fill_defaults,
        needs=frozenset({"model", "references"}),
        settles=frozenset({"effective"}),
    ),
    DocumentPass(
        "find-ineffective-fields",
        find_ineffective,
        needs=frozenset({"model", "references"}),
        settles=frozenset({"no-effect"}),
    ),
)
"""In this order. Tests hold that each pass runs after what it needs."""
