"""The last message of a pod -> the result that it claims to be. It comes from a program that somebody else wrote."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from opsdecl.addr import digest_of_bytes
from opsdecl.diag import Checked, Code, Diagnostic
from opsdecl.diag.codes import evidence as codes
from opsdecl.evidence.types import Result

MOST_BYTES = 4096
_SHOWN = 200


def read_result(message: str, asked: str, request: Mapping[str, Any], subject: str) -> Checked[Result]:
    """`asked` is the text of the request that `request` was read from. A result that is broken, or of something else,
    is a finding."""
    if not message.strip():
        said = "the run ended well and left no result"
        hint = "let the program write what `$EVALUATION_RESULT` asks for, and raise `run.attempt`"
        return _refused(codes.RESULT_BROKEN, subject, said, hint)
    if len(message.encode("utf-8", "replace")) > MOST_BYTES:
        return _broken(subject, f"it has more than {MOST_BYTES:,} bytes, which is all that Kubernetes keeps")
    try:
        result = msgspec.json.decode(message, type=Result)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return _broken(subject, str(error))
    return _fitting(result, asked, request, subject)


def _fitting(result: Result, asked: str, request: Mapping[str, Any], subject: str) -> Checked[Result]:
    if result.asked != digest_of_bytes(asked.encode()):
        return _other(subject, f"it answers another request ({result.asked[:19]}…)")
    wanted, found = set(request["metrics"]), set(result.metrics)
    if wanted != found:
        odd = sorted(wanted ^ found)
        return _broken(subject, f"`{odd[0][:80]}` {'is missing' if odd[0] in wanted else 'was not asked for'}")
    if not all(math.isfinite(value) for value in result.metrics.values()):
        return _broken(subject, "a metric is no finite number")
    declared = request["candidate"].get("digest", "")
    if declared and result.model != declared:
        measured = f"{result.model[:19]}…" if result.model else "of no digest"
        return _other(subject, f"it measured the model {measured}, and {declared[:19]}… is declared")
    if result.finished_at < result.started_at:
        return _broken(subject, "it ended before it started")
    return Checked(result)


def _broken(subject: str, why: str) -> Checked[Result]:
    hint = "mend the program of the evaluation, and raise `run.attempt`"
    return _refused(codes.RESULT_BROKEN, subject, f"the result of the run cannot be used: {_plain(why)}", hint)


def _other(subject: str, why: str) -> Checked[Result]:
    return _refused(
        codes.RESULT_OF_OTHER, subject, f"the result is not of this run: {_plain(why)}", "raise `run.attempt`"
    )


def _refused(code: Code, subject: str, said: str, hint: str) -> Checked[Result]:
    return Checked(None, (Diagnostic(code, said, hint=hint, subject=subject),))


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:_SHOWN]
