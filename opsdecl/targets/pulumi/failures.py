"""What Pulumi says when it fails -> what a person is told. Its own words are quoted, and never the only explanation."""

import re

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes

_LONGEST = 600
_LOCK = re.compile(r"(\S+): created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)")
_NOISE = re.compile(r"^(warning:|\s*$|error: could not |stdout:|stderr:|code:)")
_SECRETS = re.compile(r"secrets manager|incorrect passphrase|PULUMI_CONFIG_PASSPHRASE|decrypt|encryption key", re.I)
_BROKEN = re.compile(
    r"snapshot integrity|unmarshal|invalid character|unexpected end of JSON|could not deserialize|"
    r"checkpoint|unsupported version|stack's version is newer|cannot parse",
    re.I,
)
_PLUGIN = re.compile(
    r"no resource plugin|could not (?:find|locate|download) .*plugin|failed to (?:load|install) plugin", re.I
)
_CRASH = re.compile(
    r"panic:|plugin .* exited|exited unexpectedly|transport is closing|error reading from server|signal: (killed|segm)|"
    r"connection refused.*plugin|rpc error: code = Unavailable|^\s*code: -\d+",
    re.I | re.M,
)
_UNREACHABLE = re.compile(
    r"open bucket|unable to open|could not list bucket|failed to create bucket|no such file or directory|"
    r"no such host|dial tcp|i/o timeout|connection refused|permission denied|access denied|forbidden|"
    r"problem logging in|log ?in|unauthorized|unknown backend|not a valid backend|credentials|read .*bucket|"
    r"no such bucket|missing scheme",
    re.I,
)


class PulumiError(Exception):
    """Ends an operation; the diagnostics say why."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = diagnostics


class StackMissing(Exception):  # noqa: N818 - not always a failure: before the first apply there is none
    """The backend answers, and has no such stack."""


class Locked(PulumiError):  # noqa: N818 - reads as what it says
    """The stack is locked. `holders` are user, host, process id and time, as far as the backend tells."""

    def __init__(self, diagnostic: Diagnostic, holders: tuple[tuple[str, str, int, str], ...]) -> None:
        super().__init__(diagnostic)
        self.holders = holders


def explain(text: str, stack: str, backend: str) -> Exception:
    """What to raise for the output of a command that failed."""
    said = words(text)
    if re.search(r"no stack named.*found", text):
        return StackMissing(stack)
    if "currently locked by" in text or "Another update is currently in progress" in text:
        return locked(text, stack)
    shown = backend or "the backend that Pulumi is logged in to"
    if _PLUGIN.search(text):
        return PulumiError(provider_missing(said))
    if _SECRETS.search(text):
        hint = "set PULUMI_CONFIG_PASSPHRASE, or log in to the cloud whose key it is, as when the stack was made"
        return PulumiError(
            Diagnostic(codes.WRONG_PASSPHRASE, f"the secrets of stack `{stack}` cannot be opened: {said}", hint=hint)
        )
    if _CRASH.search(text):
        return PulumiError(crashed(said))
    if _BROKEN.search(text):
        hint = "look at it with `pulumi stack export`, and restore it from `.pulumi/backups` of the backend"
        return PulumiError(
            Diagnostic(codes.STATE_BROKEN, f"the state of stack `{stack}` in {shown} is broken: {said}", hint=hint)
        )
    if _UNREACHABLE.search(text):
        hint = "check `backend` of the target, and try: pulumi login, then pulumi stack ls --all"
        return PulumiError(Diagnostic(codes.BACKEND_UNREACHABLE, f"{shown} did not answer: {said}", hint=hint))
    return PulumiError(failed(said))


def is_crash(text: str) -> bool:
    """Whether a process ended in the middle: what it was at may have been done all the same."""
    return _CRASH.search(text) is not None


def failed(said: str) -> Diagnostic:
    return Diagnostic(codes.ENGINE_FAILED, f"Pulumi said: {said}", hint="mend that, and run the command again")


def crashed(said: str) -> Diagnostic:
    hint = "run the command again: it looks at what was done, and goes on from there"
    return Diagnostic(codes.PROVIDER_CRASHED, f"Pulumi ended in the middle of its work: {said}", hint=hint)


def provider_missing(said: str) -> Diagnostic:
    from importlib.metadata import version

    wanted = version("pulumi-kubernetes")
    return Diagnostic(
        codes.PROVIDER_MISSING,
        f"the plugin `kubernetes` {wanted} is not there: {said}",
        hint=f"pulumi plugin install resource kubernetes v{wanted}",
    )


def locked(text: str, stack: str) -> Locked:
    """With the holders that a self-managed backend names."""
    holders = tuple((user, host, int(pid), at) for _, user, host, pid, at in _LOCK.findall(text))
    named = ", ".join(f"{user} on {host}, process {pid}, since {at}" for user, host, pid, at in holders)
    said = f"stack `{stack}` is locked by {named or 'another update'}"
    hint = "wait until it ends; where it is no more: opsdecl unlock --force"
    return Locked(Diagnostic(codes.STACK_LOCKED, said, hint=hint), holders)


def unknown_stack(stack: str, backend: str) -> Diagnostic:
    said = f"{backend or 'the backend'} has no stack `{stack}`"
    return Diagnostic(codes.UNKNOWN_STACK, said, hint="apply makes it; `pulumi stack ls --all` lists those there are")


def words(text: str) -> str:
    """The errors of an output in one line, without Pulumi's own headings."""
    lines = [line.strip() for line in text.splitlines()]
    errors = [line for line in lines if line.startswith("error:") or "error:" in line[:80]]
    told = errors or [line for line in lines if not _NOISE.match(line)]
    joined = "; ".join(dict.fromkeys(line.removeprefix("error:").strip() for line in told if line))
    return joined[:_LONGEST] or "nothing at all"
