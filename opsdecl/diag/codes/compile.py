"""OD3xx: layers, variables, references."""

from opsdecl.diag.types import Code

CODES: tuple[Code, ...] = ()
