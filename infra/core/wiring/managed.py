"""Services of the cloud that live in the platform's own network, such as a database."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.core.wiring.edges import External

ZONE = "managed.internal"
"""Ending of the names. Nothing resolves them: AWS chooses the real names when it makes the services."""


def _private(text: str) -> str:
    if not IPv4Network(text).is_private:
        raise ValueError(f"{text} is no private network: a managed service is inside the platform's own")
    return text


class ManagedService(External):
    """A managed service, which pods reach at private addresses.

    To be used like any offer (``uses=[service]``). A NetworkPolicy then opens its one port in its subnets only, and
    the mesh hears of it by address: the host is a name in reports and policies, not one that clients look up. How the
    mesh's node proxy treats a ServiceEntry of whole networks could not be tried here.
    """

    protocol: Literal["HTTPS", "TLS", "TCP"] = "TCP"
    blocks: tuple[Annotated[str, AfterValidator(_private)], ...] = Field(
        min_length=1, description="networks that its addresses are in"
    )

    @classmethod
    def of(cls, name: str, environment: str, port: int, blocks: tuple[str, ...]) -> ManagedService:
        """The service of that name in an environment."""
        return cls(host=f"{name}.{environment}.{ZONE}", port=port, blocks=blocks)

    def peers(self) -> list[dict[str, object]]:
        """Its subnets."""
        return [{"ipBlock": {"cidr": block}} for block in self.blocks]

    def place(self) -> dict[str, object]:
        """Its networks: a connection to any of their addresses on its port is one to it."""
        return {"addresses": list(self.blocks), "resolution": "NONE"}
