"""A resource monitor that keeps every registration as the SDK sent it. Importing this imports Pulumi."""

from typing import Any

from pulumi.runtime.mocks import MockCallArgs, MockEngine, MockMonitor, MockResourceArgs, Mocks, MockSettings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import Settings

STACK_TYPE = "pulumi:pulumi:Stack"


class _NoMocks(Mocks):
    """The monitor answers for itself; nothing else may be asked."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise NotImplementedError(args.typ)

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(args.token)


class RecordingMonitor(MockMonitor):
    """`requests` holds the request of every resource but the stack, by URN."""

    def __init__(self, project: str, stack: str) -> None:
        super().__init__(_NoMocks())
        self.project = project
        self.stack = stack
        self.requests: dict[str, Any] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine makes it: the stack itself is not part of its children's types."""
        outer = parent.split("::")[2] if parent else ""
        qualified = type_ if outer in ("", STACK_TYPE) else f"{outer}${type_}"
        return f"urn:pulumi:{self.stack}::{self.project}::{qualified}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 the name is the protocol's
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type != STACK_TYPE:
            if urn in self.requests:
                raise ValueError(f"registered twice: {urn}")
            self.requests[urn] = request
        return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name, object=request.object)


def recording_settings(monitor: RecordingMonitor) -> Settings:
    """Settings that lead every registration to the monitor, as for a deployment that is not a preview."""
    features = set(monitor.GetDeploymentInfo(None).supportedFeatures)  # type: ignore[no-untyped-call]
    return MockSettings(  # type: ignore[no-untyped-call]
        monitor=monitor,
        monitor_features=features,
        engine=MockEngine(None),
        project=monitor.project,
        stack=monitor.stack,
        dry_run=False,
        organization=None,
        callbacks=None,
    )
