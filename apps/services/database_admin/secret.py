"""The administrator's name and password, which RDS makes and rotates in Secrets Manager."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

_SECONDS = 5
_NODES_OWN = "iam-role"
"""What botocore calls credentials of the machine that it runs on."""


class SecretError(Exception):
    """The secret cannot be had, or is not one; the message says which and why, and holds nothing of it."""

    exit_code = 1


class Administrator(BaseModel):
    """As whom to log in."""

    model_config = ConfigDict(frozen=True)

    username: str = Field(min_length=1)
    password: SecretStr = Field(min_length=1)


class AdministratorSecret:
    """One secret; opens no connection before it is read.

    Args:
        arn: its ARN.
        region: its region.
    """

    def __init__(self, arn: str, region: str) -> None:
        self._arn = arn
        session = botocore.session.get_session()
        # The node's role is for the node: a pod without a role of its own is told so.
        session.get_component("credential_provider").remove(_NODES_OWN)
        limits = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"mode": "standard"})
        self._client: Any = session.create_client("secretsmanager", region_name=region, config=limits)

    def read(self) -> Administrator:
        """Read it anew, since it is rotated.

        Raises:
            SecretError: it may not be read, does not answer, or has no name and password in it.
        """
        try:
            answer = self._client.get_secret_value(SecretId=self._arn)
        except ClientError as error:
            raise SecretError(f"{self._arn}: {_reason(error)}") from error
        except BotoCoreError as error:
            raise SecretError(f"{self._arn}: {' '.join(str(error).split())}") from error
        return self._parse(answer.get("SecretString") or "")

    def _parse(self, text: str) -> Administrator:
        try:
            return Administrator.model_validate(json.loads(text))
        except (ValueError, ValidationError):
            # Without its cause, which would show what is in the secret.
            raise SecretError(f"{self._arn}: it is no JSON with username and password, as RDS makes it") from None


def _reason(error: ClientError) -> str:
    told = error.response.get("Error", {})
    return f"{told.get('Code', 'refused')}: {told.get('Message', 'no reason was given')}"
