"""What NeMo Guardrails is told: the configuration of its server, as of 0.24."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.diag import SpecPath
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.guardrails import Guardrails

FOLDER = "/etc/guardrails"
"""Its last part is the name of the configuration, by which the server knows it."""
FILE = "config.yml"
HEALTH = "/v1/rails/configs"
"""The server has paths for its health since 0.23; this one all releases answer."""
COMMAND = ("nemoguardrails", "server")
MODEL = "$model="

CHECKS = frozenset(
    (
        "activefence moderation on input",
        "activefence moderation on input detailed",
        "activefence moderation on output",
        "ai defense inspect prompt",
        "ai defense inspect response",
        "alignscore check facts",
        "autoalign check input",
        "autoalign check output",
        "autoalign factcheck output",
        "autoalign groundedness output",
        "clavata check input",
        "clavata check output",
        "cleanlab trustworthiness",
        "content safety check input",
        "content safety check output",
        "context bloat detection on input",
        "crowdstrike aidr guard input",
        "crowdstrike aidr guard output",
        "detect pii on input",
        "detect pii on output",
        "detect sensitive data on input",
        "detect sensitive data on output",
        "f5 guardrails scan input",
        "f5 guardrails scan output",
        "fiddler bot faithfulness",
        "fiddler bot safety",
        "fiddler user safety",
        "gcpnlp moderation",
        "gcpnlp moderation detailed",
        "gliner detect pii on input",
        "gliner detect pii on output",
        "gliner mask pii on input",
        "gliner mask pii on output",
        "guardrailsai check input",
        "guardrailsai check output",
        "hallucination warning",
        "hf classifier check input",
        "hf classifier check output",
        "injection detection",
        "jailbreak detection heuristics",
        "jailbreak detection model",
        "llama guard check input",
        "llama guard check output",
        "mask pii on input",
        "mask pii on output",
        "mask sensitive data on input",
        "mask sensitive data on output",
        "pangea ai guard input",
        "pangea ai guard output",
        "patronus api check output",
        "patronus lynx check output hallucination",
        "policyai moderation on input",
        "policyai moderation on output",
        "polygraf detect pii on input",
        "polygraf detect pii on output",
        "polygraf mask pii on input",
        "polygraf mask pii on output",
        "protect prompt",
        "protect response",
        "regex check input",
        "regex check output",
        "self check facts",
        "self check hallucination",
        "self check input",
        "self check output",
        "topic safety check input",
        "trend ai guard input",
        "trend ai guard output",
    )
)
"""Of its library in 0.24.1, by the names of their flows."""

PROMPTED: Mapping[str, str] = {
    "self check input": "self_check_input",
    "self check output": "self_check_output",
    "self check facts": "self_check_facts",
    "llama guard check input": "llama_guard_check_input",
    "llama guard check output": "llama_guard_check_output",
    "content safety check input": "content_safety_check_input",
    "content safety check output": "content_safety_check_output",
    "topic safety check input": "topic_safety_check_input",
}
"""Checks that ask a model, and the prompt without which the server refuses its configuration."""
ASKING: Mapping[str, str] = {"llama guard check input": "llama_guard", "llama guard check output": "llama_guard"}
"""Checks that ask one model by name, without `$model=`."""
UNSTREAMED = "llama guard check output"
PARSED = frozenset(("content safety check input", "content safety check output"))
"""Checks that take any words of their judge for `safe`, unless the prompt says how to read them."""


class Problem(Struct, frozen=True):
    """Something that the server would stumble over at its first request. `unknown`: it may be newer than this list."""

    path: SpecPath
    message: str
    hint: str
    unknown: bool = False


def configuration(
    guard: Guardrails, said: Mapping[str, Any], served: str, engine: str, judge: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The whole configuration. `said` is what the document configures, `engine` where the model answers, `judge` the
    facts of the judge.

    Conversations go to the model as they came (`passthrough`); else the server would write them into one message.
    """
    rails = said.get("rails") or {}
    models = [_model("main", served, engine)]
    if guard.judge is not None and judge is not None:
        models += [_model(task, judge["asked"], judge["address"]) for task in guard.tasks]
    output: dict[str, Any] = {"flows": list(guard.output)}
    if guard.streaming is not None:
        output["streaming"] = {
            "enabled": True,
            "chunk_size": guard.streaming.chunk_tokens,
            "context_size": guard.streaming.context_tokens,
            # Otherwise pieces go out before they are checked.
            "stream_first": False,
        }
    checks = {**rails, "input": {"flows": list(guard.input)}, "output": output}
    return {"passthrough": True, **said, "models": [*models, *(said.get("models") or [])], "rails": checks}


def _model(task: str, name: str, address: str) -> dict[str, Any]:
    return {"type": task, "engine": "openai", "model": name, "parameters": {"base_url": address}}


def variables(engine: str) -> dict[str, str]:
    """The list of models is asked of the engine. Without the last one the server tells its maker of its use."""
    return {"MAIN_MODEL_ENGINE": "openai", "MAIN_MODEL_BASE_URL": engine, "NEMO_GUARDRAILS_NO_USAGE_STATS": "1"}


def arguments(port: int) -> list[str]:
    name = FOLDER.rpartition("/")[2]
    return [f"--port={port}", f"--config={FOLDER}", f"--default-config-id={name}", "--disable-chat-ui"]


def problems(guard: Guardrails, said: Mapping[str, Any], path: SpecPath) -> Iterator[Problem]:
    """`path`: where the configuration is written."""
    yield from _claimed(said, path)
    known = {model.get("type") for model in _mappings(said.get("models"))}
    known |= set(guard.tasks) if guard.judge is not None else set()
    prompts = {prompt.get("task"): prompt for prompt in _mappings(said.get("prompts"))}
    for field, checks in (("input", guard.input), ("output", guard.output)):
        for index, check in enumerate(checks):
            at = ("spec", "guardrails", field, index)
            yield from _check(check, at, known, prompts, streams=guard.streaming is not None)


def _claimed(said: Mapping[str, Any], path: SpecPath) -> Iterator[Problem]:
    """Settings that fields of the language make."""
    rails = said.get("rails")
    for side in ("input", "output"):
        if isinstance(rails, Mapping) and side in rails:
            hint = f"list the checks in `guardrails.{side}`, and remove `rails.{side}`"
            yield Problem(path, f"the configuration sets `rails.{side}`, which `guardrails.{side}` makes", hint)
    for model in _mappings(said.get("models")):
        if model.get("type") == "main":
            message = "the configuration names the model `main`, which is the document's own"
            yield Problem(path, message, "remove that model")
    for name in ("models", "prompts"):
        if said.get(name) is not None and not isinstance(said[name], list):
            yield Problem(path, f"`{name}` of the configuration is no list", f"write `{name}: [{{…}}, …]`")


def _mappings(value: Any) -> Sequence[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _check(
    check: str, path: SpecPath, known: set[Any], prompts: Mapping[Any, Any], *, streams: bool
) -> Iterator[Problem]:
    name, _, model = (part.strip() for part in check.partition(MODEL))
    if name == UNSTREAMED and streams:
        message = f"`{name}` ends in an error on streams, as of 0.24.1, so every stream is refused"
        yield Problem(path, message, "use another check of answers, or remove `streaming`", unknown=True)
    if name not in CHECKS:
        hint = did_you_mean(name, tuple(sorted(CHECKS))) or "use one of the flows of its library"
        yield Problem(path, f"`{name}` is no check of NeMo Guardrails 0.24", hint, unknown=True)
        return
    asked = model or ASKING.get(name, "")
    if asked and asked not in known:
        hint = f"add `judge: …` and `tasks: [{asked}]`"
        yield Problem(path, f"`{name}` asks a model `{asked}`, and there is none", hint)
    prompt = PROMPTED.get(name)
    wanted = f"{prompt} {MODEL}{model}" if prompt and model else prompt
    if wanted and wanted not in prompts and not (name.startswith("self") and prompt in prompts):
        hint = f"add it to `prompts` of `guardrails.config`: `- task: {wanted}`, with `content` or `messages`"
        yield Problem(path, f"`{name}` has no prompt", hint)
    elif name in PARSED and not prompts[wanted].get("output_parser"):
        message = f"the prompt of `{name}` has no `output_parser`, so any answer of the judge counts as safe"
        hint = "add one to the prompt, such as `output_parser: is_content_safe` for a judge that says safe or unsafe"
        yield Problem(path, message, hint)
