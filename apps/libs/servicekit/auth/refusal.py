"""How a caller is turned away."""

from typing import Literal

Code = Literal["invalid_request", "invalid_token", "insufficient_scope", "unavailable"]


class Refused(Exception):  # noqa: N818 - it is an answer, not a mistake
    """A caller is turned away.

    Attributes:
        status: 401 where the token is at fault, 403 where it is sound and does not allow this, 503 without keys.
        code: the error of RFC 6750; None where there was no token at all.
        reason: why, for the caller; nothing of the token is in it.
    """

    def __init__(self, status: int, code: Code | None, reason: str) -> None:
        """Turn away with a status of HTTP."""
        super().__init__(reason)
        self.status, self.code, self.reason = status, code, reason

    @property
    def challenge(self) -> str:
        """The header `WWW-Authenticate` that belongs to it."""
        if self.code is None:
            return "Bearer"
        return f'Bearer error="{self.code}", error_description="{self.reason}"'


def invalid(reason: str) -> Refused:
    """The token is at fault; says why, and nothing of what is in it."""
    return Refused(401, "invalid_token", reason)
