"""A model card as Markdown with the front matter of model hubs, and as JSON. Texts of people change nothing else."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import to_builtins

from opsdecl._data import data_root
from opsdecl.transparency.front_matter import front_matter
from opsdecl.transparency.types import (
    FORMAT_VERSION,
    Composition,
    EngineUse,
    Fit,
    GuardUse,
    Made,
    ModelCard,
    Operation,
    PrefillPods,
    Weights,
)
from opsdecl.view.cells import printable
from opsdecl.view.markup import code, line, link, paragraphs
from opsdecl.view.plan.fleet import money
from opsdecl.view.words import span_of

TEMPLATE = "card.md.j2"
_LONGEST = 4000
Row = tuple[str, str]


def render_json(card: ModelCard) -> str:
    """`schemas/card.schema.json` describes it. `frontMatter` are the keys of the Markdown's head."""
    said = {"formatVersion": FORMAT_VERSION, **to_builtins(card), "frontMatter": front_matter(card)}
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def render_markdown(card: ModelCard) -> str:
    import jinja2
    from markupsafe import Markup

    loader = jinja2.FileSystemLoader(data_root() / "templates")
    engine = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    engine.finalize = lambda value: value if isinstance(value, Markup) else line(str(value)[:_LONGEST])
    for name, mark in (("code", code), ("link", link), ("paragraphs", paragraphs)):
        engine.filters[name] = partial(_marked, mark)
    trusted = {"front_matter": Markup(_head(card)), "license": Markup(_license(card))}
    rows = {"answers": _answers(card), "operations": _operations(card.operation)}
    marked = {name: [(title, Markup(text)) for title, text in found] for name, found in rows.items()}
    engine.filters["made"] = made_words
    names = {"card": card, "said": card.statements, "composition": card.composition, "operation": card.operation}
    text = engine.get_template(TEMPLATE).render(**names, **trusted, **marked, weights=card.composition.weights)
    return text.rstrip("\n") + "\n"


def _marked(mark: Callable[[str], str], text: str) -> Any:
    from markupsafe import Markup

    return Markup(mark(text))


def _head(card: ModelCard) -> str:
    import yaml

    found = _shown(front_matter(card))
    written = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=10**6) if found else "{}\n"
    return f"---\n{written}---\n"


def _shown(value: Any) -> Any:
    """With every character of its texts visible."""
    if isinstance(value, Mapping):
        return {name: _shown(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def _license(card: ModelCard) -> str:
    known = card.published_license
    if not card.license:
        return "unknown"
    own = f", {link(card.statements.license_link)}" if card.statements.license_link else ""
    differs = known and card.statements.license and known.lower() != card.statements.license.lower()
    return line(card.license) + own + (f", published as {line(known)}" if differs else "")


def _answers(card: ModelCard) -> Iterator[Row]:
    made = card.composition
    if made.weights is not None:
        yield from _weights(made.weights)
    if made.quantization:
        yield "quantisation", line(made.quantization)
    if made.chat_template is not None:
        file = f"{code(made.chat_template.file)} " if made.chat_template.file else ""
        yield "chat template", file + code(made.chat_template.digest)
    yield from ((title, line(text)) for title, text in guard_rows(made))
    yield from (pair for pair in (("sampling", _pairs(made.sampling)), ("parsers", _pairs(made.parsers))) if pair[1])
    if made.engine is not None:
        yield from _engine(made.engine)
    if made.served_names:
        yield "asked for as", ", ".join(code(name) for name in made.served_names)
    if card.digest:
        yield "composition", code(card.digest)


def guard_rows(made: Composition) -> Iterator[Row]:
    """What checks requests and answers, by what, and whom it asks."""
    used = made.guardrails
    if not used:
        return
    yield "guardrails", f"{used.engine} {used.version}".strip()
    yield "guardrails image", used.image
    yield from ((f"checks of {side}", ", ".join(checks)) for side, checks in _sides(used) if checks)
    if used.config is not None:
        yield "checks work by", f"{used.config.file} {used.config.digest}".strip()
    if used.judge:
        yield "judge", f"{used.judge}, {used.judge_model}".removesuffix(", ")


def _sides(used: GuardUse) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("requests", used.input), ("answers", used.output)


def _weights(weights: Weights) -> Iterator[Row]:
    named = f"{line(weights.entry)}, " if weights.entry else ""
    yield "weights", named + code(weights.uri)
    known = (("revision", weights.revision), ("digest", weights.digest), ("fetched from", weights.location))
    yield from ((title, code(text)) for title, text in known if text)
    shape = [line(weights.architecture)] if weights.architecture else []
    shape += [f"{weights.parameters / 1e9:,.2f} billion parameters"] if weights.parameters else []
    shape += [f"{weights.weights_gib:,.1f} GiB"] if weights.weights_gib else []
    yield from (("architecture", ", ".join(shape)),) if shape else ()
    yield from (("format", line(weights.format)),) if weights.format else ()
    yield from (("made by", line(made_words(weights.made))),) if weights.made else ()


def made_words(made: Made) -> str:
    """`run churn-3f2a9c1d04 of Training churn (xgboost)`."""
    how = " ".join(part for part in (made.framework, made.method) if part)
    return f"run {made.training}-{made.run} of Training {made.training} ({how})"


def _engine(engine: EngineUse) -> Iterator[Row]:
    yield "engine", line(f"{engine.name} {engine.version}".strip())
    if engine.image:
        yield "image", code(engine.image, _LONGEST)
    yield from (pair for pair in (("settings", _pairs(engine.settings)), ("flags", _pairs(engine.args))) if pair[1])


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{line(name)} {code(_value(value))}" for name, value in values.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _operations(operation: Operation) -> Iterator[Row]:
    yield "targets", ", ".join(code(name) for name in operation.targets)
    if not operation.namespace:
        return
    yield "namespace", code(operation.namespace)
    yield "replicas", _replicas(operation)
    prefill, cost = operation.prefill or None, operation.monthly_cost
    if operation.fit is not None:
        yield "memory", _fit(operation.fit)
    if prefill is not None:
        yield "prefill pods", _replicas(prefill)
    if prefill is not None and prefill.fit is not None:
        yield "memory of prefill pods", _fit(prefill.fit)
    if cost is not None:
        named = ((name, getattr(cost, name)) for name in ("floor", "expected", "ceiling"))
        yield "cost of a month", " · ".join(f"{name} {money(amount, cost.currency)}" for name, amount in named)
    if operation.objectives:
        yield "objectives", _pairs(operation.objectives)
    yield "callers", ", ".join(code(caller) for caller in operation.callers) or "nobody over the network"


def _replicas(pods: Operation | PrefillPods) -> str:
    return span_of(*pods.replicas) + (f", each on {pods.gpus} × {code(pods.gpu)}" if pods.gpu else "")


def _fit(fit: Fit) -> str:
    if fit.kv_tokens is None:
        return line(fit.reason or fit.verdict)
    words = fit.verdict.replace("-", " ")
    room = (
        f"{fit.kv_tokens:,} tokens of KV cache, {fit.full_length_requests:,} requests of {fit.max_model_len:,} tokens"
    )
    return f"{words}, {room}"
