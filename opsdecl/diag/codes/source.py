"""OD1xx: files, YAML text, hostile input."""

from opsdecl.diag.types import Code

CODES: tuple[Code, ...] = ()
