"""Rules of guardrails: something must be checked, and by somebody else."""

from collections.abc import Iterator

from opsdecl.diag.codes import guardrails as guards
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.llm import LLM
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles

_AT = ("spec", "guardrails")


def checks(document: LLM) -> Iterator[Finding]:
    guard = document.spec.guardrails
    if guard is None:
        return
    if not guard.input and not guard.output:
        message = "`guardrails` lists no check, neither in `input` nor in `output`"
        yield Finding(guards.CHECKS_NOTHING, _AT, message, "list checks, or remove `guardrails`", True)
    for name, listed in (("input", guard.input), ("output", guard.output)):
        for index, check in doubles(listed):
            message = f"`{check}` stands in `{name}` twice"
            yield Finding(codes.DUPLICATE_ENTRY, (*_AT, name, index), message, "remove it")


def streaming(document: LLM) -> Iterator[Finding]:
    guard = document.spec.guardrails
    if guard is None or guard.engine != "nemo-guardrails":
        return
    if guard.streaming is not None and not guard.output and guard.input:
        message = "`streaming` says how answers are checked while they are written, and `output` lists no check"
        hint = "list checks in `output`, or remove `streaming`: answers then go out unchecked, streamed or not"
        yield Finding(guards.CHECKS_NOTHING, (*_AT, "streaming"), message, hint, True)
    elif guard.streaming is None and guard.output:
        message = "answers are checked, and a request for a stream is refused"
        yield Finding(guards.STREAMS_REFUSED, (*_AT, "output"), message, "add `streaming: {}` to `guardrails`", True)


def config(document: LLM) -> Iterator[Finding]:
    said = document.spec.guardrails.config if document.spec.guardrails is not None else None
    path = (*_AT, "config")
    if said is not None and said.text and said.file:
        message = "`config.text` is the configuration, so `file` cannot be it as well"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "file"), message, "remove `file`, or `text`", True)
    elif said is not None and not said.text and not said.file:
        message = "`config` has no configuration"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "add `text: …` or `file: …`", True)


def judge(document: LLM) -> Iterator[Finding]:
    named = document.spec.guardrails.judge if document.spec.guardrails is not None else None
    if named is not None and named == document.metadata.name:
        message = f"`{named}` would judge itself, behind its own checks"
        hint = "name another LLM, or remove `judge`: checks that ask no other model ask this one"
        yield Finding(guards.JUDGE_NOT_REACHED, (*_AT, "judge"), message, hint)


def image(document: LLM) -> Iterator[Finding]:
    named = document.spec.guardrails.image if document.spec.guardrails is not None else None
    if named is not None and named.is_mutable:
        tag = f"the tag `{named.tag}`" if named.tag else "no tag"
        message = f"`guardrails.image` has {tag}, so the same document means other bytes tomorrow"
        hint = "name a version, or add a digest: `@sha256:…`"
        yield Finding(codes.MUTABLE_TAG, (*_AT, "image"), message, hint)


_LLM = frozenset({"LLM"})
RULES: tuple[DocumentRule, ...] = tuple(
    DocumentRule(_LLM, (_AT,), check) for check in (checks, streaming, config, judge, image)
)
