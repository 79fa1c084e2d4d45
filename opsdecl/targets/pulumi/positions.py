"""States are not told where a resource was declared: that is in opsdecl itself, and the path is one of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_positions() -> Iterator[None]:
    """Registrations carry no stack traces meanwhile; the SDK has no setting for it."""
    from pulumi.runtime import resource
    from pulumi.runtime.proto import source_pb2

    told = resource._get_stack_trace
    resource._get_stack_trace = source_pb2.StackTrace
    try:
        yield
    finally:
        resource._get_stack_trace = told
