from dataclasses import dataclass
from pathlib import Path

VALID_DAYS = 365
SERVICE_RANGE = "10.96.0.0/16"
SERVICE_IP = "10.96.0.1"  # the first address of the range, which the API server's own Service takes


@dataclass(frozen=True)
class Identity:
    """Who a client certificate stands for: a user name and its groups, as RBAC reads them."""

    file: str
    user: str
    groups: tuple[str, ...] = ()


ADMIN = Identity("admin", "sandbox-admin", ("system:masters",))
# Controllers run as one administrator here: a service account each would need RBAC bindings that a sandbox has no
# reader for. Admission still sees the real component's name.
CONTROLLER_MANAGER = Identity("controller-manager", "system:kube-controller-manager", ("system:masters",))
SCHEDULER = Identity("scheduler", "system:kube-scheduler")
KWOK = Identity("kwok", "sandbox:kwok", ("system:masters",))
SUPERVISOR = Identity("supervisor", "sandbox:supervisor", ("system:masters",))
HOST = Identity("host", "sandbox:host", ("system:masters",))
ETCD_CLIENT = Identity("etcd-client", "sandbox:etcd-client")
IDENTITIES = (ADMIN, CONTROLLER_MANAGER, SCHEDULER, KWOK, SUPERVISOR, HOST, ETCD_CLIENT)


@dataclass(frozen=True)
class Pki:
    """The certificates and keys of one sandbox, all PEM files in one directory of mode 0700."""

    directory: Path

    @property
    def ca(self) -> Path:
        """The certificate that signed all others."""
        return self.directory / "ca.crt"

    @property
    def ca_key(self) -> Path:
        """Its key, which the controller manager signs requests with."""
        return self.directory / "ca.key"

    @property
    def server(self) -> Path:
        """The certificate of the API server and of etcd."""
        return self.directory / "server.crt"

    @property
    def server_key(self) -> Path:
        """Its key."""
        return self.directory / "server.key"

    @property
    def service_accounts(self) -> Path:
        """The public key that service-account tokens are checked with."""
        return self.directory / "sa.pub"

    @property
    def service_accounts_key(self) -> Path:
        """The key that they are signed with."""
        return self.directory / "sa.key"

    def client(self, who: Identity) -> Path:
        """The certificate of a client."""
        return self.directory / f"{who.file}.crt"

    def client_key(self, who: Identity) -> Path:
        """Its key."""
        return self.directory / f"{who.file}.key"

    def files(self) -> list[Path]:
        """All files."""
        fixed = [
            self.ca,
            self.ca_key,
            self.server,
            self.server_key,
            self.service_accounts,
            self.service_accounts_key,
        ]
        return fixed + [path for who in IDENTITIES for path in (self.client(who), self.client_key(who))]
