"""Which provider serves which package; each is imported when the program first needs it."""

from __future__ import annotations

from sandbox.control_plane.endpoints import Endpoints
from sandbox.engine.goal import UnsupportedError
from sandbox.engine.provider import Provider
from sandbox.engine.providers.registry import Factory
from sandbox.engine.values import PropertyMap


def provider_factory(endpoints: Endpoints) -> Factory:
    """Return a factory whose providers reach only what this sandbox started.

    Args:
        endpoints: the running sandbox.
    """

    def make(package: str, inputs: PropertyMap) -> Provider:
        if package == "kubernetes":
            from sandbox.engine.providers.kubernetes.provider import KubernetesProvider  # noqa: PLC0415

            return KubernetesProvider(endpoints, inputs)
        if package == "aws":
            from sandbox.engine.providers.aws.provider import AwsProvider  # noqa: PLC0415

            return AwsProvider(endpoints, inputs)
        if package == "random":
            from sandbox.engine.providers.random import RandomProvider  # noqa: PLC0415

            return RandomProvider()
        raise UnsupportedError(
            f"the embedded engine has no provider for the package {package!r} (it has kubernetes, aws and random); "
            "deploy with the Pulumi CLI (ENGINE=pulumi)"
        )

    return make
