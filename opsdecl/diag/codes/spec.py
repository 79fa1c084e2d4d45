"""OD2xx: the shape of one document."""

from opsdecl.diag.types import Code

CODES: tuple[Code, ...] = ()
