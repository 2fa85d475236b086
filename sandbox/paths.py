import os
import re
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import ConfigurationError

NAME_LIMIT = 40
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def project_root() -> Path:
    """The project directory: ``SANDBOX_ROOT`` when it is set, else the checkout that holds this package."""
    chosen = os.environ.get("SANDBOX_ROOT")
    return Path(chosen).resolve() if chosen else Path(__file__).resolve().parents[1]


def validate_name(name: str) -> str:
    """Return the name of a sandbox when it is a DNS label of at most 40 characters.

    Raises:
        ConfigurationError: The name is empty, too long, or has characters that a DNS label may not have.
    """
    if len(name) > NAME_LIMIT:
        raise ConfigurationError(
            f"The sandbox name {name!r} has {len(name)} characters; the limit is {NAME_LIMIT}",
            fix="choose a shorter name",
        )
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"The sandbox name {name!r} is not a DNS label",
            fix="use lower-case letters, digits and hyphens, beginning and ending with a letter or digit",
        )
    return name


@dataclass(frozen=True)
class SandboxPaths:
    """Where one sandbox keeps its files: everything is below ``<root>/.sandbox/<name>/``.

    Attributes:
        root: The project directory.
        name: The sandbox's name.
    """

    root: Path
    name: str

    @classmethod
    def of(cls, name: str, root: Path | None = None) -> "SandboxPaths":
        """The layout of a sandbox.

        Args:
            name: The sandbox's name.
            root: The project directory; by default that of ``project_root()``.

        Raises:
            ConfigurationError: The name is not a DNS label of at most 40 characters.
        """
        return cls(root=(root or project_root()).resolve(), name=validate_name(name))

    @property
    def home(self) -> Path:
        """The directory of this sandbox."""
        return self.root / ".sandbox" / self.name

    @property
    def endpoints_file(self) -> Path:
        """Where the running sandbox can be reached (mode 0600)."""
        return self.home / "endpoints.json"

    @property
    def status_file(self) -> Path:
        """What the supervisor last said about its parts."""
        return self.home / "status.json"

    @property
    def spec_file(self) -> Path:
        """What the supervisor was asked to run."""
        return self.home / "spec.json"

    @property
    def supervisor_lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.home / "supervisor.lock"

    @property
    def start_lock(self) -> Path:
        """Held by whoever starts, stops or destroys this sandbox."""
        return self.root / ".sandbox" / f".{self.name}.start.lock"

    @property
    def pki(self) -> Path:
        """Certificates and keys (mode 0700)."""
        return self.home / "pki"

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of the administrator (mode 0600)."""
        return self.home / "kubeconfig"

    @property
    def etcd_data(self) -> Path:
        """The data directory of etcd, the only state that outlives a stop."""
        return self.home / "etcd"

    @property
    def volumes(self) -> Path:
        """The directories behind persistent volumes."""
        return self.home / "volumes"

    @property
    def logs(self) -> Path:
        """One log a part."""
        return self.home / "logs"

    @property
    def host(self) -> Path:
        """What the agent of host processes keeps: the pods' directories and logs (mode 0700)."""
        return self.home / "host"

    @property
    def config(self) -> Path:
        """Configuration files generated for the parts."""
        return self.home / "config"
