from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from sandbox.errors import ConfigurationError
from sandbox.passphrase import Passphrase

# The vector of Pulumi's own test: the passphrase `password`, a salt, and the text `pulumi` encrypted under both
# (pkg/secrets/passphrase/manager_test.go at commit 1b5949891b3cefcb9974752b24a5ecef0acc86c8 of pulumi/pulumi).
SALT = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="
SECURE = SALT.split(":", 2)[2]
RIGHT = {"PULUMI_CONFIG_PASSPHRASE": "password"}


def opened(environment: dict[str, str], **settings: object) -> Passphrase:
    return Passphrase("Pulumi.dev.yaml", {"encryptionsalt": SALT, **settings}, environment)


def test_pulumi_s_own_vector_is_read() -> None:
    assert opened(RIGHT).reveal("p:key", {"secure": SECURE}) == ("pulumi", True)


def test_the_passphrase_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("password\n")
    environment = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}
    assert opened(environment).reveal("p:key", {"secure": SECURE}) == ("pulumi", True)


def test_secure_values_are_read_at_any_depth_and_plain_ones_stay() -> None:
    key = PBKDF2HMAC(SHA256(), 32, base64.b64decode(SALT.split(":")[1]), 1_000_000).derive(b"password")
    nonce = os.urandom(12)
    body = AESGCM(key).encrypt(nonce, b"deep", None)
    secure = {"secure": f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(body).decode()}"}

    found, secret = opened(RIGHT).reveal("p:key", {"a": [1, {"b": secure}], "c": "open"})

    assert found == {"a": [1, {"b": "deep"}], "c": "open"}
    assert secret


def test_a_file_without_secure_values_needs_no_passphrase() -> None:
    assert Passphrase("f", {}, {}).reveal("p:key", {"a": 1}) == ({"a": 1}, False)


@pytest.mark.parametrize(
    ("environment", "settings", "secure", "message"),
    [
        ({"PULUMI_CONFIG_PASSPHRASE": "password123"}, {}, SECURE, "the passphrase is wrong"),
        (RIGHT, {}, SECURE[:-6] + "AAAA==", "the value is damaged"),
        (RIGHT, {}, "v1:no", "the value is damaged"),
        ({}, {}, SECURE, "needs the stack's passphrase"),
        (RIGHT, {"encryptionsalt": ""}, SECURE, "no encryptionsalt"),
        (RIGHT, {"secretsprovider": "awskms://alias/x"}, SECURE, "encrypted by awskms://alias/x"),
    ],
)
def test_a_secure_value_that_cannot_be_read_is_named_by_its_key_and_never_shown(
    environment: dict[str, str], settings: dict[str, object], secure: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        opened(environment, **settings).reveal("p:kafka.password", {"secure": secure})

    assert "Pulumi.dev.yaml: " in caught.value.where
    assert "p:kafka.password" in caught.value.where or "encryptionsalt" in caught.value.where
    assert caught.value.fix
    assert caught.value.exit_code == 2
    assert secure not in str(caught.value)


def test_a_passphrase_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        opened({"PULUMI_CONFIG_PASSPHRASE_FILE": missing}).reveal("p:key", {"secure": SECURE})
    assert caught.value.where == missing
