"""Who calls, and what they may: OIDC bearer tokens, checked the same way by every service."""

from servicekit.auth.guard import PROBLEMS, Guard, problems, requires
from servicekit.auth.limits import RateLimit, RateLimiter
from servicekit.auth.principal import ALL_TENANTS, READERS, WRITERS, Principal
from servicekit.auth.refusal import Refused
from servicekit.auth.settings import AuthSettings
from servicekit.auth.tokens import TokenSource
from servicekit.auth.verify import Authenticator

__all__ = [
    "ALL_TENANTS",
    "PROBLEMS",
    "READERS",
    "WRITERS",
    "AuthSettings",
    "Authenticator",
    "Guard",
    "Principal",
    "RateLimit",
    "RateLimiter",
    "Refused",
    "TokenSource",
    "problems",
    "requires",
]
