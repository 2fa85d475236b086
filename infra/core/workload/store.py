"""A server that keeps data as a workload: one pod with a volume, and passwords for its accounts."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from infra.core.catalog.images import Image
from infra.core.labels import Ownership
from infra.core.models import Args
from infra.core.workload.secret_key import SecretKey
from infra.core.workload.spec import Resources, Storage, WorkloadSpec

BURST = 4
"""How many times its request a store may take of the CPU while others leave it unused."""


class StoreArgs(Args):
    """The server; sizes in millicores and bytes."""

    image: Image
    ownership: Ownership
    cpu: int = Field(ge=1)
    memory: int = Field(ge=1)
    storage: int = Field(ge=1)
    storage_class: str | None = None


class Accounts(Args):
    """Accounts of a server: each has a password in a Secret of its own, which the server reads from a variable."""

    server: str = Field(description="what the names of the Secrets begin with")
    names: tuple[str, ...] = Field(min_length=1)
    variables: str = Field(default="", description="what the names of the variables begin with")

    def secret(self, name: str) -> str:
        """Name of the Secret with an account's password."""
        return f"{self.server}-{name.replace('_', '-')}"

    def password(self, name: str) -> SecretKey:
        """Reference to an account's password."""
        return SecretKey(secret=self.secret(name), key="password")

    def variable(self, name: str) -> str:
        """Variable of the server with an account's password."""
        return f"{self.variables}{name.upper().replace('-', '_')}_PASSWORD"

    def environment(self) -> dict[str, SecretKey]:
        """Every password, by its variable."""
        return {self.variable(name): self.password(name) for name in self.names}


def store_spec(args: StoreArgs, *, volume: str, burst: int = BURST, **rest: Any) -> WorkloadSpec:
    """The workload.

    Args:
        args: image and sizes.
        volume: where its data is.
        burst: how many times its request it may take of the CPU.
        rest: further fields of the declaration.
    """
    return WorkloadSpec(
        kind="statefulset",
        ownership=args.ownership,
        image=args.image,
        resources=Resources(cpu_request=args.cpu, cpu_limit=args.cpu * burst, memory=args.memory),
        storage=Storage(mount_path=volume, size=args.storage, storage_class=args.storage_class),
        **rest,
    )
