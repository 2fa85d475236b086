import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError

MOTO_ACCOUNT = "123456789012"  # the account id that moto serves unless told otherwise (moto.core.DEFAULT_ACCOUNT_ID)


@dataclass(frozen=True)
class Endpoints:
    """Where a running sandbox can be reached. Every address is on 127.0.0.1.

    Attributes:
        name: The sandbox's name.
        root: The project directory.
        api_url: The Kubernetes API server, as ``https://127.0.0.1:<port>``.
        ca_path: The CA certificate that signed the API server's certificate (PEM).
        client_cert_path: The administrator's client certificate (PEM).
        client_key_path: The key of that certificate (PEM, mode 0600).
        kubeconfig_path: A kubeconfig with the same credentials.
        moto_url: The AWS API, as ``http://127.0.0.1:<port>``.
        aws_account: The account id that the AWS API answers for.
        boot_ids: A random id for each start of a part that keeps nothing (``moto``): a new id means that it is empty.
        pids: The process id of the supervisor and of each part.
        versions: The version of each tool.
    """

    name: str
    root: Path
    api_url: str
    ca_path: Path
    client_cert_path: Path
    client_key_path: Path
    kubeconfig_path: Path
    moto_url: str
    aws_account: str = MOTO_ACCOUNT
    boot_ids: dict[str, str] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The JSON form, with paths as text."""
        return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Endpoints":
        """Read the JSON form.

        Raises:
            KeyError, TypeError: A field is missing, or there is one that is not known.
        """
        paths = ("root", "ca_path", "client_cert_path", "client_key_path", "kubeconfig_path")
        return cls(**{**data, **{key: Path(data[key]) for key in paths}})


def read_endpoints(path: Path) -> Endpoints | None:
    """Read an endpoints file; None when there is none or when it cannot be understood."""
    try:
        return Endpoints.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_json(path: Path, data: Any, *, mode: int = 0o600) -> None:
    """Write JSON so that a reader sees the old file or the new one, never a part of one.

    Raises:
        SandboxError: The file cannot be written.
    """
    write_text(path, json.dumps(data, indent=2, sort_keys=True) + "\n", mode=mode)


def write_text(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Write a text file so that a reader sees the old file or the new one, never a part of one.

    Raises:
        SandboxError: The file cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SandboxError(
            f"Cannot write {path.name}: {error.strerror or error}",
            where=str(path),
            fix="free some disk space, or make the directory writable",
        ) from error
