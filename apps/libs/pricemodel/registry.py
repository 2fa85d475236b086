"""The models that MLflow keeps: which version an alias names, and fetching a version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from pricemodel import MODEL_NAME
from pricemodel.forest import FACTS_FILE, ModelError, PriceModel, load_model

CHAMPION = "champion"
CHALLENGER = "challenger"
DIGEST_TAG = "model_sha256"
"""Tag of a version: digest of what it holds, so that the same model is not registered twice."""

_MISSING = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})


class RegistryError(Exception):
    """MLflow gave no answer, or not the one that was needed; the message names its address, the cause and the fix."""


class RegistrySettings(BaseModel):
    """How MLflow is reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tracking_uri: str | None = Field(
        default=None, description="MLflow's address, `http://` or `https://`.", examples=["http://mlflow:5000"]
    )
    username: str | None = Field(default=None, min_length=1, description="User of MLflow's basic authentication.")
    password: SecretStr | None = Field(default=None, description="Its password.")
    ca_file: Path | None = Field(default=None, description="Certificates that MLflow's own is checked against.")
    timeout_seconds: int = Field(default=5, ge=1, le=60, description="How long one request to MLflow may take.")

    @field_validator("tracking_uri")
    @classmethod
    def _must_be_an_http_address(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError("must be an address such as http://mlflow:5000")
            if parts.username or parts.password:
                raise ValueError("must not hold the user or the password; they have variables of their own")
        return value

    @model_validator(mode="after")
    def _user_and_password_go_together(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password are given together or not at all")
        return self


@dataclass(frozen=True)
class Registered:
    """A version in the registry.

    Attributes:
        version: MLflow's number of it.
        digest: the tag `DIGEST_TAG`, where it has one.
    """

    version: str
    digest: str | None


class ModelRegistry:
    """One registered model in MLflow. Calls block: an event loop makes them in a thread."""

    def __init__(self, settings: RegistrySettings, *, name: str = MODEL_NAME) -> None:
        """Use MLflow at ``settings.tracking_uri``, which must be set; nothing is sent yet.

        MLflow's client takes credentials and time-outs from the process environment only, so they are put there.

        Raises:
            ValueError: there is no address.
        """
        if settings.tracking_uri is None:
            raise ValueError("tracking_uri: MLflow's address is not set")
        self.url, self.name = settings.tracking_uri, name
        wanted = {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "MLFLOW_LOGGING_LEVEL": "WARNING",
            "MLFLOW_TRACKING_URI": settings.tracking_uri,
            # One retry: who calls here comes again, and knows better how long it can wait.
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
            "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
            "MLFLOW_HTTP_REQUEST_TIMEOUT": str(settings.timeout_seconds),
        }
        if settings.username is not None and settings.password is not None:
            wanted["MLFLOW_TRACKING_USERNAME"] = settings.username
            wanted["MLFLOW_TRACKING_PASSWORD"] = settings.password.get_secret_value()
        if settings.ca_file is not None:
            wanted["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(settings.ca_file)
        os.environ.update(wanted)
        self._known: Any = None

    @property
    def client(self) -> Any:
        """MLflow's client; importing it takes time, so that is done at the first call."""
        if self._known is None:
            from mlflow import MlflowClient  # noqa: PLC0415 - the start need not wait for it

            self._known = MlflowClient(tracking_uri=self.url, registry_uri=self.url)
        return self._known

    def named(self, alias: str) -> Registered | None:
        """The version that an alias names; None where there is no such model or alias.

        Raises:
            RegistryError: MLflow does not answer, or refuses.
        """
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - as above

        with self.told(f"alias {alias}"):
            try:
                found = self.client.get_model_version_by_alias(self.name, alias)
            except MlflowException as error:
                if error.error_code in _MISSING:
                    return None
                raise
        return Registered(str(found.version), found.tags.get(DIGEST_TAG))

    def fetch(self, version: str, folder: Path) -> PriceModel:
        """Download a version into an empty folder and read it; its self-test is not run.

        Raises:
            RegistryError: MLflow does not answer, or refuses.
            ModelError: what it holds is no price model of this version of the library.
        """
        with self.told(f"version {version}"):
            from mlflow.artifacts import download_artifacts  # noqa: PLC0415 - as above

            place = Path(
                download_artifacts(
                    artifact_uri=f"models:/{self.name}/{version}",
                    dst_path=str(folder),
                    tracking_uri=self.url,
                    registry_uri=self.url,
                )
            )
        found = sorted(place.rglob(FACTS_FILE))
        if len(found) != 1:
            raise ModelError(
                f"{self.name} version {version}: {len(found)} files {FACTS_FILE}, there must be one; it was not "
                "registered by model-training"
            )
        return load_model(found[0].parent)

    @contextmanager
    def told(self, what: str) -> Iterator[None]:
        """Turn whatever MLflow and what lies below it raise into a sentence.

        Raises:
            RegistryError: something was raised.
        """
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - as above

        try:
            yield
        except (MlflowException, OSError, ValueError) as error:
            # requests' own errors are OSErrors.
            reason = (str(error).splitlines() or [type(error).__name__])[0][:300]
            raise RegistryError(f"MLflow at {self.url}, {self.name}, {what}: {reason}") from error
