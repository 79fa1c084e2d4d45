"""OD8xx: policies, approvals, evidence."""

from opsdecl.diag.types import Code

CODES: tuple[Code, ...] = ()
