"""Pulumi's passphrase secrets: reads the `secure:` values of a stack file with the passphrase of its owner."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from sandbox.errors import ConfigurationError

_ITERATIONS = 1_000_000
"""PBKDF2 rounds of Pulumi's passphrase secrets provider (sdk/go/common/resource/config/crypt.go)."""

_KEY_BYTES = 32


class Passphrase:
    """Reveals the secure values of one stack file; the key is derived when the first one is met."""

    def __init__(self, file: str, settings: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._file = file
        self._settings = settings
        self._environment = environment
        self._cipher: AESGCM | None = None

    def reveal(self, key: str, value: Any) -> tuple[Any, bool]:
        """Return a configuration value in the clear, and whether any part of it is secret.

        Raises:
            ConfigurationError: a secure value cannot be read; names the key, never the value.
        """
        if isinstance(value, dict):
            if set(value) == {"secure"}:
                return self._decrypt(key, str(value["secure"])), True
            revealed = {name: self.reveal(f"{key}.{name}", item) for name, item in value.items()}
            return {name: plain for name, (plain, _) in revealed.items()}, any(
                secret for _, secret in revealed.values()
            )
        if isinstance(value, list):
            items = [self.reveal(f"{key}[{index}]", item) for index, item in enumerate(value)]
            return [plain for plain, _ in items], any(secret for _, secret in items)
        return value, False

    def _decrypt(self, key: str, text: str) -> str:
        if "secretsprovider" in self._settings and not str(self._settings["secretsprovider"]).startswith("passphrase"):
            provider = self._settings["secretsprovider"]
            raise ConfigurationError(
                f"a secure value is encrypted by {provider}, which cannot be reached from the embedded engine",
                where=f"{self._file}: {key}",
                fix="deploy this stack with the Pulumi CLI (ENGINE=pulumi), or leave the key out of this run's copy",
            )
        try:
            nonce, body = text.removeprefix("v1:").split(":")
            cipher = self._open(key)
            return cipher.decrypt(base64.b64decode(nonce), base64.b64decode(body), None).decode()
        except (ValueError, binascii.Error, InvalidTag) as error:
            raise ConfigurationError(
                "a secure value cannot be decrypted: the passphrase is wrong, or the value is damaged",
                where=f"{self._file}: {key}",
                fix="set PULUMI_CONFIG_PASSPHRASE to the stack's passphrase, or set the value anew",
            ) from error

    def _open(self, key: str) -> AESGCM:
        if self._cipher is None:
            passphrase = self._find(key)
            salt = str(self._settings.get("encryptionsalt", "")).split(":")
            if len(salt) < 3 or salt[0] != "v1":
                raise ConfigurationError(
                    "there are secure values but no encryptionsalt",
                    where=f"{self._file}: encryptionsalt",
                    fix="restore the line that Pulumi wrote, or set the values anew",
                )
            derive = PBKDF2HMAC(SHA256(), _KEY_BYTES, base64.b64decode(salt[1]), _ITERATIONS)
            self._cipher = AESGCM(derive.derive(passphrase.encode()))
        return self._cipher

    def _find(self, key: str) -> str:
        if "PULUMI_CONFIG_PASSPHRASE" in self._environment:
            return self._environment["PULUMI_CONFIG_PASSPHRASE"]
        file = self._environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
        if file:
            try:
                return Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigurationError(
                    f"the passphrase file cannot be read: {error.strerror}",
                    where=file,
                    fix="name a readable file in PULUMI_CONFIG_PASSPHRASE_FILE",
                ) from error
        raise ConfigurationError(
            "a secure value needs the stack's passphrase",
            where=f"{self._file}: {key}",
            fix="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
        )
