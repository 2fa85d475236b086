"""A caller whose token was checked."""

from dataclasses import dataclass

READERS = frozenset({"analyst", "data-scientist", "service", "steward", "partner"})
"""Roles (infra/catalog/roles.yaml) that may read predictions, streams and features, each within its tenants."""

WRITERS = frozenset({"service", "steward"})
"""Roles that may write."""

ALL_TENANTS = "platform"
"""The tenant that the platform itself is; who belongs to it sees every other."""


@dataclass(frozen=True)
class Principal:
    """Who calls.

    Attributes:
        subject: the identity's name at its issuer.
        roles: what it may, by the names of the catalog's roles; others are kept and mean nothing here.
        tenants: whose data it belongs to.
        expires_at: epoch seconds at which the token ends; what lasts longer than a request ends then too.
    """

    subject: str
    roles: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()
    expires_at: float = float("inf")

    @property
    def sees_all_tenants(self) -> bool:
        """Whether it is no tenant's own: the platform, its services and its stewards."""
        return ALL_TENANTS in self.tenants or bool(self.roles & WRITERS)

    def may_see(self, tenant: str) -> bool:
        """Whether data of a tenant is its to read."""
        return self.sees_all_tenants or tenant in self.tenants
