"""What the sandbox changes in a stack's configuration: operators are not installed, and AWS is served here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.control_plane.endpoints import MOTO_ACCOUNT, Endpoints

REGION = "us-east-1"
"""The region of a stack that names none."""


def overrides(values: Mapping[str, str], project: str, endpoints: Endpoints | None) -> dict[str, Any]:
    """Return configuration by dotted path, for one run.

    The address of the AWS API is not among it: the embedded engine knows where it is, and a stack whose configuration
    does not change from one start of the sandbox to the next has an empty plan.

    Args:
        values: the stack's configuration by full key.
        project: the project's name.
        endpoints: the running sandbox; None for a rendering, which reaches nothing.
    """
    changed: dict[str, Any] = {"operators.mode": "crds-only"}
    if f"{project}:aws" not in values:
        changed |= {"aws.accountId": MOTO_ACCOUNT, "aws.region": REGION}
    if endpoints is not None:
        changed |= {"aws.accountId": endpoints.aws_account}
    return changed
