"""OD9xx: bugs in opsdecl."""

from opsdecl.diag.types import Code

CODES: tuple[Code, ...] = ()
