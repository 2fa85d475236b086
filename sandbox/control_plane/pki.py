import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

VALID_DAYS = 365
RENEW_DAYS = 30
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


def ensure_pki(directory: Path) -> Pki:
    """Make the certificates and keys unless all are there and valid for another 30 days.

    Args:
        directory: Where they are kept.

    Raises:
        SandboxError: The directory cannot be written.
    """
    pki = Pki(directory)
    try:
        if _usable(pki):
            return pki
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        # cryptography takes 0.1 s to import, which only the first start of a sandbox needs to wait for
        from sandbox.control_plane.certificates import create_pki  # noqa: PLC0415

        create_pki(pki)
    except OSError as error:
        raise SandboxError(
            f"Cannot write the certificates: {error.strerror or error}",
            where=str(directory),
            fix="make the directory writable, or free some disk space",
        ) from error
    return pki


def _usable(pki: Pki) -> bool:
    stamp = pki.directory / "expires"
    if not stamp.is_file() or not all(path.is_file() and path.stat().st_size for path in pki.files()):
        return False
    try:
        expires = dt.datetime.fromisoformat(stamp.read_text(encoding="ascii").strip())
    except ValueError:
        return False
    return expires - dt.datetime.now(dt.UTC) > dt.timedelta(days=RENEW_DAYS)
