"""Which provider serves which package; each is imported when the program first needs it."""

from __future__ import annotations

from sandbox.control_plane.endpoints import Endpoints
from sandbox.engine.goal import UnsupportedError
from sandbox.engine.provider import Provider
from sandbox.engine.providers.registry import Factory
from sandbox.engine.values import PropertyMap

_REGION = "us-east-1"
"""The region of a provider that names none, as in the AWS command line's examples."""


def provider_factory(endpoints: Endpoints) -> Factory:
    """Return a factory whose providers reach only what this sandbox started.

    Args:
        endpoints: the running sandbox.
    """

    def make(package: str, inputs: PropertyMap) -> Provider:
        if package == "kubernetes":
            from sandbox.engine.providers.kubernetes.connection import Connection, Settings  # noqa: PLC0415
            from sandbox.engine.providers.kubernetes.provider import KubernetesProvider  # noqa: PLC0415

            return KubernetesProvider(Connection.of(endpoints), Settings.of_provider(inputs))
        if package == "aws":
            from sandbox.engine.providers.aws.connection import AwsEndpoint  # noqa: PLC0415
            from sandbox.engine.providers.aws.provider import AwsProvider  # noqa: PLC0415
            from sandbox.engine.providers.aws.settings import AwsSettings  # noqa: PLC0415

            settings = AwsSettings.from_inputs("the aws provider", inputs)
            region = settings.region or _REGION
            provider = AwsProvider(AwsEndpoint(endpoints.moto_url, region, endpoints.aws_account), settings)
            provider.warm()
            return provider
        if package == "random":
            from sandbox.engine.providers.random import RandomProvider  # noqa: PLC0415

            return RandomProvider()
        raise UnsupportedError(
            f"the embedded engine has no provider for the package {package!r} (it has kubernetes, aws and random); "
            "deploy with the Pulumi CLI (ENGINE=pulumi)"
        )

    return make
