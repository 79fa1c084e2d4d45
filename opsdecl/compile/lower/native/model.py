"""placeholder"""

from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked


def lower_model(subject: Subject) -> Checked[tuple[Resource, ...]]:
    return Checked(())
