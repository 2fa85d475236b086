"""Secret values in the state: encrypted with a key that stands in a file of its own, readable by its owner only."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from sandbox.engine.values import Json, Secret
from sandbox.errors import SandboxError

_MARK = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 Pulumi's public mark for a secret, not a secret itself


class SecretBox:
    """Encrypts and decrypts the secret leaves of property maps, in the shape of Pulumi's own state files."""

    def __init__(self, key: bytes, path: Path | None = None) -> None:
        self._fernet = Fernet(key)
        self._path = path
        self._sealed: dict[str, str] = {}

    @classmethod
    def open(cls, path: Path) -> SecretBox:
        """Read the key at `path`, or make one with mode 0600.

        Raises:
            SandboxError: the file is not a key or cannot be read or written, or it is missing where its state is not.
        """
        state = path.with_suffix(".db")
        if state.exists() and not path.exists():
            raise SandboxError(
                what="the key of the state's secrets is missing",
                where=str(path),
                fix=f"put the key back that belongs to {state.name}, or remove the sandbox with `sandbox down`",
            )
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                _make_key(path)
            return cls(path.read_bytes().strip(), path)
        except (OSError, ValueError) as error:
            raise SandboxError(
                what=f"the key of the state's secrets cannot be used: {error}",
                where=str(path),
                fix="restore the file, or remove the sandbox with `sandbox down` and build it anew",
            ) from error

    def seal(self, value: Json) -> Json:
        """Return the value with each `Secret` as an object that holds its ciphertext."""
        if isinstance(value, Secret):
            plain = json.dumps(value.value, sort_keys=True)
            if plain not in self._sealed:
                self._sealed[plain] = self._fernet.encrypt(plain.encode()).decode()
            return {_MARK: _SECRET, "ciphertext": self._sealed[plain]}
        if isinstance(value, dict):
            return {key: self.seal(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.seal(item) for item in value]
        return value

    def open_sealed(self, value: Json) -> Json:
        """Return the value with each ciphertext as a `Secret`.

        Raises:
            SandboxError: a ciphertext does not belong to this key.
        """
        if isinstance(value, dict):
            if value.get(_MARK) == _SECRET:
                return Secret(self._decrypt(value["ciphertext"]))
            return {key: self.open_sealed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.open_sealed(item) for item in value]
        return value

    def _decrypt(self, ciphertext: str) -> Json:
        try:
            plain = self._fernet.decrypt(ciphertext.encode()).decode()
        except InvalidToken as error:
            raise SandboxError(
                what="a secret in the state was not encrypted with this sandbox's key",
                where=str(self._path or "the key"),
                fix="nothing was changed; restore the key that belongs to this state",
            ) from error
        self._sealed[plain] = ciphertext
        return json.loads(plain)


def _make_key(path: Path) -> None:
    """Write a new key beside its place and link it there whole: a kill leaves none or a good one."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".key-") as folder:
        fresh = Path(folder, "fresh.key")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
        with suppress(FileExistsError):  # another run was faster; its key is the one to use
            os.link(fresh, path)
