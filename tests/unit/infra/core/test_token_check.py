import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from infra.core.token_check import OWN, TokenCheck, own_key_set, public_key_set

PUBLIC = TokenCheck(issuer="https://login.example.com", audience="platform", algorithms=("RS256",), keys="{}")


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def test_a_public_key_is_in_the_key_set_with_its_numbers():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    [entry] = json.loads(public_key_set({"2026": ("PS256", pem(key))}))["keys"]
    numbers = key.public_key().public_numbers()
    assert (number(entry["n"]), number(entry["e"])) == (numbers.n, numbers.e)
    assert (entry["kty"], entry["kid"], entry["alg"], entry["use"]) == ("RSA", "2026", "PS256", "sig")


def test_a_key_of_another_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="key 2026 is no RSA key"):
        public_key_set({"2026": ("RS256", pem(ec.generate_private_key(ec.SECP256R1())))})


def test_the_own_key_has_the_bytes_of_its_password():
    [entry] = json.loads(own_key_set("a" * 43))["keys"]
    assert base64.urlsafe_b64decode(entry["k"] + "==") == b"a" * 43
    assert entry["alg"] == "HS256"


def test_public_keys_come_by_a_config_map_and_the_own_key_by_a_secret():
    assert PUBLIC.secret_files() == ()
    assert PUBLIC.config_files() is not None
    assert OWN.config_files() is None
    assert [files.secret for files in OWN.secret_files()] == ["platform-identity"]


def test_a_service_is_told_the_same_path_either_way():
    assert PUBLIC.settings()["AUTH_JWKS_FILE"] == OWN.settings()["AUTH_JWKS_FILE"]
    assert PUBLIC.settings()["AUTH_ALGORITHMS"] == "RS256"
