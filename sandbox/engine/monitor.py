"""Pulumi's resource monitor, served inside the program's own process."""

from __future__ import annotations

from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import resource_pb2

from sandbox.engine import wire
from sandbox.engine.deployment import Deployment, Registered
from sandbox.engine.values import UNKNOWN

FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
)
"""What the SDK may use; it refuses by itself what is not listed (transforms, hooks, parameterized packages)."""

_OTHERWISE = "deploy with the Pulumi CLI (ENGINE=pulumi)"
_LOOK_UPS = f"programs of the embedded engine make no look-ups: pass the value by config, or {_OTHERWISE}"


class Monitor:
    """The methods of Pulumi's ResourceMonitor service, named and shaped as the SDK calls them.

    They are called from as many threads as there are registrations; each returns when its step is done.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: ARG002, N802 the service's own names
        """Tell what this engine implements."""
        deployment = self._deployment
        return resource_pb2.DeploymentInfo(
            project=deployment.project,
            stack=deployment.stack,
            dryRun=deployment.planning,
            supportedFeatures=FEATURES,
        )

    def SupportsFeature(self, request: Any) -> Any:  # noqa: N802
        """Answer for one feature by its old name."""
        names = {"secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith"}
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in names)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        """Take one registration and answer when its step is done."""
        registered = self._deployment.register(request)
        record = registered.record
        return resource_pb2.RegisterResourceResponse(
            urn=record.urn,
            id="" if record.id in ("", UNKNOWN) else record.id,
            object=wire.encode(record.outputs),
            result=resource_pb2.Result.FAIL if registered.failed else resource_pb2.Result.SUCCESS,
            propertyDependencies=_property_dependencies(registered),
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Take the outputs of a component or of the stack."""
        self._deployment.outputs(request.urn, wire.decode(request.outputs))
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Let the program end: there are no hooks that could still be called."""
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Refuse a provider function, by name."""
        raise self._deployment.refuse(f"the program calls the provider function {request.tok}; {_LOOK_UPS}", None)

    def Call(self, request: Any) -> Any:  # noqa: N802
        """Refuse a method of a provider's component, by name."""
        what = f"the program calls the method {request.tok}, which the embedded engine does not have; {_OTHERWISE}"
        raise self._deployment.refuse(what, None)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """Refuse to read a resource that the program does not own."""
        raise self._deployment.refuse(f"it is read with get() (id {request.id!r}); {_LOOK_UPS}", request)

    def ExistsResource(self, request: Any) -> Any:  # noqa: N802
        """Refuse to look for a resource that the program does not own."""
        raise self._deployment.refuse(
            f"the program asks whether {request.type} {request.id!r} exists; {_LOOK_UPS}", None
        )


def _property_dependencies(registered: Registered) -> dict[str, Any]:
    message = resource_pb2.RegisterResourceResponse.PropertyDependencies
    return {key: message(urns=urns) for key, urns in registered.record.property_dependencies.items()}
