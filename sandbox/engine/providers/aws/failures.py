"""What went wrong with one AWS call, told for people, and whether another attempt may help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sandbox.engine.provider import ProviderError

THROTTLES: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "SlowDown",
        "PriorRequestNotComplete",
        "TransactionInProgressException",
        "ProvisionedThroughputExceededException",
    }
)
"""Error codes of services that ask for a slower pace, as botocore's retry rules list them."""

TRANSIENT: Final = frozenset({"RequestTimeout", "RequestTimeoutException", "InternalError", "InternalFailure"})
"""Error codes that botocore's retry rules count as passing."""

CONFLICTS: Final = frozenset({"OperationAborted", "ConcurrentModification", "ConcurrentModificationException"})
"""Error codes of two operations on one resource at the same time."""


@dataclass(frozen=True)
class Failure:
    """One failed AWS call.

    Attributes:
        service: the service asked, such as `s3`.
        operation: the operation asked, such as `CreateBucket`.
        code: the service's error code, or the kind of connection failure.
        message: the service's own words, without secret values.
        status: the HTTP status; 0 when no answer came.
        transient: another attempt may succeed. Whether the failed one took effect is not known.
    """

    service: str
    operation: str
    code: str
    message: str
    status: int
    transient: bool


class AwsError(ProviderError):
    """An AWS call failed for good.

    Attributes:
        failure: what came back.
    """

    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failure = failure


def classify(service: str, operation: str, error: Exception, endpoint: str) -> Failure:
    """Describe an exception that a client raised; what no client raises is raised again."""
    from botocore import exceptions  # noqa: PLC0415 importing botocore takes half a second
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    if isinstance(error, exceptions.ClientError):
        return _answered(service, operation, error)
    if isinstance(error, exceptions.ParamValidationError):
        # The report quotes values, and a value may be secret: only the names of the parameters are kept.
        names = sorted({line.split("value:")[0].strip(" ,") for line in str(error).splitlines()[1:] if line.strip()})
        return Failure(service, operation, "ParamValidation", "; ".join(names), 0, transient=False)
    if isinstance(error, exceptions.EndpointConnectionError | exceptions.ConnectTimeoutError):
        text = f"nothing answers at {endpoint}; is the sandbox still running? (`sandbox status` tells)"
        return Failure(service, operation, "NoConnection", text, 0, transient=True)
    if isinstance(error, exceptions.ReadTimeoutError):
        return Failure(service, operation, "Timeout", f"no answer from {endpoint} in time", 0, transient=True)
    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
        return Failure(service, operation, "ConnectionLost", f"the connection to {endpoint} broke", 0, transient=True)
    if isinstance(error, ResponseParserError):
        text = f"{endpoint} answered with something that is no AWS answer"
        return Failure(service, operation, "BadAnswer", text, 0, transient=True)
    raise error


def _answered(service: str, operation: str, error: Exception) -> Failure:
    response = getattr(error, "response", {})
    details = response.get("Error", {})
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(details.get("Code", "Unknown"))
    passing = status in (429, 408) or status >= 500 or code in THROTTLES | TRANSIENT | CONFLICTS
    return Failure(service, operation, code, str(details.get("Message", "")), status, transient=passing)
