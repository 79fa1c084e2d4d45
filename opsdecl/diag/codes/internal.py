"""OD9xx: bugs in opsdecl."""

from opsdecl.diag.types import Code

CRASH = Code(
    "OD901",
    "Bug in opsdecl",
    "opsdecl met a state that it should never be in. Nothing that you wrote is at fault, although changing it may "
    "help.\n\n"
    "The full account is in the file that the message names. Please report it together with that file; it holds no "
    "secret values, but read it before you send it. What an apply had recorded before stays valid: run the command "
    "again.",
    "error[OD901]: opsdecl stopped on an internal error (KeyError: 'spec')",
)

CODES: tuple[Code, ...] = (CRASH,)
