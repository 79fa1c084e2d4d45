"""Findings as a validation would report them, with the files they are about."""

from opsdecl.diag import Code, Diagnostic, Related, Severity, Span

NO_EFFECT = Code(
    "OD214",
    "A field has no effect",
    "The field is read, but nothing in this environment acts on it.\n\nRemove it, or switch on what it needs.",
    "rollout:\n  strategy: canary\n  trafficPercent: 20",
)
UNKNOWN_FIELD = Code("OD203", "Unknown field", "The kind has no such field.\n\nCorrect the name.")
CREDENTIAL = Code("OD120", "A credential is written out", "Whoever reads the repository can use it.\n\nName a Secret.")
LATE = Code("OD301", "A value comes late", "It works.\n\nMove it.", severity=Severity.WARNING)
NO_PROJECT = Code("OD101", "No project", "There is no project document.\n\nWrite one.")

CHAT = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata:
  name: chat
spec:
  model: llama-3.1-8b-instruct
  engine:
    maxModelLen: 8192
    env:
      HF_TOKEN: hf_canaryCANARYcanary
  description: "日本語の🎉モデル"\ttrafic: 1
  reolicas: 2
  rollout:
    strategy: canary
    trafficPercent: 20
"""
ENVIRONMENT = """\
kind: Environment
spec:
  platform: {serving: native, routing: none}
"""
FILES = {
    "environments/prod/chat.yaml": CHAT.splitlines(),
    "environments/prod/environment.yaml": ENVIRONMENT.splitlines(),
}


def span(file: str, line: int, text: str, *, until: int | None = None) -> Span:
    """The stretch that `text` takes on a line (from 1), or from there to the start of line `until`."""
    column = FILES[file][line - 1].index(text) + 1
    if until is not None:
        return Span(file, line, column, until, 1)
    return Span(file, line, column, line, column + len(text))


def believable_findings() -> tuple[Diagnostic, ...]:
    chat, environment = "environments/prod/chat.yaml", "environments/prod/environment.yaml"
    return (
        Diagnostic(NO_PROJECT, "there is no document of kind Project", hint="run `opsdecl init`"),
        Diagnostic(
            CREDENTIAL,
            "`engine.env.HF_TOKEN` looks like a credential",
            span(chat, 10, "hf_canaryCANARYcanary"),
            label="written out",
            hint="name a Secret instead:\n  HF_TOKEN: {secret: hf-token, key: token}",
            subject="LLM.chat",
            sensitive=True,
        ),
        Diagnostic(
            UNKNOWN_FIELD,
            "unknown field `trafic`",
            span(chat, 11, "trafic"),
            subject="LLM.chat",
        ),
        Diagnostic(
            UNKNOWN_FIELD,
            "unknown field `reolicas`",
            span(chat, 12, "reolicas"),
            hint="did you mean `replicas`?",
            subject="LLM.chat",
        ),
        Diagnostic(LATE, "`rollout` comes late", span(chat, 13, "rollout", until=16), label="all of this"),
        Diagnostic(
            NO_EFFECT,
            "this field has no effect here",
            span(chat, 15, "trafficPercent"),
            label="ignored: platform.routing is `none` in prod",
            hint="set platform.routing to gateway-api, or remove trafficPercent",
            related=(
                Related("routing is switched off here", span(environment, 3, "none")),
                Related("canaries by pod count need no routing"),
            ),
            subject="LLM.chat",
        ),
    )
