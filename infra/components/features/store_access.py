"""How clients reach a store of features: in the cluster by its Service, on AWS by a name that AWS chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
from pydantic import Field

from infra.core.component import PlatformComponent
from infra.core.kubernetes_object import KubernetesObject
from infra.core.labels import Ownership, object_labels
from infra.core.models import Args
from infra.core.wiring import External, Login, Offer, OutsideUse, Use
from infra.core.workload.spec import SharedFiles

HOST = "host"
"""Key of a ConfigMap, and name of the mounted file, with the host of a store that AWS runs."""

AUTHORITY = "ca.pem"
"""Likewise with the authorities that signed its certificate."""


class StoreAccess(Args):
    """Where a store is and what a client mounts to find it.

    Its host is known before it is made, or stands in a mounted file, and connections to it are then by TLS with the
    server's name checked: the name that AWS gave it is the one in its certificate.
    """

    target: Offer | External = Field(description="the store, for the wiring")
    port: int = Field(ge=1, le=65535)
    host: str | None = Field(default=None, description="DNS name; in a file if null")
    files: tuple[SharedFiles, ...] = Field(default=(), description="folder with its host, where that is in a file")

    def use(self, login: Login | None = None) -> Use | OutsideUse:
        """The store, used with an account of its own."""
        return self.target.use(login)

    def place(self, prefix: str) -> dict[str, str]:
        """Settings that say where it is.

        Args:
            prefix: what their names begin with.
        """
        host = {"HOST": self.host} if self.host else {"HOST_FILE": self.file(HOST)}
        return {f"{prefix}{name}": value for name, value in {**host, "PORT": str(self.port)}.items()}

    def file(self, name: str) -> str:
        """Path of a mounted file."""
        return f"{self.files[0].mount_path}/{name}"


class ServiceFiles(Args):
    """A ConfigMap about a service that AWS runs, in the namespace of each of its clients."""

    service: str = Field(description="the service, by whose name what AWS chose is given")
    config_map: str = Field(description="its name, the same in every namespace")
    namespaces: tuple[str, ...] = Field(min_length=1, description="where its clients are")
    files: dict[str, str] = Field(default_factory=dict, description="what is known of it before it is made")


class ServiceFilesArgs(Args):
    """What clients are told of services that AWS runs."""

    ownership: Ownership
    entries: tuple[ServiceFiles, ...] = ()


class ManagedServiceFiles(PlatformComponent):
    """Addresses and authorities of services that AWS runs, as files for their clients.

    A Service of type ExternalName would give them a name of the cluster, which is in no certificate of AWS's.

    Args:
        chosen: what AWS chose when it made each service, by service and file.
        ready: what must exist in each namespace before anything is declared there.

    Attributes:
        objects: the ConfigMaps, which those who mount them depend on.
    """

    DOMAIN = "features"
    objects: Sequence[KubernetesObject]

    def __init__(
        self,
        name: str,
        args: ServiceFilesArgs,
        *,
        chosen: Mapping[str, Mapping[str, pulumi.Output[str]]],
        ready: Mapping[str, Sequence[pulumi.Resource]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts=opts)
        objects: list[KubernetesObject] = []
        for entry in args.entries:
            data = {**entry.files, **chosen[entry.service]}
            for namespace in entry.namespaces:
                labels = object_labels(entry.config_map, "features", args.ownership)
                manifest = {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": entry.config_map, "namespace": namespace, "labels": labels},
                    "data": data,
                }
                objects.append(self.declare(f"{entry.service}-{namespace}", manifest, after=ready[namespace]))
        self.objects = objects
        self.register_outputs({"configMaps": [entry.config_map for entry in args.entries]})
