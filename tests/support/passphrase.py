"""Writes `secure:` values as Pulumi's passphrase provider does."""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC


def stack_file(project: str, passphrase: str, secrets: dict[str, str]) -> str:
    """Return a stack file whose secrets are encrypted with the passphrase."""
    salt = os.urandom(8)
    cipher = AESGCM(PBKDF2HMAC(SHA256(), 32, salt, 1_000_000).derive(passphrase.encode()))
    lines = [f"encryptionsalt: v1:{_text(salt)}:{_encrypt(cipher, 'pulumi')}", "config:"]
    lines.append('  pulumi:disable-default-providers: ["*"]')
    lines += [f"  {project}:{key}: {{secure: '{_encrypt(cipher, value)}'}}" for key, value in secrets.items()]
    return "\n".join(lines) + "\n"


def _encrypt(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(12)
    return f"v1:{_text(nonce)}:{_text(cipher.encrypt(nonce, text.encode(), None))}"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
