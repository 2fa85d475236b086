"""Whether spans are sent, where to, and which of them: by the variables of OpenTelemetry's own specification."""

from typing import Literal

from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """What OpenTelemetry's specification calls these variables, ``OTEL_...``, is what they are called here.

    The library itself reads those that say how to send: OTEL_EXPORTER_OTLP_HEADERS, _TIMEOUT (seconds), _CERTIFICATE
    and _COMPRESSION, OTEL_BSP_... and OTEL_RESOURCE_ATTRIBUTES, in which a pod says where it runs:
    ``k8s.namespace.name=...,k8s.pod.name=...``. The prefix belongs to no service, so that other names are no mistake.
    """

    model_config = SettingsConfigDict(env_prefix="OTEL_", frozen=True, extra="ignore", env_ignore_empty=True)

    sdk_disabled: bool = Field(default=False, description="Send nothing, whatever else is set.")
    exporter_otlp_endpoint: HttpUrl | None = Field(
        default=None,
        description="The collector, to whose path /v1/traces spans are sent; no spans are made without it",
        examples=["http://collector.observability.svc:4318"],
    )
    exporter_otlp_protocol: Literal["http/protobuf"] = Field(
        default="http/protobuf", description="The one that is spoken here; a collector listens for it on port 4318"
    )
    traces_sampler: Literal["parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"] = Field(
        default="parentbased_always_on", description="Which traces are recorded that begin here; others as their caller"
    )
    traces_sampler_arg: float = Field(
        default=1.0, ge=0, le=1, description="Share of the traces that parentbased_traceidratio records"
    )

    @property
    def traces_endpoint(self) -> str | None:
        """Where spans are sent; None where none are."""
        if self.sdk_disabled or self.exporter_otlp_endpoint is None:
            return None
        return f"{str(self.exporter_otlp_endpoint).rstrip('/')}/v1/traces"
