"""What went wrong at the hub or in a folder, in people's words."""

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import catalogue as codes


def unusable(said: str, hint: str = "") -> Diagnostic:
    hint = hint or "name a repository as hf://org/name, a folder with a config.json, or a config.json"
    return Diagnostic(codes.SOURCE_UNUSABLE, said, hint=hint)


def without_safetensors(where: str, *, pickled: bool) -> Diagnostic:
    held = "only pickled weights" if pickled else "no weights"
    hint = "use a repository with safetensors files, or convert the weights"
    return Diagnostic(codes.NO_SAFETENSORS, f"`{where}` has {held}, and no safetensors file", hint=hint)


def broken(where: str, name: str, said: str) -> Diagnostic:
    hint = "fetch or publish the file again, and compare its digest"
    return Diagnostic(codes.WEIGHTS_UNREADABLE, f"`{name}` of `{where}` cannot be read: {said}", hint=hint)
